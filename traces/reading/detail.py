"""One span, made ready for the detail panel: facts, error, what went in and came out; called by page.py.

The values are strangers' data of any shape. Each part is built on its own, so that the worst of them costs one
sentence ("cannot be displayed"), and all parts share one budget of HTML.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tracen.lib.wording import bytes_text, duration_text
from traces.archive import as_it_came
from traces.reading.error_text import ErrorText, read_error
from traces.reading.jsontree import Budget
from traces.reading.looks import RUNNING, SPAN_STATUSES, Look, kind_look
from traces.reading.payload import read_value
from traces.reading.publishing import published_span
from traces.reading.sections import Section, sections_of
from traces.reading.spending import Amount, reported_note, span_amounts, uncounted_note
from traces.reading.steps import ALONE, Around
from traces.reading.told import Told, tell_more
from traces.records import SpanRecord
from traces.timeline import NOTES

if TYPE_CHECKING:
    from traces.wire.otlp.words import Reading

PANEL_BUDGET = 150_000
MAX_RAW = 24_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a header; `exact` is what hovering tells more, `moment` makes it a time, `address` a link."""

    label: str
    value: str
    exact: str = ""
    moment: datetime | None = None
    note: str = ""
    """A quieter word behind the value."""
    address: str = ""

    @classmethod
    def of(cls, amount: Amount) -> "Fact":
        return cls(amount.label, amount.value, amount.exact, note=amount.note)


@dataclass(frozen=True, slots=True)
class Raw:
    """A payload as it is stored, for copying; `is_cut` where it is too long to be copied from here."""

    id: str
    heading: str
    text: str
    size: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class SpanDetail:
    id: str
    name: str
    kind: Look
    status: Look
    facts: tuple[Fact, ...]
    notes: tuple[str, ...]
    error: ErrorText | None
    blamed: tuple[str, str] | None
    """Id and name of the child whose error this span passed on."""
    sections: tuple[Section, ...]
    told: Told
    raw: tuple[Raw, ...]


def build_detail(
    span: SpanRecord,
    *,
    origin: datetime,
    is_trace_running: bool,
    oddity: str = "",
    blamed: tuple[str, str] | None = None,
    around: Around = ALONE,
    is_public: bool = False,
) -> SpanDetail:
    """The panel of one span; `origin` is where the axis of its trace begins, `around` what other spans tell of it.

    `oddity` is a key of NOTES if the span is not shown where it says it belongs.
    """
    came = as_it_came(span)
    shown = published_span(span) if is_public else span
    budget, raw = Budget(PANEL_BUDGET), tuple(_raw(shown))
    sections = sections_of(shown, around, budget, {part.id for part in raw if not part.is_cut})
    told = tell_more(*came, budget, is_public=is_public) if came else Told()
    if told.documents:
        # They are what came out, and are shown by themselves.
        sections = sections[: 0 if shown.input is None else 1]
    return SpanDetail(
        id=str(span.id),
        name=span.name,
        kind=kind_look(span.kind),
        status=RUNNING if is_trace_running and span.ended_at is None else SPAN_STATUSES[span.status],
        facts=(*_facts(span, origin, is_trace_running), *map(Fact.of, told.facts)),
        notes=tuple(_notes(span, is_trace_running, oddity, came[1] if came else None)),
        error=read_error(shown.error) if shown.error else None,
        blamed=blamed if span.status == "error" else None,
        sections=sections,
        told=told,
        raw=raw,
    )


def _facts(span: SpanRecord, origin: datetime, is_trace_running: bool) -> list[Fact]:
    start = (span.started_at - origin).total_seconds() * 1000
    facts = [Fact("Starts at", f"+{duration_text(start)}" if start else "0 ms", "", span.started_at)]
    facts.append(Fact("Duration", _duration(span, is_trace_running)))
    if span.model or span.provider:
        facts.append(Fact("Model", " / ".join(filter(None, (span.provider, span.model)))))
    return facts + [Fact.of(amount) for amount in span_amounts(span)]


def _duration(span: SpanRecord, is_trace_running: bool) -> str:
    if span.ended_at is None:
        return "running" if is_trace_running else "no end"
    return duration_text(max((span.ended_at - span.started_at).total_seconds() * 1000, 0))


def _notes(span: SpanRecord, is_trace_running: bool, oddity: str, reading: "Reading | None") -> Iterator[str]:
    if oddity:
        yield NOTES[oddity]
    if span.ended_at is None and not is_trace_running:
        yield NOTES["is_unfinished"]
    if span.ended_at is not None and span.ended_at < span.started_at:
        yield NOTES["is_skewed"]
    if uncounted := uncounted_note(span):
        yield uncounted
    if reading and (other := reported_note(span, reading.reported_cost)):
        yield other


def _raw(span: SpanRecord) -> list[Raw]:
    stored = (
        ("raw-input", "Input", span.input),
        ("raw-output", "Output", span.output),
        ("raw-span", "Span as it came", span.raw),
    )
    return [_raw_part(name, heading, text) for name, heading, text in stored if text is not None]


def _raw_part(name: str, heading: str, text: str) -> Raw:
    size = bytes_text(len(text.encode(errors="replace")))
    if len(text) > MAX_RAW:
        return Raw(name, heading, text[:MAX_RAW], size, is_cut=True)
    value = read_value(text)
    pretty = text if value == text else json.dumps(value, indent=2, ensure_ascii=False)
    is_short = len(pretty) <= 2 * MAX_RAW
    return Raw(name, heading, pretty if is_short else text, size, is_cut=False)
