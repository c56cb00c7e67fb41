"""OpenLLMetry, Traceloop's instrumentations: `traceloop.*` beside the conventions that gen_ai.py reads."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.messages import conversation_or_value
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import below, called_with, decoded, first, flattened, identifier, text, without_blanks
from traces.wire.otlp.words import Dialect, Said

_KINDS = {"workflow": SpanKind.CHAIN, "task": SpanKind.CHAIN, "agent": SpanKind.AGENT, "tool": SpanKind.TOOL}
_REQUEST_KINDS = {
    "chat": SpanKind.LLM,
    "completion": SpanKind.LLM,
    "embedding": SpanKind.EMBEDDING,
    "rerank": SpanKind.RETRIEVER,
}
_RESULTS = ("db.query.result", "db.search.result")
_SWITCH = "TRACELOOP_TRACE_CONTENT=true"
_PROPERTIES = "traceloop.association.properties."


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    properties = below(a, _PROPERTIES)
    return Said(
        kind=_KINDS.get(str(a.get("traceloop.span.kind"))) or _REQUEST_KINDS.get(str(a.get("llm.request.type"))),
        name=text(a, "traceloop.entity.name"),
        parameters=lambda: without_blanks(
            {name: a.get(f"llm.{name}") for name in ("top_k", "frequency_penalty", "user")}
        ),
        input=lambda: conversation_or_value(called_with(a.get("traceloop.entity.input"))),
        output=lambda: _output(span, a),
        tools=lambda: _tools(a),
        session=identifier(properties, "session_id"),
        user=identifier(properties, "user_id") or text(a, "llm.user"),
        agent=text(a, "traceloop.entity.name") if a.get("traceloop.span.kind") == "agent" else None,
        metadata=without_blanks({k: v for k, v in properties.items() if k not in ("session_id", "user_id")}),
        content_switch=_SWITCH if "traceloop.workflow.name" in a or properties else None,
    )


def _output(span: OtlpSpan, a: Attributes) -> Any:
    if "traceloop.entity.output" in a:
        return conversation_or_value(a["traceloop.entity.output"])
    return [event.attributes for event in span.events if event.name in _RESULTS] or None


def _tools(a: Attributes) -> list[Any] | None:
    offered = [item for item in flattened(a, "llm.request.functions.") if isinstance(item, dict)]
    return [{**tool, "parameters": decoded(first(tool, "parameters", "input_schema"))} for tool in offered] or None


DIALECT = Dialect(read, frozenset({"traceloop", "llm"}))
