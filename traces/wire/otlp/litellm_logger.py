"""Decodes what LiteLLM's generic logger sends: a list of calls as JSON (StandardLoggingPayload); traces/api calls it.

Each call becomes one span with the attributes of OpenTelemetry's conventions, so that it is read as any other. Calls
with one `trace_id` are one trace; the payload knows nothing of what ran around them.
"""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp import checks
from traces.wire.otlp.dialects.litellm import kind_of
from traces.wire.otlp.foreign import as_object, foreign_id, nanoseconds, usage_attributes
from traces.wire.otlp.otlp_json import load
from traces.wire.otlp.span import Attributes, BadSpan, Export, MalformedExport, OtlpSpan
from traces.wire.otlp.values import first, identifier, text
from traces.wire.otlp.vendor_usage import usage_of

_OPERATIONS = {SpanKind.LLM: "chat", SpanKind.EMBEDDING: "embeddings", SpanKind.RETRIEVER: "retrieval"}
_TRACE_ID, _SPAN_ID = 32, 16


def decode_litellm_logger(body: bytes) -> Export:
    """The calls of one body: a list of them, or a single one."""
    sent = load(body)
    calls = sent if isinstance(sent, list) else [sent]
    if not all(isinstance(call, dict) and "startTime" in call for call in calls):
        raise MalformedExport("The body is not a list of logged calls.")
    export = Export()
    for call in calls:
        try:
            export.spans.append(_span(call))
        except BadSpan as bad:
            export.reject(str(bad))
    return export


def _span(call: dict[str, Any]) -> OtlpSpan:
    checks.check_value(call)
    started, ended = nanoseconds(call.get("startTime")), nanoseconds(call.get("endTime"))
    checks.check_times(started, ended)
    error = as_object(call.get("error_information"))
    has_failed = call.get("status") == "failure"
    attributes = _attributes(call)
    if has_failed and (error_type := text(error, "error_class")):
        attributes["error.type"] = error_type
    return OtlpSpan(
        trace_id=foreign_id(first(call, "trace_id", "litellm_call_id", "id"), _TRACE_ID, "trace id"),
        span_id=foreign_id(first(call, "litellm_call_id", "id"), _SPAN_ID, "id"),
        parent_id=None,
        name=checks.span_name(_name(call)),
        started_ns=started,
        ended_ns=ended,
        attributes=attributes,
        status_code=2 if has_failed else 1,
        status_message=(text(error, "error_message") or text(call, "error_str") or "") if has_failed else "",
        scope_name="litellm",
    )


def _name(call: dict[str, Any]) -> str:
    """As the conventions name a call: "chat gpt-5-mini"."""
    call_type = text(call, "call_type")
    kind = kind_of(call_type)
    operation = _OPERATIONS[kind] if kind else call_type or "litellm"
    return f"{operation} {text(call, 'model') or ''}"


def _attributes(call: dict[str, Any]) -> Attributes:
    response, asked = as_object(call.get("response")), as_object(call.get("model_parameters"))
    kind = kind_of(text(call, "call_type"))
    usage = usage_of(as_object(response.get("usage"))) or usage_of(call)
    started, first_chunk = nanoseconds(call.get("startTime")), nanoseconds(call.get("completionStartTime"))
    said = {
        "gen_ai.operation.name": _OPERATIONS.get(kind) if kind else None,
        "gen_ai.provider.name": text(call, "custom_llm_provider"),
        "gen_ai.request.model": text(call, "model"),
        "gen_ai.response.model": text(response, "model"),
        "gen_ai.response.id": text(response, "id"),
        "gen_ai.input.messages": call.get("messages"),
        "gen_ai.output.messages": response if kind is SpanKind.LLM else None,
        "gen_ai.tool.definitions": asked.get("tools"),
        "gen_ai.usage.cost": call.get("response_cost"),
        "gen_ai.response.time_to_first_chunk": (first_chunk - started) / 1e9 if call.get("stream") is True else None,
        "session.id": identifier(call, "session_id", "trace_id"),
        "user.id": identifier(call, "end_user") or identifier(asked, "user"),
        "tag.tags": call.get("request_tags"),
        "metadata": as_object(as_object(call.get("metadata")).get("requester_metadata")),
        **{f"gen_ai.request.{name}": value for name, value in asked.items() if name not in ("tools", "user")},
        **usage_attributes(usage),
    }
    return {name: value for name, value in said.items() if value not in (None, {}, [])}
