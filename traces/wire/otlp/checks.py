"""What every decoder holds a span to before it is let in: ids, times, sizes; raises BadSpan with a sentence."""

import base64
import binascii
import math
from datetime import UTC, datetime
from typing import Any

from traces.limits import (
    LATEST_YEAR,
    MAX_ATTRIBUTES_PER_SPAN,
    MAX_EVENTS_PER_SPAN,
    MAX_JSON_DEPTH,
    MAX_JSON_INTEGER,
    MAX_NAME_LENGTH,
)
from traces.wire.otlp.span import BadSpan

TOO_MANY_ATTRIBUTES = f"A span has more than {MAX_ATTRIBUTES_PER_SPAN} attributes."
TOO_MANY_EVENTS = f"A span has more than {MAX_EVENTS_PER_SPAN} events or links."
TOO_DEEP = f"A span's attribute is nested deeper than {MAX_JSON_DEPTH} levels."
UNNAMED = "(unnamed)"
_LATEST_NS = int(datetime(LATEST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) * 10**9
_TRACE_ID, _SPAN_ID = 32, 16


def trace_id(text: str) -> str:
    return _identifier(text, _TRACE_ID, "trace id")


def span_id(text: str) -> str:
    return _identifier(text, _SPAN_ID, "span id")


def parent_id(text: str) -> str | None:
    """The id of the parent, or None: roots send nothing or zeros."""
    return _identifier(text, _SPAN_ID, "parent span id") if text.strip("0") else None


def hex_of(text: str) -> str:
    """An id as hex digits, as sent or decoded from the base64 that a naive protobuf-to-JSON writes.

    The padding tells them apart: 16 and 8 bytes always end in `=`, and no hex digit does.
    """
    if not text.endswith("="):
        return text.lower()
    try:
        return base64.b64decode(text, validate=True).hex()
    except (binascii.Error, ValueError):
        return text


def _identifier(text: str, length: int, what: str) -> str:
    if len(text) != length or text.strip("0123456789abcdef"):
        raise BadSpan(f"A {what} is not {length} hexadecimal digits.")
    if not text.strip("0"):
        raise BadSpan(f"A {what} is all zero.")
    return text


def check_times(started_ns: int, ended_ns: int) -> None:
    """An end before the start is let in, for clocks differ; a start that is missing or centuries away is not."""
    if started_ns <= 0:
        raise BadSpan("A span has no start time.")
    if started_ns >= _LATEST_NS or not 0 <= ended_ns < _LATEST_NS:
        raise BadSpan(f"A span's time is after the year {LATEST_YEAR}.")


def event_time(at_ns: int, started_ns: int) -> int:
    """When an event was; one without a usable time is put at the span's start, which loses less than the span would."""
    return at_ns if 0 < at_ns < _LATEST_NS else started_ns


def span_name(text: str) -> str:
    return text.strip()[:MAX_NAME_LENGTH] or UNNAMED


def finite(number: float) -> float | str:
    """The number, or the name that protobuf's JSON has for one that JSON lacks."""
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def whole(number: int) -> int | str:
    """The integer, or its digits if it needs more than 64 bits."""
    return number if -MAX_JSON_INTEGER <= number <= MAX_JSON_INTEGER else str(number)


def check_depth(depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise BadSpan(TOO_DEEP)


def check_value(value: Any) -> None:
    """Walk a value level by level; one that nothing else has taken apart may be deeper than a page can show."""
    level, depth = [value], 0
    while level := [
        child
        for node in level
        if isinstance(node, dict | list)
        for child in (node.values() if isinstance(node, dict) else node)
    ]:
        depth += 1
        check_depth(depth)


def check_sizes(attributes: Any, events: Any, links: Any) -> None:
    if len(attributes) > MAX_ATTRIBUTES_PER_SPAN:
        raise BadSpan(TOO_MANY_ATTRIBUTES)
    if len(events) > MAX_EVENTS_PER_SPAN or len(links) > MAX_EVENTS_PER_SPAN:
        raise BadSpan(TOO_MANY_EVENTS)
