"""Reads a span in our own words, whichever library wrote it; traces/api is the caller. Pure, and it never raises."""

import logging
from functools import lru_cache
from typing import Any

from traces.limits import MAX_TOKENS
from traces.records import SpanKind
from traces.wire.otlp.dialects import DIALECTS
from traces.wire.otlp.failures import failure_of
from traces.wire.otlp.messages import are_messages, tool_answer
from traces.wire.otlp.span import OtlpSpan
from traces.wire.otlp.values import text
from traces.wire.otlp.words import Dialect, Reading, Said, Usage

log = logging.getLogger(__name__)

_MERGED_BY_PART = {"usage", "metadata", "parameters"}
_UNKNOWN_SERVICE = "unknown_service"


def read_span(span: OtlpSpan, *, with_contents: bool = True) -> Reading:
    """What the span says, each field by the first dialect that says it; without what is read Later at half the cost."""
    try:
        return _read(span, with_contents)
    except Exception:
        # Attributes are strangers' data of any shape: the span is kept, and what it says can be read as it came.
        log.exception("A span could not be read.")
        return Reading()


def _read(span: OtlpSpan, with_contents: bool) -> Reading:
    merged: dict[str, Any] = {}
    for dialect in _dialects_for(_heads(span)):
        _merge(merged, dialect.read(span), with_contents)
    if with_contents:
        _finish_contents(merged)
    merged.pop("content_switch", None)
    return _finish(span, merged)


def _heads(span: OtlpSpan) -> frozenset[str]:
    heads = {name.partition(".")[0] for name in span.attributes}
    heads.update(event.name.partition(".")[0] for event in span.events)
    return _HEADS & heads


_HEADS = frozenset().union(*(dialect.heads for dialect in DIALECTS))


@lru_cache(maxsize=1024)
def _dialects_for(heads: frozenset[str]) -> tuple[Dialect, ...]:
    """Those that may know a span by what its attributes and events begin with."""
    return tuple(dialect for dialect in DIALECTS if not dialect.heads or not heads.isdisjoint(dialect.heads))


def _merge(merged: dict[str, Any], said: Said, with_contents: bool) -> None:
    for field, told in said.items():
        if told is None or (callable(told) and not with_contents):
            continue
        value: Any = told() if callable(told) else told
        if value is None:
            continue
        known = merged.setdefault(field, value)
        if known is value:
            continue
        if field in _MERGED_BY_PART:
            merged[field] = _join(known, value)
        elif field in ("input", "output") and are_messages(value) and not are_messages(known):
            # A conversation tells more than the request that it was in.
            merged[field] = value


def _join(known: Any, more: Any) -> Any:
    if isinstance(known, Usage):
        return Usage(*(new if old is None else old for old, new in zip(known, more, strict=True)))
    return {**more, **known}


def _finish_contents(merged: dict[str, Any]) -> None:
    kind, switch = merged.get("kind"), merged.get("content_switch")
    if kind is SpanKind.TOOL:
        merged["output"] = tool_answer(merged.get("output"))
    is_empty = merged.get("input") is None and merged.get("output") is None
    if switch and is_empty and kind is SpanKind.LLM and merged.get("usage"):
        merged["note"] = f"The sender left the content out. To send it: {switch}."


def _finish(span: OtlpSpan, merged: dict[str, Any]) -> Reading:
    merged["model"] = merged.get("model") or merged.get("model_requested")
    merged["agent"] = merged.get("agent") or _agent(span, merged.get("kind"))
    # What the span itself records is more exact than what a dialect makes of a level or a flag.
    merged["error"] = failure_of(span) or merged.get("error")
    merged["usage"] = _consistent(merged.get("usage"))
    return Reading(**merged)


def _agent(span: OtlpSpan, kind: SpanKind | None) -> str | None:
    """Who ran: the agent that the span is named for, else the service."""
    if kind is SpanKind.AGENT:
        return span.name
    service = text(span.resource, "service.name")
    return None if service is None or service.startswith(_UNKNOWN_SERVICE) else service


def _consistent(usage: Usage | None) -> Usage | None:
    """The usage with an input that includes the cache; less than the cache is the rest without it."""
    if usage is None or usage.input is None:
        return usage
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    return usage if cached <= usage.input else usage._replace(input=min(usage.input + cached, MAX_TOKENS))
