"""Langfuse's SDK, version 3 and later: `langfuse.observation.*` of a span, `langfuse.trace.*` of its trace."""

from decimal import Decimal
from typing import Any

from traces.records import SpanKind
from traces.times import parse_time
from traces.wire.otlp.messages import conversation_or_value
from traces.wire.otlp.span import Attributes, OtlpSpan
from traces.wire.otlp.values import (
    below,
    called_with,
    decoded,
    dollars,
    first,
    identifier,
    mapping,
    milliseconds_between,
    objects,
    text,
    texts,
    whole,
    without_blanks,
)
from traces.wire.otlp.vendor_usage import usage_of
from traces.wire.otlp.words import Dialect, Failure, Said, Usage

_KINDS = {
    "span": SpanKind.OTHER,
    "generation": SpanKind.LLM,
    "event": SpanKind.EVENT,
    "embedding": SpanKind.EMBEDDING,
    "agent": SpanKind.AGENT,
    "tool": SpanKind.TOOL,
    "chain": SpanKind.CHAIN,
    "retriever": SpanKind.RETRIEVER,
    "guardrail": SpanKind.GUARDRAIL,
    "evaluator": SpanKind.OTHER,
}
_CACHE_READS = ("input_cached_tokens", "cache_read_input_tokens", "input_cache_read")
_CACHE_WRITES = ("input_cache_creation", "cache_creation_input_tokens", "input_cache_write")


def read(span: OtlpSpan) -> Said:
    a = span.attributes
    kind = _KINDS.get(str(a.get("langfuse.observation.type")))
    metadata = _metadata(a)
    return Said(
        kind=kind,
        model=text(a, "langfuse.observation.model.name"),
        parameters=lambda: without_blanks(mapping(a.get("langfuse.observation.model.parameters"))),
        input=lambda: conversation_or_value(_asked(a), "user" if kind is SpanKind.LLM else ""),
        output=lambda: _output(a, kind),
        tools=lambda: _tools(_asked(a)),
        usage=_usage(mapping(a.get("langfuse.observation.usage_details"))),
        reported_cost=_cost(mapping(a.get("langfuse.observation.cost_details"))),
        first_token_ms=lambda: _first_token_ms(span),
        session=identifier(a, "langfuse.session.id"),
        user=identifier(a, "langfuse.user.id"),
        tags=texts(a.get("langfuse.trace.tags")),
        environment=text(a, "langfuse.environment"),
        release=text(a, "langfuse.release", "langfuse.version"),
        metadata=without_blanks(metadata),
        finish_reason=text(metadata, "finish_reason"),
        error=_failure(a),
        is_log=kind is SpanKind.EVENT or None,
    )


def _asked(a: Attributes) -> Any:
    return called_with(first(a, "langfuse.observation.input", "langfuse.trace.input"))


def _tools(asked: Any) -> list[dict[str, Any]] | None:
    return (objects(asked.get("tools")) or None) if isinstance(asked, dict) else None


def _output(a: Attributes, kind: SpanKind | None) -> Any:
    answered = first(a, "langfuse.observation.output", "langfuse.trace.output")
    return conversation_or_value(answered, "assistant" if kind is SpanKind.LLM else "")


def _usage(told: dict[str, Any]) -> Usage | None:
    """Either the vendor's own object or Langfuse's, whose parts add up: `input` beside `input_cached_tokens` is the
    rest without the cache, unless the total says otherwise."""
    if (asked := whole(told, "input")) is None:
        return usage_of(told)
    answered, read, written = whole(told, "output"), whole(told, *_CACHE_READS), whole(told, *_CACHE_WRITES)
    if whole(told, "total") != asked + (answered or 0):
        asked += (read or 0) + (written or 0)
    return Usage(asked, answered, read, written, whole(told, "output_reasoning_tokens", "output_reasoning"))


def _cost(told: dict[str, Any]) -> Decimal | None:
    if not told:
        return None
    total = dollars(told.get("total"))
    return sum((dollars(part) or Decimal() for part in told.values()), Decimal()) if total is None else total


def _first_token_ms(span: OtlpSpan) -> int | None:
    moment = parse_time(text(span.attributes, "langfuse.observation.completion_start_time") or "")
    return milliseconds_between(span.started_ns, round(moment.timestamp() * 1e9)) if moment else None


def _metadata(a: Attributes) -> dict[str, Any]:
    """A whole object, or one attribute for each key, its value as JSON."""
    told: dict[str, Any] = {}
    for scope in ("langfuse.trace.metadata", "langfuse.observation.metadata"):
        told |= mapping(a.get(scope))
        told |= {name: decoded(value) for name, value in below(a, f"{scope}.").items()}
    return told


def _failure(a: Attributes) -> Failure | None:
    if text(a, "langfuse.observation.level") != "ERROR":
        return None
    return Failure(message=text(a, "langfuse.observation.status_message") or "")


DIALECT = Dialect(read, frozenset({"langfuse"}))
