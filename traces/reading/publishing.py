"""What of a run a share link does not show; every way to the public goes through here. Pure.

Instrumentation puts more into a span than its author looks at: the session and the user, headers, keys, the host and
the process, paths in a stack trace. Who shares a run means what was said and done in it, so that is what is shown.
What came by the other two APIs was put there by hand and is shown whole, but for keys and home directories in errors.
"""

from dataclasses import replace
from typing import Any

from traces.reading.error_text import read_error
from traces.reading.masking import masked
from traces.records import Source, SpanRecord, TraceRecord

_PARAMETERS = frozenset(
    (
        *("temperature", "topp", "topk", "topa", "minp", "seed", "n", "candidatecount", "choicecount", "stream"),
        *("maxtokens", "maxoutputtokens", "maxcompletiontokens", "maxtokenstosample", "maxnewtokens", "numpredict"),
        *("stop", "stopsequences", "frequencypenalty", "presencepenalty", "repetitionpenalty", "repeatpenalty"),
        *("reasoning", "reasoningeffort", "reasoninglevel", "thinking", "thinkingbudget", "verbosity", "servicetier"),
        *("responseformat", "outputtype", "outputformat", "encodingformat", "encodingformats", "dimensions"),
        *("toolchoice", "paralleltoolcalls", "maxtoolcalls", "logprobs", "toplogprobs", "truncation", "maxretries"),
    )
)
"""Parameters of models by any spelling of their names; a gateway's address, headers and keys stand among them."""
_OF_PARAMETER = frozenset(("type", "effort", "level", "mode", "name", "budget_tokens", "budgetTokens", "max_tokens"))
_OF_TOOL = ("type", "name", "description", "parameters", "input_schema", "inputSchema", "strict")


def published_run(run: TraceRecord) -> TraceRecord:
    if run.source != Source.OTLP:
        return replace(run, error=published_text(run.error))
    return replace(run, metadata=None, session="", end_user="", error=_without_stack(run.error))


def published_span(span: SpanRecord) -> SpanRecord:
    if span.raw is None:
        return replace(span, error=published_text(span.error))
    return replace(span, raw=None, error=_without_stack(span.error))


def published_text(error: str | None) -> str | None:
    """An error text with what looks like a key, and the names of home directories, taken out."""
    return masked(error) if error else error


def published_parameters(given: dict[str, Any]) -> dict[str, Any]:
    """How the model was asked, as far as the names are known to be harmless."""
    known = {name: _plain(value) for name, value in given.items() if _letters(name) in _PARAMETERS}
    return {name: value for name, value in known.items() if value is not None}


def published_tool(tool: Any) -> Any:
    """What the model was told of a tool; a remote one may carry the address and the key of its server."""
    if not isinstance(tool, dict):
        return masked(tool) if isinstance(tool, str) else None
    known = {name: tool[name] for name in _OF_TOOL if name in tool}
    function = tool.get("function")
    return {**known, "function": published_tool(function)} if isinstance(function, dict) else known


def _plain(value: Any) -> Any:
    """A figure or a word, some of them, or the plain members of an object that say which one of its kind it is."""
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if name in _OF_PARAMETER and _is_plain(item)} or None
    if isinstance(value, list):
        return [item for item in value if _is_plain(item)]
    return value


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _without_stack(error: str | None) -> str | None:
    # Masked before it is cut: half a key would no longer look like one.
    return read_error(masked(error)).title if error else None
