"""Laminar's SDK: `lmnr.*` beside the conventions that gen_ai.py reads."""

from decimal import Decimal

from traces.records import SpanKind
from traces.wire.otlp.messages import conversation_or_value
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import below, called_with, decoded, dollars, identifier, texts, without_blanks
from traces.wire.otlp.words import Dialect, Said

_KINDS = {
    "LLM": SpanKind.LLM,
    "CACHED": SpanKind.LLM,
    "TOOL": SpanKind.TOOL,
    "EXECUTOR": SpanKind.CHAIN,
    "EVALUATOR": SpanKind.OTHER,
    "EVALUATION": SpanKind.OTHER,
}
_PROPERTIES = "lmnr.association.properties."


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    properties = below(a, _PROPERTIES)
    metadata = {name: decoded(value) for name, value in below(properties, "metadata.").items()}
    return Said(
        kind=_KINDS.get(str(a.get("lmnr.span.type")).upper()),
        input=lambda: conversation_or_value(called_with(a.get("lmnr.span.input"))),
        output=lambda: conversation_or_value(a.get("lmnr.span.output")),
        reported_cost=_cost(a),
        session=identifier(properties, "session_id"),
        user=identifier(properties, "user_id"),
        tags=texts(properties.get("tags")),
        metadata=without_blanks(metadata),
    )


def _cost(a: Attributes) -> Decimal | None:
    asked, answered = dollars(a.get("gen_ai.usage.input_cost")), dollars(a.get("gen_ai.usage.output_cost"))
    return None if asked is None or answered is None else asked + answered


DIALECT = Dialect(read, frozenset({"lmnr"}))
