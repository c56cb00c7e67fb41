"""The geometry and the tree of one run: pure values in, pure values out; called by traces.reading.

No Django here. Every span given comes back in exactly one row, whatever its ids, parents and clocks say: what is odd
is marked, never dropped. Nothing recurses, so a chain of ten thousand spans is as safe as a flat list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import overload

from tracen.lib.wording import duration_text
from traces.timeline.axis import Tick, percent, tick_step, ticks_of
from traces.timeline.forest import Forest, Node
from traces.timeline.recovery import recovered_spans

MAX_INDENT = 7
"""The deepest indent that is drawn; deeper rows stay readable at this one."""
MIN_WIDTH = 0.4
"""The narrowest bar in percent of the axis: an instant is a visible tick."""
MINIMAP_MARKS = 150
MINIMAP_TOP, MINIMAP_BOTTOM = 5.0, 47.0
LEGEND_KINDS = 4
STILL_ALIVE = timedelta(hours=1)
"""A run that calls itself running, but from which nothing is younger than this, is drawn up to its last sign of life:
clients send example dates, and an axis of two years would show nothing."""

_ROOM_PER_CHARACTER = {False: 1.75, True: 1.2}
"""Percent of the axis that one character of a label takes, in normal rows and in tall ones on a narrow sheet."""
_ROOM_AROUND_LABEL = 2.0
_ROOM_AFTER_AXIS = 3.0
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the waterfall. `x` and `width` are percents of the axis as short texts ("12.3")."""

    id: str
    name: str
    kind: str
    depth: int
    child_count: int
    descendant_count: int
    start_ms: float
    duration_ms: float | None
    """None while the end is not known."""
    own_ms: float
    """Its duration less what its children cover."""
    x: str
    width: str
    label: str
    label_x: str
    label_at: str
    """Where the label goes: after, inside, before, or at the end on top of the bracket."""
    is_error: bool
    is_recovered: bool
    """It failed, but what called it went on: shown as late, never as failed."""
    is_retried: bool
    """It recovered because a later sibling of the same name did it."""
    is_running: bool
    is_unfinished: bool
    """Its end never came although the run is over."""
    is_orphan: bool
    is_in_cycle: bool
    is_duplicate: bool
    is_skewed: bool
    tokens: int | None = None
    """Tokens in and out, if they are part of the run's: what all rows say adds up to what the run says."""
    cost_nanodollars: int | None = None

    @property
    def is_container(self) -> bool:
        return self.child_count > 0

    @property
    def is_failed(self) -> bool:
        return self.is_error and not self.is_recovered

    @property
    def is_instant(self) -> bool:
        return self.duration_ms == 0

    @property
    def is_odd(self) -> bool:
        """Its place in the tree is not the one that was reported."""
        return self.is_orphan or self.is_in_cycle or self.is_duplicate

    @property
    def level(self) -> int:
        return self.depth + 1

    @property
    def indent(self) -> int:
        return min(self.depth, MAX_INDENT)

    @property
    def duration(self) -> str:
        """The duration in words, as shown at the end of the row on a phone."""
        if self.is_running:
            return "running"
        return duration_text(self.duration_ms) if self.duration_ms is not None else "no end"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about this span, in sentences for the person who looks at it."""
        return tuple(text for flag, text in NOTES.items() if getattr(self, flag))


NOTES = {
    "is_orphan": "Its parent is not in this trace, so it is shown at the top level.",
    "is_in_cycle": "Its parents run in a circle, so it is shown at the top level.",
    "is_duplicate": "Another span of this trace has the same id.",
    "is_skewed": "It ended before it started: the clocks differed. The duration is shown as 0.",
    "is_unfinished": "Its end was never reported.",
}


@dataclass(frozen=True, slots=True)
class LegendItem:
    """The own time of all spans of one kind."""

    kind: str
    count: int
    own_ms: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the minimap; `y` is in pixels, `tone` is bad, late or the kind."""

    tone: str
    x1: str
    x2: str
    y: str
    is_thin: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """The span that explains why the run failed, with the names that lead to it from the top."""

    row: Row
    path: tuple[str, ...]


