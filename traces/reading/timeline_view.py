"""A run's timeline as `traces/_timeline.html` draws it: rows with classes, pages, legend; built by page.py.

Pure values out of pure values: no model comes this far, so nothing that is not meant to be seen can reach a template.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tracen.lib.wording import duration_text
from traces.reading.detail import SpanDetail
from traces.reading.looks import Look, kind_look
from traces.records import Source, SpanKind, TraceRecord, TraceStatus
from traces.timeline import LegendItem, Mark, Row, Timeline, build
from traces.timeline.axis import Tick
from traces.timeline.forest import Node

ROWS_ON_PAGE = 300
ROWS_IN_CHUNK = 1_000
"""How many rows a script gets at once: a search through 10,000 takes ten requests."""
TOOLS_FROM = 9
"""A shorter list needs no search and no minimap."""
MANY_ROWS = 200


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row with its classes and icon, ready for `_rows.html`."""

    row: Row
    css: str
    kind: Look
    is_selected: bool


@dataclass(frozen=True, slots=True)
class Legend:
    kind: Look
    count: int
    duration: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Which rows are in the page, counted from 1, and where the neighbouring ones begin."""

    first: int
    last: int
    total: int
    previous: int | None
    next: int | None

    @property
    def start(self) -> int:
        """How many rows come before the first one."""
        return max(self.first - 1, 0)

    @property
    def range(self) -> str:
        return f"{self.first:,}–{self.last:,} of {self.total:,}"


@dataclass(frozen=True, slots=True)
class TimelineView:
    """All that `traces/_timeline.html` draws. `url` is the address of the trace's page, "" on the page itself."""

    layout: str
    """ "two" beside a detail panel, "sheet" where the steps carry nothing to show."""
    url: str
    unit: str
    """ "24 spans", "1 step"."""
    rows: tuple[ShownRow, ...]
    pages: Pages
    ticks: tuple[Tick, ...]
    axis_ms: float
    legend: tuple[Legend, ...]
    more_kinds: Legend | None
    minimap: tuple[Mark, ...]
    next_error: str
    """The failed span after the selected one, "" if none failed."""
    has_tools: bool
    is_many: bool
    panel: SpanDetail | None


def read_row_number(text: str) -> int | None:
    """The first row that an address asks for, or None for anything that is no whole number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def lay_out(run: TraceRecord, nodes: Iterable[Node], now: datetime) -> Timeline:
    """The geometry of a run; `now` ends what still runs."""
    return build(
        nodes,
        started_at=run.started_at,
        ended_at=run.ended_at,
        is_running=run.status == TraceStatus.RUNNING,
        now=now,
        is_failed=run.status in (TraceStatus.ERROR, TraceStatus.TIMEOUT),
        has_tall_rows=is_sheet(run),
    )


def is_sheet(run: TraceRecord) -> bool:
    """Whether its steps carry nothing to show beside them, so that they stand on a narrow sheet."""
    return run.source == Source.TRACEN


def chosen_span(run: TraceRecord, timeline: Timeline) -> str:
    """The span to show when none was asked for: what failed or hangs, else the first model call, else the first.

    A run that succeeded has dealt with its errors, so that none of them is what its reader comes for.
    """
    failed = timeline.failure.row if timeline.failure and run.status != TraceStatus.SUCCESS else None
    if chosen := failed or timeline.open_end:
        return chosen.id
    return timeline.rows.first_of(SpanKind.LLM) or next(iter(timeline.rows.ids), "")


def view_of(
    run: TraceRecord,
    timeline: Timeline,
    *,
    span_id: str = "",
    first_row: int | None = None,
    size: int = ROWS_ON_PAGE,
    url: str = "",
    panel: SpanDetail | None = None,
) -> TimelineView:
    """The rows from `first_row` on, or else those around the span `span_id`; `panel` is the span beside them."""
    selected = panel.id if panel else span_id
    pages = _pages(timeline, first_row, span_id, size)
    word = "step" if is_sheet(run) else "span"
    return TimelineView(
        layout="sheet" if is_sheet(run) else "two",
        url=url,
        unit=f"{pages.total:,} {word}{'' if pages.total == 1 else 's'}",
        rows=tuple(_shown_row(row, selected) for row in timeline.rows[pages.start : pages.last]),
        pages=pages,
        ticks=timeline.ticks,
        axis_ms=timeline.axis_ms,
        legend=tuple(map(_legend, timeline.legend)),
        more_kinds=_legend(timeline.more_kinds) if timeline.more_kinds else None,
        minimap=tuple(map(_toned, timeline.minimap)),
        next_error=_next_error(timeline, selected),
        has_tools=pages.total >= TOOLS_FROM,
        is_many=pages.total > MANY_ROWS,
        panel=panel,
    )


def _pages(timeline: Timeline, first_row: int | None, span_id: str, size: int) -> Pages:
    total = len(timeline.rows)
    if first_row is None:
        place = timeline.position_of(span_id) if span_id else None
        first_row = (place or 0) // size * size
    start = min(max(first_row, 0), max(total - 1, 0))
    last = min(start + size, total)
    return Pages(
        first=min(start + 1, total),
        last=last,
        total=total,
        previous=max(start - size, 0) if start else None,
        next=last if last < total else None,
    )


def _toned(mark: Mark) -> Mark:
    """The mark in the colour of its kind, unless trouble has coloured it."""
    return mark if mark.tone in ("bad", "late") else replace(mark, tone=kind_look(mark.tone).tone)


def _legend(item: LegendItem) -> Legend:
    return Legend(kind_look(item.kind), item.count, duration_text(item.own_ms))


def _shown_row(row: Row, selected: str) -> ShownRow:
    kind = kind_look(row.kind)
    states = (
        (f"d{row.indent}", row.indent),
        (f"k-{kind.tone}", True),
        ("err", row.is_failed),
        ("retry", row.is_recovered),
        ("live", row.is_running),
        ("open", row.is_unfinished),
        ("on", row.id == selected),
    )
    css = " ".join(("row", *(word for word, is_set in states if is_set)))
    return ShownRow(row, css, kind, row.id == selected)


def _next_error(timeline: Timeline, selected: str) -> str:
    """The next failed span below the selected one, round to the first again."""
    if not timeline.errors:
        return ""
    at = timeline.position_of(selected) if selected else None
    errors = set(timeline.errors)
    below = (span_id for span_id in timeline.rows.ids[0 if at is None else at + 1 :] if span_id in errors)
    return next(below, timeline.errors[0])
