"""Makes our records of the spans of an export; traces/api is the caller. Pure.

An export holds spans of any number of traces, and any number of exports make one trace, so what comes out are
fragments: ingest puts them together.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from traces.limits import MAX_NAME_LENGTH, MAX_NANODOLLARS
from traces.pricing import price_of
from traces.records import SpanKind, SpanRecord, SpanStatus, TraceFragment
from traces.wire.otlp.messages import are_messages
from traces.wire.otlp.reading import read_span
from traces.wire.otlp.span import OtlpSpan
from traces.wire.otlp.stored import to_text
from traces.wire.otlp.words import Failure, Reading, Usage
from traces.wire.titles import title_of

_IDS = uuid.UUID("5b0fd1cb-7d1c-4d5c-9a7e-6f1d0e9c3a52")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CALLS = {SpanKind.LLM, SpanKind.EMBEDDING}
_NANODOLLARS = 1_000_000_000
MAX_TEXT_LENGTH = 100_000
"""How much of a trace's prompt and response is kept beside the spans, for the list, the search and the page's head."""


@dataclass(slots=True)
class _Read:
    """A span with what it says. What it says at length is read only where it is asked for."""

    span: OtlpSpan
    reading: Reading
    _whole: Reading | None = None

    @property
    def whole(self) -> Reading:
        self._whole = self._whole or read_span(self.span)
        return self._whole


def trace_id_of(owner: int, wire_id: str) -> uuid.UUID:
    """Our id of the trace that the account `owner` calls `wire_id`: two accounts may use the same."""
    return uuid.uuid5(_IDS, f"{owner}/{wire_id}")


def span_id_of(wire_id: str) -> uuid.UUID:
    """Our id of a span: the sender's eight bytes, behind eight zeros."""
    return uuid.UUID(int=int(wire_id, 16))


def make_fragments(owner: int, spans: Iterable[OtlpSpan]) -> list[TraceFragment]:
    """The export's spans by trace, traces and spans in the order in which they came."""
    traces: dict[str, list[_Read]] = {}
    for span in spans:
        read = _in_its_place(span, read_span(span, with_contents=False))
        traces.setdefault(span.trace_id, []).append(read)
    return [_make_fragment(owner, wire_id, reads) for wire_id, reads in traces.items()]


def make_span(span: OtlpSpan, reading: Reading) -> SpanRecord:
    """The record of one span, with its price."""
    usage, started_at = reading.usage or Usage(), _moment(span.started_ns)
    cost, priced_on, provider = _price(reading, usage, started_at)
    return SpanRecord(
        id=span_id_of(span.span_id),
        parent_id=span_id_of(span.parent_id) if span.parent_id else None,
        name=_short(reading.name or span.name),
        kind=reading.kind,
        status=SpanStatus.ERROR if reading.error else SpanStatus.OK,
        started_at=started_at,
        ended_at=_moment(span.ended_ns) if span.ended_ns else None,
        error=error_text(reading.error) if reading.error else None,
        model=_short(reading.model or ""),
        provider=_short(reading.provider or provider),
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        reasoning_tokens=usage.reasoning,
        cost_nanodollars=cost,
        priced_on=priced_on,
        response_id=_short(reading.response_id or ""),
        raw=to_text(span),
    )


def error_text(failure: Failure) -> str:
    """As a traceback ends: "type: message", and the stack where there is one."""
    head = ": ".join(part for part in (failure.type, failure.message) if part) or "Failed without a message"
    return f"{head}\n\n{failure.stacktrace}" if failure.stacktrace else head