class Rows(Sequence[Row]):
    """Lines of the waterfall from top to bottom. Each is made when it is looked at: of 10,000 a page shows 300."""

    def __init__(self, painter: _Painter, indices: Sequence[int]) -> None:
        self._painter, self._indices = painter, indices
        self.ids = tuple(painter.forest.nodes[index].id for index in indices)
        """Of the spans that they show."""

    def first_of(self, kind: str) -> str | None:
        """The id of the first span of that kind."""
        nodes = (self._painter.forest.nodes[index] for index in self._indices)
        return next((node.id for node in nodes if node.kind == kind), None)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, place: int | slice) -> Row | tuple[Row, ...]:
        found = self._indices[place]
        return self._painter.row(found) if isinstance(found, int) else tuple(map(self._painter.row, found))


@dataclass(frozen=True, slots=True)
class Timeline:
    rows: Rows
    ticks: tuple[Tick, ...]
    axis_ms: float
    duration_ms: float
    origin: datetime
    last_sign: datetime
    """The latest moment that anything in the run names."""
    is_stale: bool
    """It calls itself running, but nothing came from it for a long time."""
    legend: tuple[LegendItem, ...]
    more_kinds: LegendItem | None
    minimap: tuple[Mark, ...]
    failure: Failure | None
    errors: tuple[str, ...]
    """The ids of the failed spans that no failed child explains, from top to bottom."""
    recovered: Rows
    """The failed spans without children that did no harm, from top to bottom."""
    last_start_ms: float
    """When the latest span began."""
    open_end: Row | None
    """The span that was begun last of those that have not ended."""
    longest: Row | None
    """The span with the most own time."""
    input_tokens: int | None
    """The sum over all spans that count and name a number; None if none does."""
    output_tokens: int | None
    cost_nanodollars: int | None
    unpriced: int
    """How many spans count tokens without having a price."""

    def position_of(self, span_id: str) -> int | None:
        """Which row shows the span, counted from 0."""
        return self.rows.ids.index(span_id) if span_id in self.rows.ids else None


