"""Google's Genkit (`genkit:*`) and its Agent Development Kit (`gcp.vertex.agent.*`)."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.messages import conversation_or_value
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import decoded, first, mapping, objects, text
from traces.wire.otlp.words import Dialect, Said

_KINDS = {
    "model": SpanKind.LLM,
    "tool": SpanKind.TOOL,
    "embedder": SpanKind.EMBEDDING,
    "retriever": SpanKind.RETRIEVER,
    "flow": SpanKind.CHAIN,
    "agent": SpanKind.AGENT,
}
_ADK = "gcp.vertex.agent."


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    return Said(
        kind=_KINDS.get(str(a.get("genkit:metadata:subtype"))) or _KINDS.get(str(a.get("genkit:type"))),
        name=text(a, "genkit:name"),
        input=lambda: _input(a),
        output=lambda: _output(a),
        tools=lambda: _tools(mapping(a.get(f"{_ADK}llm_request"))),
        session=text(a, f"{_ADK}session_id", "genkit:sessionId"),
    )


def _input(a: Attributes) -> Any:
    if (arguments := a.get(f"{_ADK}tool_call_args")) is not None:
        return decoded(arguments)
    request = mapping(a.get(f"{_ADK}llm_request"))
    if request:
        config = mapping(request.get("config"))
        return conversation_or_value({"system_instruction": config.get("system_instruction"), **request})
    return conversation_or_value(a.get("genkit:input"))


def _output(a: Attributes) -> Any:
    return conversation_or_value(first(a, f"{_ADK}tool_response", f"{_ADK}llm_response", "genkit:output"))


def _tools(request: dict[str, Any]) -> list[Any] | None:
    return objects(mapping(request.get("config")).get("tools")) or None


DIALECT = Dialect(
    read,
    frozenset({"gcp", "genkit:name", "genkit:type", "genkit:input", "genkit:output", "genkit:metadata:subtype"}),
)
