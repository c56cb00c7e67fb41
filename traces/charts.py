"""The geometry of the dashboard's charts, as values for SVG attributes; pure. Templates draw what is built here.

Across, everything is in percent, so that text is never stretched; down, in pixels of a plot that is HEIGHT high.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tracen.lib.wording import count_text, duration_text

HEIGHT = 120
LINE_WIDTH = 1000
"""Lines are drawn on a canvas this wide and stretched to the chart's width."""
SPARK_WIDTH, SPARK_HEIGHT = 96, 20
_BAR_SHARE = 0.77
"""How much of its slot a bar fills."""
_SPARK_MARGIN = 2
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_DURATION_TOPS = (
    *(n * unit for unit in (1, 10, 100) for n in (2, 4, 6, 8)),
    *(n * unit for unit in (_SECOND, 10 * _SECOND) for n in (1, 2, 4, 6)),
    *(n * _MINUTE for n in (2, 4, 10, 20, 40, 60)),
    *(n * _HOUR for n in (2, 4, 12, 24)),
)
_EMPTY_FRACTION = re.compile(r"\.0+(?= )")


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across, and its value; `text_y` is where the value stands."""

    y: float
    text_y: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One slot: finished on top of failed."""

    x: float
    width: float
    y: float
    height: float
    failed_y: float
    failed_height: float


@dataclass(frozen=True, slots=True)
class BarChart:
    rules: tuple[Rule, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class LineChart:
    """Each line is a list of SVG `points`: it breaks where nothing was measured."""

    rules: tuple[Rule, ...]
    lines: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Spark:
    points: str
    hot: tuple[tuple[float, float], ...]
    """Centres of the dots that mark slots with a failure."""


def build_bars(slots: Sequence[tuple[int, int]]) -> BarChart:
    """Bars of (all, failed) per slot."""
    top = count_top(max((total for total, _ in slots), default=0))
    width = round(100 / max(len(slots), 1) * _BAR_SHARE, 2)
    bars = tuple(
        _bar(number * 100 / len(slots), width, total, failed, top) for number, (total, failed) in enumerate(slots)
    )
    return BarChart(_rules(top, count_text), bars)


def build_lines(*series: Sequence[float | None]) -> LineChart:
    """Lines over the same slots and on the same scale, in milliseconds; None is a slot without a value."""
    top = duration_top(max((value for values in series for value in values if value is not None), default=0))
    return LineChart(_rules(top, _round_duration), tuple(tuple(_segments(values, top)) for values in series))


def build_spark(slots: Sequence[tuple[int, int]]) -> Spark:
    """A small line of (all, failed) per slot; its highest point touches the top."""
    top = max((total for total, _ in slots), default=0) or 1
    across = SPARK_WIDTH / max(len(slots) - 1, 1)
    drop = SPARK_HEIGHT - 2 * _SPARK_MARGIN
    places = [
        (round(number * across, 1), round(_SPARK_MARGIN + drop * (1 - total / top), 1))
        for number, (total, _) in enumerate(slots)
    ]
    hot = tuple(place for place, (_, failed) in zip(places, slots, strict=True) if failed)
    return Spark(" ".join(f"{x},{y}" for x, y in places), hot)


def count_top(highest: int) -> int:
    """The end of a scale of whole things, not below `highest`, whose half is whole too."""
    unit = 1
    while unit * 10 < highest:
        unit *= 10
    return next(n * unit for n in (2, 4, 6, 8, 10) if n * unit >= highest)


def duration_top(highest: float) -> int:
    """The end of a scale of milliseconds, not below `highest`, that reads well: 400 ms, 20 s, 4 min."""
    days = 2 * _DAY
    while days < highest:
        days *= 2
    return next((top for top in _DURATION_TOPS if top >= highest), days)


def _bar(x: float, width: float, total: int, failed: int, top: int) -> Bar:
    scale = HEIGHT / top
    failed_height = round(failed * scale, 1)
    height = round(total * scale, 1) - failed_height
    y = HEIGHT - failed_height - height
    return Bar(round(x, 2), width, round(y, 1), round(height, 1), round(HEIGHT - failed_height, 1), failed_height)


def _rules(top: int, label: Callable[[int], str]) -> tuple[Rule, ...]:
    # Half a pixel down, so that a line of one pixel is not spread over two.
    return (Rule(0.5, 12, label(top)), Rule(HEIGHT / 2 + 0.5, HEIGHT / 2 + 12, label(top // 2)))


def _segments(values: Sequence[float | None], top: float) -> Iterator[str]:
    """The unbroken stretches; one that is a single point becomes a short dash."""
    slot = LINE_WIDTH / max(len(values), 1)
    stretch: list[tuple[float, float]] = []
    for number, value in enumerate([*values, None]):
        if value is not None:
            stretch.append(((number + 0.5) * slot, HEIGHT * (1 - value / top)))
        elif stretch:
            if len(stretch) == 1:
                ((x, y),) = stretch
                stretch = [(x - slot / 3, y), (x + slot / 3, y)]
            yield " ".join(f"{x:.0f},{y:.1f}" for x, y in stretch)
            stretch = []


def _round_duration(ms: float) -> str:
    return _EMPTY_FRACTION.sub("", duration_text(ms))