def build(
    nodes: Iterable[Node],
    *,
    started_at: datetime,
    ended_at: datetime | None,
    is_running: bool,
    now: datetime,
    is_failed: bool = False,
    has_tall_rows: bool = False,
) -> Timeline:
    """Lay the spans of one run out as rows on one axis. O(n log n); `now` ends what still runs."""
    forest = Forest(sorted(nodes, key=lambda node: (node.started_at, node.ordinal)))
    clock = _Clock.over(forest.nodes, started_at, ended_at, is_running, now)
    step = tick_step(clock.duration_ms)
    axis_ms = max(step, math.ceil(round(clock.duration_ms / step, 6)) * step)
    painter = _Painter(forest, clock, axis_ms, recovered_spans(forest, is_failed), has_tall_rows)
    painter.make_room()
    legend, more_kinds = _legend(painter)
    failed = [index for index in forest.walk if painter.is_failed(index)]
    callers = {forest.parents[index] for index in failed}
    causes = [index for index in failed if index not in callers]
    open_spans = (index for index in forest.walk if forest.nodes[index].ended_at is None)
    open_end = max(open_spans, key=lambda index: (painter.spans[index][0], forest.depths[index]), default=None)
    longest = max(forest.walk, key=painter.own.__getitem__, default=None)
    counted = [node for node in forest.nodes if node.is_counted]
    return Timeline(
        rows=Rows(painter, forest.walk),
        ticks=ticks_of(painter.axis_ms, step),
        axis_ms=painter.axis_ms,
        duration_ms=clock.duration_ms,
        origin=clock.origin,
        last_sign=clock.last_sign,
        is_stale=is_running and now - clock.last_sign > STILL_ALIVE,
        legend=legend,
        more_kinds=more_kinds,
        minimap=_minimap(painter),
        failure=_failure(painter, causes),
        errors=tuple(forest.nodes[index].id for index in causes),
        recovered=Rows(
            painter, [index for index in forest.walk if index in painter.recovered and not forest.children[index]]
        ),
        last_start_ms=max((start for start, _ in painter.spans), default=0),
        open_end=None if open_end is None else painter.row(open_end),
        longest=None if longest is None else painter.row(longest),
        input_tokens=_sum(node.input_tokens for node in counted),
        output_tokens=_sum(node.output_tokens for node in counted),
        cost_nanodollars=_sum(node.cost_nanodollars for node in counted),
        unpriced=sum(node.has_tokens and node.cost_nanodollars is None for node in counted),
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """When the run began and ended for the drawing, and where each span lies between."""

    origin: datetime
    end: datetime
    last_sign: datetime
    is_running: bool

    @classmethod
    def over(
        cls, nodes: Sequence[Node], started_at: datetime, ended_at: datetime | None, is_running: bool, now: datetime
    ) -> _Clock:
        known = [node.ended_at for node in nodes if node.ended_at] + [node.started_at for node in nodes]
        known += [started_at] + ([ended_at] if ended_at else [])
        end = last_sign = max(known)
        if is_running and now - last_sign <= STILL_ALIVE:
            end = max(last_sign, now)
        return cls(min(known), end, last_sign, is_running)

    @property
    def duration_ms(self) -> float:
        return _ms(self.end - self.origin)

    def span(self, node: Node) -> tuple[float, float]:
        """Start and end in ms after the origin; the end never lies before the start."""
        start = _ms(node.started_at - self.origin)
        return start, max(start, _ms((node.ended_at or self.end) - self.origin))


class _Painter:
    """Places the spans on the axis, and turns one into its row when it is asked for."""

    def __init__(
        self, forest: Forest, clock: _Clock, axis_ms: float, recovered: dict[int, bool], is_tall: bool
    ) -> None:
        self.forest, self.clock, self.recovered = forest, clock, recovered
        self.axis_ms, self.is_tall = axis_ms, is_tall
        self.spans = [clock.span(node) for node in forest.nodes]
        """Start and end of each, in ms after the origin."""
        self.own = [self._own_ms(index) for index in range(len(self.spans))]

    def is_failed(self, index: int) -> bool:
        return self.forest.nodes[index].status == "error" and index not in self.recovered

    def make_room(self) -> None:
        """Lengthen the axis where a bar fills it from end to end: its label would have no place beside it."""
        for index, (start, end) in enumerate(self.spans):
            if self.forest.children[index] or end < 0.5 * self.axis_ms:
                continue
            room = self._room(self._label(index, start, end))
            fits_inside = self.is_tall and 100 * (end - start) >= room * self.axis_ms
            if not fits_inside and 100 * start < room * self.axis_ms:
                self.axis_ms = max(self.axis_ms, 100 * end / (100 + _ROOM_AFTER_AXIS - room))

    def place(self, index: int) -> tuple[float, float]:
        """Where the bar begins and how wide it is, in percent of the axis."""
        start, end = self.spans[index]
        x = min(100 * start / self.axis_ms, 100 - MIN_WIDTH)
        return x, min(max(100 * (end - start) / self.axis_ms, MIN_WIDTH), 100 - x)

    def row(self, index: int) -> Row:
        node, forest = self.forest.nodes[index], self.forest
        start, end = self.spans[index]
        children = forest.children[index]
        is_skewed = node.ended_at is not None and node.ended_at < node.started_at
        is_open = node.ended_at is None
        label = self._label(index, start, end)
        x, width = self.place(index)
        label_at, label_x = self._place_of_label(label, x, width, bool(children))
        return Row(
            id=node.id,
            name=node.name,
            kind=node.kind,
            depth=forest.depths[index],
            child_count=len(children),
            descendant_count=forest.descendants[index],
            start_ms=start,
            duration_ms=None if is_open else end - start,
            own_ms=self.own[index],
            x=percent(x),
            width=percent(width),
            label=label,
            label_x=percent(label_x),
            label_at=label_at,
            is_error=node.status == "error",
            is_recovered=index in self.recovered,
            is_retried=self.recovered.get(index, False),
            is_running=is_open and self.clock.is_running,
            is_unfinished=is_open and not self.clock.is_running,
            is_orphan=index in forest.orphans,
            is_in_cycle=index in forest.cut,
            is_duplicate=index in forest.duplicates,
            is_skewed=is_skewed,
            tokens=_sum((node.input_tokens, node.output_tokens)) if node.is_counted else None,
            cost_nanodollars=node.cost_nanodollars if node.is_counted else None,
        )

    def _room(self, label: str) -> float:
        return len(label) * _ROOM_PER_CHARACTER[self.is_tall] + _ROOM_AROUND_LABEL

    def _label(self, index: int, start: float, end: float) -> str:
        if self.forest.nodes[index].ended_at is None:
            return "running" if self.clock.is_running else "no end"
        text = duration_text(end - start)
        return f"{text} · retried" if self.recovered.get(index) else text

    def _place_of_label(self, label: str, x: float, width: float, is_container: bool) -> tuple[str, float]:
        """Where a label reads best: after the bar if it fits, else inside a tall bar, else before, else on its end."""
        room = self._room(label)
        end = x + width
        if end + room <= 100 + _ROOM_AFTER_AXIS:
            return "after", end
        if self.is_tall and not is_container and width >= room:
            return "inside", end
        return ("before", x) if x >= room else ("end", end)

    def _own_ms(self, index: int) -> float:
        start, end = self.spans[index]
        own, covered_to = end - start, start
        for child in self.forest.children[index]:
            child_start, child_end = self.spans[child]
            child_start, child_end = max(child_start, covered_to), min(child_end, end)
            if child_end > child_start:
                own -= child_end - child_start
                covered_to = child_end
        return own


def _ms(delta: timedelta) -> float:
    return delta / _MILLISECOND


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _failure(painter: _Painter, causes: Sequence[int]) -> Failure | None:
    """The deepest failed span, the latest one if there are several; for a bare HTTP call the tool that made it."""
    if not causes:
        return None
    forest = painter.forest
    cause = max(causes, key=lambda index: (_known_end_ms(painter, index), forest.depths[index]))
    caller = forest.parents[cause]
    if caller is not None and painter.is_failed(caller) and _is_call_of(forest.nodes[caller], forest.nodes[cause]):
        cause = caller
    return Failure(painter.row(cause), tuple(_path(forest, cause)))


def _is_call_of(tool: Node, call: Node) -> bool:
    return (tool.kind, call.kind) == ("tool", "http")


def _known_end_ms(painter: _Painter, index: int) -> float:
    """When it ended, or began if its end is not known."""
    start, end = painter.spans[index]
    return start if painter.forest.nodes[index].ended_at is None else end


def _path(forest: Forest, index: int) -> list[str]:
    names: list[str] = []
    place: int | None = index
    while place is not None:
        names.append(forest.nodes[place].name)
        place = forest.parents[place]
    return names[::-1]


def _legend(painter: _Painter) -> tuple[tuple[LegendItem, ...], LegendItem | None]:
    """Own time by kind, the longest first; what does not fit is summed up."""
    totals: dict[str, list[float]] = {}
    for index in painter.forest.walk:
        total = totals.setdefault(painter.forest.nodes[index].kind, [0, 0.0])
        total[0] += 1
        total[1] += painter.own[index]
    items = sorted((LegendItem(kind, int(n), ms) for kind, (n, ms) in totals.items()), key=lambda item: -item.own_ms)
    if len(items) <= LEGEND_KINDS + 1:
        return tuple(items), None
    rest = items[LEGEND_KINDS:]
    return tuple(items[:LEGEND_KINDS]), LegendItem("", len(rest), sum(item.own_ms for item in rest))


def _minimap(painter: _Painter) -> tuple[Mark, ...]:
    """The whole run in few lines: of each slice of rows the failed one, else the longest piece of work."""
    walk, children = painter.forest.walk, painter.forest.children

    def weight(index: int) -> tuple[bool, bool, float]:
        # Of bars that are drawn alike the first one.
        return painter.is_failed(index), not children[index], round(painter.place(index)[1], 2)

    per_mark = max(1, math.ceil(len(walk) / MINIMAP_MARKS))
    slices = [walk[start : start + per_mark] for start in range(0, len(walk), per_mark)]
    height = (MINIMAP_BOTTOM - MINIMAP_TOP) / max(len(slices), 12)
    return tuple(
        _mark(painter, max(part, key=weight), MINIMAP_TOP + number * height) for number, part in enumerate(slices)
    )


def _mark(painter: _Painter, index: int, y: float) -> Mark:
    forest, is_failed = painter.forest, painter.is_failed(index)
    tone = "bad" if is_failed else "late" if index in painter.recovered else forest.nodes[index].kind
    x, width = painter.place(index)
    is_thin = bool(forest.children[index]) and not forest.depths[index]
    return Mark(tone, percent(x), percent(x + width), f"{y:.1f}", is_thin)
