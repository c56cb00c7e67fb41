"""Claude Code's beta traces: `span.type` says what a span is, and its other attributes have plain names."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.messages import text_message
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import decoded, first, identifier, milliseconds, text, whole
from traces.wire.otlp.vendor_usage import told_usage
from traces.wire.otlp.words import Dialect, Failure, Said, Usage

_PREFIX = "claude_code."
_KINDS = {
    "interaction": SpanKind.AGENT,
    "llm_request": SpanKind.LLM,
    "tool": SpanKind.TOOL,
    "hook": SpanKind.OTHER,
}
_ARGUMENTS = ("full_command", "file_path", "skill_name", "subagent_type")
_REDACTED = "<REDACTED>"
_SWITCH = "OTEL_LOG_USER_PROMPTS=1, OTEL_LOG_TOOL_DETAILS=1 and OTEL_LOG_TOOL_CONTENT=1"


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    span_type = text(a, "span.type") or ""
    if not span_type.startswith(_PREFIX) and not span.name.startswith(_PREFIX):
        return Said()
    kind = _KINDS.get(span_type.removeprefix(_PREFIX), SpanKind.OTHER)
    is_llm = kind is SpanKind.LLM
    return Said(
        kind=kind,
        name=text(a, "tool_name", "name") if kind is SpanKind.TOOL else None,
        provider="anthropic" if is_llm else None,
        model=text(a, "model") if is_llm else None,
        input=lambda: _input(a, kind),
        output=lambda: _output(span),
        usage=_usage(a) if is_llm else None,
        finish_reason=text(a, "stop_reason"),
        response_id=text(a, "request_id"),
        first_token_ms=lambda: milliseconds(a.get("ttft_ms")),
        session=identifier(a, "session.id"),
        user=identifier(a, "user.email", "user.id"),
        agent="Claude Code",
        error=_failure(a),
        content_switch=_SWITCH,
    )


def _input(a: Attributes, kind: SpanKind) -> Any:
    if kind in (SpanKind.AGENT, SpanKind.LLM):
        asked = text(a, "user_prompt", "new_context")
        return text_message("user", asked) if asked != _REDACTED else None
    if (told := a.get("tool_input")) is not None:
        return decoded(told)
    return {name: a[name] for name in _ARGUMENTS if name in a} or None


def _output(span: OtlpSpan) -> Any:
    """What a tool gave back is in an event; what the model said is an attribute."""
    for event in span.events:
        if event.name == "tool.output":
            return decoded(first(event.attributes, "output", "content", "diff"))
    return text_message("assistant", text(span.attributes, "response.model_output"))


def _usage(a: Attributes) -> Usage | None:
    """`input_tokens` leaves the cache out, as Anthropic's own answers do."""
    asked, read_, written = (whole(a, name) for name in ("input_tokens", "cache_read_tokens", "cache_creation_tokens"))
    whole_input = None if asked is None else asked + (read_ or 0) + (written or 0)
    return told_usage(whole_input, whole(a, "output_tokens"), read_, written)


def _failure(a: Attributes) -> Failure | None:
    has_failed = str(a.get("success")).lower() == "false"
    return Failure(message=text(a, "error") or "") if has_failed else None


DIALECT = Dialect(read, frozenset({"span"}))
