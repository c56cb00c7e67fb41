"""Guesses what a step is from its name, for dialects that do not say; a wrong guess costs an icon, nothing else."""

import re

from traces.records import SpanKind

_WORDS: tuple[tuple[SpanKind, str], ...] = (
    (SpanKind.EMBEDDING, r"embed\w*"),
    (SpanKind.RETRIEVER, r"retriev\w*|rag|vector|search|rerank\w*|lookup|recall"),
    (SpanKind.GUARDRAIL, r"guard\w*|moderat\w*|valid\w*|policy"),
    (SpanKind.TOOL, r"tools?|function|exec\w*|shell|code"),
    (
        SpanKind.LLM,
        r"llm|chat|completions?|gpt\d*|claude|gemini|mistral|llama|openai|anthropic|generat\w*|prompt|model",
    ),
    (SpanKind.HTTP, r"https?|get|post|put|patch|delete|fetch|request|api|webhook"),
    (SpanKind.AGENT, r"agents?|orchestrat\w*|supervisor|crew"),
    (SpanKind.CHAIN, r"chain|workflow|pipeline|graph"),
)
_PATTERN = re.compile("|".join(f"(?P<{kind.value}>{words})" for kind, words in _WORDS))
_WORD = re.compile(r"[A-Z]?[a-z\d]+|[A-Z]+(?![a-z])")


def guess_kind(name: str) -> SpanKind:
    """The kind named by the first telling word of `name` ("llm-call", "toolUse", "vector search"), else OTHER."""
    for word in _WORD.findall(name[:80]):
        match = _PATTERN.fullmatch(word.lower())
        if match:
            return SpanKind(match.lastgroup or SpanKind.OTHER)
    return SpanKind.OTHER