def plain_text(value: Any) -> str | None:
    """What a span's input or output says: the last message's text, a text itself, or JSON; None for nothing."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, dict) and len(value) == 1 and isinstance(alone := next(iter(value.values())), str):
        # {"question": "…"}: a chain's input under the name that its author gave it.
        value = alone
    if isinstance(value, str):
        return value[:MAX_TEXT_LENGTH] or None
    if are_messages(value):
        texts = [part.get("content") for part in value[-1].get("parts", ()) if part.get("type") == "text"]
        found = "\n\n".join(text for text in texts if isinstance(text, str))
        if found:
            return found[:MAX_TEXT_LENGTH]
    return json.dumps(value, ensure_ascii=False)[:MAX_TEXT_LENGTH]


def _in_its_place(span: OtlpSpan, reading: Reading) -> _Read:
    """A span that announces a running one stands where that one will: it has its id, its parent and no end."""
    if reading.is_pending and reading.real_span_id:
        span = replace(span, span_id=reading.real_span_id, parent_id=reading.real_parent_id, ended_ns=0)
    return _Read(span, reading)


def _make_fragment(owner: int, wire_id: str, reads: Sequence[_Read]) -> TraceFragment:
    reads = sorted(reads, key=_by_time)
    root = next((read for read in reads if read.span.parent_id is None), None)
    head = root or reads[0]
    calls = [read for read in reads if read.reading.kind is SpanKind.LLM]
    return TraceFragment(
        id=trace_id_of(owner, wire_id),
        name=_short(_title(head)),
        spans=tuple(make_span(read.span, read.reading) for read in reads),
        agent=_short(head.reading.agent) if root and head.reading.agent else None,
        session=_first(read.reading.session for read in reads),
        end_user=_first(read.reading.user for read in reads),
        metadata=_metadata(head, reads),
        prompt=plain_text(_asked(root)) if root else None,
        response=plain_text(root.whole.output) if root else None,
        asked=_first_text(_asked(read) for read in calls),
        answered=_first_text(read.whole.output for read in reversed(calls)),
        search_words=wire_id,
    )


def _title(head: _Read) -> str:
    """The root's name; a run that is nothing but calls of models is better known by what was asked."""
    asked = plain_text(_asked(head)) if head.span.parent_id is None and head.reading.kind in _CALLS else None
    return title_of(asked or "") or head.reading.name or head.span.name


def _by_time(read: _Read) -> tuple[int, str]:
    """As ingest orders spans, which knows microseconds."""
    return read.span.started_ns // 1000, read.span.span_id


def _asked(read: _Read) -> Any:
    """What went into a span: of a conversation the part up to a person, for some agents record all that was said."""
    value = read.whole.input
    people = [place for place, message in enumerate(value) if _is_question(message)] if are_messages(value) else []
    return value[: people[-1] + 1] if people else value


def _is_question(message: dict[str, Any]) -> bool:
    """Whether a person says something, and not a tool in a person's place."""
    return message.get("role") == "user" and any(part["type"] == "text" for part in message["parts"])


def _first_text(values: Iterable[Any]) -> str | None:
    return next((text for value in values if (text := plain_text(value))), None)


def _metadata(head: _Read, reads: Sequence[_Read]) -> str | None:
    reading = head.reading
    told: dict[str, Any] = dict(reading.metadata)
    tags = list(dict.fromkeys(tag for read in reads for tag in read.reading.tags))
    named = {"tags": tags, "environment": reading.environment, "release": reading.release}
    told |= {name: value for name, value in named.items() if value}
    return json.dumps(told, ensure_ascii=False) if told else None


def _price(reading: Reading, usage: Usage, at: datetime) -> tuple[int | None, date | None, str]:
    """The list's price, its day and whose model it has by that name; else what the sender reckoned, else nothing."""
    price = price_of(reading.provider, reading.model, usage, at)
    if price is not None:
        return price.nanodollars, price.priced_on, price.provider_id
    reported = reading.reported_cost
    if reported is None or not 0 <= reported * _NANODOLLARS <= MAX_NANODOLLARS:
        return None, None, ""
    return int(reported * _NANODOLLARS), None, ""


def _first(texts: Iterable[str | None]) -> str | None:
    return next((_short(text) for text in texts if text), None)


def _short(text: str) -> str:
    return text[:MAX_NAME_LENGTH]


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ns // 1000)
