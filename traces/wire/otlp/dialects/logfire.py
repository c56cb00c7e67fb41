"""Logfire's SDK: messages instead of names, logs as spans without duration, and spans announced before they end."""

from typing import Any

from traces.records import SpanKind
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import decoded, dollars, mapping, number, text, texts
from traces.wire.otlp.vendor_usage import usage_of
from traces.wire.otlp.words import Dialect, Failure, Said

_ERROR_LEVEL = 17
_NOT_ASKED = {
    "request_data",
    "response_data",
    "async",
    "duration",
    "return",
    "final_result",
    "model_request_parameters",
}
"""Attributes that Logfire's own integrations set beside what a developer passed to a span."""


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    span_type = a.get("logfire.span_type")
    is_pending = span_type == "pending_span"
    return Said(
        kind=SpanKind.EVENT if span_type == "log" else None,
        name=text(a, "logfire.msg"),
        input=lambda: _input(a),
        output=lambda: decoded(a.get("return")) if "logfire.msg_template" in a else None,
        usage=usage_of(mapping(a.get("gen_ai.usage.raw"))),
        reported_cost=dollars(a.get("operation.cost")),
        tags=texts(a.get("logfire.tags")),
        error=_failure(a),
        is_log=span_type == "log" or None,
        is_pending=is_pending or None,
        # The announcement has an id of its own, and the span that it announces for a parent.
        real_span_id=span.parent_id if is_pending else None,
        real_parent_id=_pending_parent(a) if is_pending else None,
    )


def _input(a: Attributes) -> Any:
    """What was passed to the span; `logfire.json_schema` lists it."""
    names = mapping(mapping(a.get("logfire.json_schema")).get("properties"))
    passed = {name: decoded(a.get(name)) for name in names if "." not in name and name not in _NOT_ASKED and name in a}
    return passed or None


def _failure(a: Attributes) -> Failure | None:
    level = number(a.get("logfire.level_num"))
    return Failure(message=text(a, "logfire.msg") or "") if level is not None and level >= _ERROR_LEVEL else None


def _pending_parent(a: Attributes) -> str | None:
    parent = text(a, "logfire.pending_parent_id")
    return parent if parent and parent.strip("0") else None


DIALECT = Dialect(read, frozenset({"logfire"}))
