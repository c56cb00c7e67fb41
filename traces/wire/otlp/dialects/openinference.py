"""OpenInference, Arize Phoenix's convention: `openinference.span.kind`, flattened `llm.*_messages`, `input.value`."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.failures import first_token_ms
from traces.wire.otlp.messages import Message, conversation_or_value, messages_of, text_message
from traces.wire.otlp.providers import provider_of
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import (
    decoded,
    dollars,
    first,
    flattened,
    identifier,
    join,
    mapping,
    text,
    texts,
    whole,
    without_blanks,
)
from traces.wire.otlp.vendor_usage import told_usage
from traces.wire.otlp.words import Dialect, Said, Usage

_KINDS = {
    "LLM": SpanKind.LLM,
    "CHAIN": SpanKind.CHAIN,
    "TOOL": SpanKind.TOOL,
    "AGENT": SpanKind.AGENT,
    "RETRIEVER": SpanKind.RETRIEVER,
    "EMBEDDING": SpanKind.EMBEDDING,
    "RERANKER": SpanKind.RETRIEVER,
    "GUARDRAIL": SpanKind.GUARDRAIL,
    "EVALUATOR": SpanKind.OTHER,
    "PROMPT": SpanKind.OTHER,
}
_NOT_PARAMETERS = {"model", "model_name", "messages", "input", "tools", "_type"}
_SWITCH = "OPENINFERENCE_HIDE_INPUTS=false and OPENINFERENCE_HIDE_OUTPUTS=false"
_NAMES = {SpanKind.TOOL: ("tool.name",), SpanKind.AGENT: ("agent.name", "graph.node.name")}


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    kind = _KINDS.get(str(a.get("openinference.span.kind")).upper())
    metadata = mapping(a.get("metadata"))
    of_call = {name: value for name, value in a.items() if name.startswith("llm.")}
    return Said(
        kind=kind,
        name=text(a, *_NAMES[kind]) if kind in _NAMES else None,
        model=text(a, "llm.response.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name"),
        input=lambda: _input(a, of_call),
        output=lambda: _output(a, of_call, kind),
        documents=lambda: _documents(a),
        **(_of_call(of_call) if of_call else {}),
        first_token_ms=lambda: first_token_ms(span),
        session=identifier(a, "session.id") or identifier(metadata, "session_id", "thread_id", "conversation_id"),
        user=identifier(a, "user.id"),
        tags=texts(a.get("tag.tags")),
        agent=text(a, "agent.name") or text(span.resource, "openinference.project.name"),
        metadata=without_blanks(metadata),
        content_switch=_SWITCH if "openinference.span.kind" in a else None,
    )


def _of_call(a: Attributes) -> Said:
    """What only spans of calls say: most spans are none, and have no name that begins with `llm.`."""
    return Said(
        provider=provider_of(text(a, "llm.provider", "llm.system")),
        model_requested=text(a, "llm.request.model_name"),
        parameters=lambda: _parameters(a),
        tools=lambda: _tools(a),
        usage=_usage(a),
        reported_cost=dollars(a.get("llm.cost.total")),
        finish_reason=text(a, "llm.finish_reason"),
    )


def _parameters(a: Attributes) -> dict[str, Any] | None:
    """How the model was asked, without the model, the question and the tools, which have places of their own."""
    asked = mapping(a.get("llm.invocation_parameters"))
    return without_blanks({name: value for name, value in asked.items() if name not in _NOT_PARAMETERS})


def _input(a: Attributes, of_call: Attributes) -> Any:
    messages = _messages(of_call, "llm.input_messages.")
    if messages or (messages := _prompts(of_call)):
        return messages
    if (query := first(a, "reranker.query", "tool.parameters")) is not None and "input.value" not in a:
        return decoded(query)
    if "input.value" in a:
        return conversation_or_value(a["input.value"])
    return [item.get("text") for item in _inner(a, "embedding.embeddings.", "embedding")] or None


def _output(a: Attributes, of_call: Attributes, kind: SpanKind | None) -> Any:
    messages = _messages(of_call, "llm.output_messages.")
    if messages:
        return messages
    completion = join(item.get("text") for item in _inner(of_call, "llm.choices.", "completion"))
    if completion:
        return text_message("assistant", completion)
    return conversation_or_value(a.get("output.value"), "assistant" if kind is SpanKind.LLM else "")


def _prompts(a: Attributes) -> list[Message] | None:
    return text_message("user", join(item.get("text") for item in _inner(a, "llm.prompts.", "prompt")))


def _inner(a: Attributes, prefix: str, name: str) -> list[dict[str, Any]]:
    """The objects of a flattened list, each without the name that wraps it: `llm.tools.0.tool.json_schema`."""
    found = [item.get(name) for item in flattened(a, prefix) if isinstance(item, dict)]
    return [item for item in found if isinstance(item, dict)]


def _messages(a: Attributes, prefix: str) -> list[Message] | None:
    return messages_of([_message(item) for item in _inner(a, prefix, "message")])


def _message(told: dict[str, Any]) -> dict[str, Any]:
    contents = _objects(told, "contents")
    texts = [_content(item["message_content"]) for item in contents if "message_content" in item]
    # Anthropic's calls are written twice, among the contents and beside them.
    calls = [item["tool_call"] for item in _objects(told, "tool_calls") or contents if "tool_call" in item]
    if isinstance(told.get("function_call_name"), str):
        calls.append({"name": told["function_call_name"], "arguments": told.get("function_call_arguments_json")})
    return {
        "role": told.get("role") or "assistant",
        "content": [part for part in texts if part] or told.get("content"),
        "tool_calls": calls,
        "tool_call_id": told.get("tool_call_id"),
        "name": told.get("name"),
    }


def _objects(told: dict[str, Any], name: str) -> list[dict[str, Any]]:
    held = told.get(name)
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []


def _content(told: Any) -> Any:
    """One content of a message, None for a call, whose name and arguments are elsewhere."""
    if not isinstance(told, dict):
        return told
    if told.get("type") in ("tool_use", "tool_call", "function_call"):
        return None
    return {"type": "image" if "image" in told else "text", **told}


def _tools(a: Attributes) -> list[Any] | None:
    offered = [decoded(item.get("json_schema")) for item in _inner(a, "llm.tools.", "tool")]
    return [tool for tool in offered if tool] or None


def _documents(a: Attributes) -> list[dict[str, Any]] | None:
    found = _inner(a, "retrieval.documents.", "document") or _inner(a, "reranker.output_documents.", "document")
    return [{**document, "metadata": decoded(document.get("metadata"))} for document in found] or None


def _usage(a: Attributes) -> Usage | None:
    return told_usage(
        whole(a, "llm.token_count.prompt"),
        whole(a, "llm.token_count.completion"),
        whole(a, "llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"),
        whole(a, "llm.token_count.prompt_details.cache_write"),
        whole(a, "llm.token_count.completion_details.reasoning"),
    )


DIALECT = Dialect(
    read,
    frozenset(
        {"openinference", "llm", "input", "output", "retrieval", "reranker", "embedding", "tag", "metadata", "agent"}
    ),
)
