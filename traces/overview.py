"""What the overview says of an account: its numbers by slot, compared with the time before, as one value to draw."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.models import Account
from tracen.lib.wording import count_text, duration_text, money_text
from traces.agents import last_day
from traces.charts import Bar, BarChart, LineChart, build_bars, build_lines
from traces.measures import Numbers, measure
from traces.models import Agent
from traces.tallies import Slots

_SIX_HOURS, _DAY = timedelta(hours=6), timedelta(days=1)
_NOTABLE_CHANGE = 0.05
"""Below this share a duration is called unchanged."""
_LAST_MARK = 90


@dataclass(frozen=True, slots=True)
class Range:
    """A choice of time: its slots, the time before to compare with, and the words for both."""

    slug: str
    label: str
    spoken: str
    before_label: str
    slots: Callable[[datetime], Slots]
    before: Callable[[Slots], Slots]
    slot_name: str
    slot_label: Callable[[datetime], str]
    mark: Callable[[int, datetime], bool]
    """Whether the slot of that number and start has a word under the axis."""
    mark_label: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One slot as a bar and as a row of the table beside the chart."""

    label: str
    numbers: Numbers
    bar: Bar
    is_now: bool


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Trend:
    """The numbers of a range, its charts, and the sentences under the figures."""

    range: Range
    total: Numbers
    rows: tuple[SlotRow, ...]
    bars: BarChart
    lines: LineChart
    marks: tuple[Mark, ...]
    failed_note: str
    p50_note: str
    p95_note: str
    tokens: str
    tokens_note: str
    cost: str
    cost_note: str
    bars_spoken: str
    lines_spoken: str
    is_capped: bool


def _last_week(now: datetime) -> Slots:
    """28 quarters of a day that end with the one we are in."""
    quarter = now.replace(hour=now.hour - now.hour % 6, minute=0, second=0, microsecond=0)
    return Slots(quarter - 27 * _SIX_HOURS, _SIX_HOURS, 28)


def _this_month(now: datetime) -> Slots:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return Slots(first, _DAY, (following - first).days)


def _as_long_before(slots: Slots) -> Slots:
    width = slots.end - slots.start
    return Slots(slots.start - width, width)


def _month_before(slots: Slots) -> Slots:
    first = (slots.start - _DAY).replace(day=1)
    return Slots(first, slots.start - first)


def _hour(start: datetime) -> str:
    return f"{start:%H:%M}"


def _day(start: datetime) -> str:
    return f"{start.day} {start:%b}"


def _day_and_hour(start: datetime) -> str:
    return f"{_day(start)}, {_hour(start)}"


RANGES = {
    chosen.slug: chosen
    for chosen in (
        Range(
            slug="24h",
            label="24 hours",
            spoken="over the last 24 hours",
            before_label="the day before",
            slots=last_day,
            before=_as_long_before,
            slot_name="hour",
            slot_label=_hour,
            mark=lambda number, start: number % 6 == 0,
            mark_label=_hour,
        ),
        Range(
            slug="7d",
            label="7 days",
            spoken="over the last 7 days",
            before_label="the week before",
            slots=_last_week,
            before=_as_long_before,
            slot_name="six hours",
            slot_label=_day_and_hour,
            mark=lambda number, start: start.hour == 0,
            mark_label=_day,
        ),
        Range(
            slug="month",
            label="This month",
            spoken="this month",
            before_label="last month",
            slots=_this_month,
            before=_month_before,
            slot_name="day",
            slot_label=_day,
            mark=lambda number, start: number % 7 == 0,
            mark_label=_day,
        ),
    )
}


def read_trend(account: Account, slug: str, now: datetime, agent: Agent | None = None) -> Trend:
    """The trend of an account, or of one of its agents; a range that we do not know is the first one. Four queries."""
    chosen = RANGES.get(slug, RANGES["24h"])
    now = now.astimezone(UTC)
    slots = chosen.slots(now)
    measured = measure(account, slots, agent)
    numbers, total = measured.slots, measured.total
    before = measure(account, chosen.before(slots), agent).total
    bars = build_bars([(slot.traces, slot.failed) for slot in numbers])
    return Trend(
        range=chosen,
        total=total,
        rows=tuple(_rows(chosen, slots, numbers, bars, now)),
        bars=bars,
        lines=build_lines([slot.p95_ms for slot in numbers], [slot.p50_ms for slot in numbers]),
        marks=_marks(chosen, slots),
        failed_note=_failed_note(total, before, chosen.before_label),
        p50_note=_change(total.p50_ms, before.p50_ms, chosen.before_label),
        p95_note=_change(total.p95_ms, before.p95_ms, chosen.before_label),
        tokens=count_text(int(total.input_tokens + total.output_tokens)),
        tokens_note=f"{count_text(int(total.input_tokens))} in, {count_text(int(total.output_tokens))} out",
        cost=money_text(total.cost_nanodollars) if total.cost_nanodollars else "–",
        cost_note=_cost_note(total, before, chosen.before_label),
        bars_spoken=_bars_spoken(chosen, slots, numbers, total),
        lines_spoken=_lines_spoken(chosen, total),
        is_capped=measured.is_capped,
    )


def _rows(chosen: Range, slots: Slots, numbers: list[Numbers], bars: BarChart, now: datetime) -> list[SlotRow]:
    return [
        SlotRow(chosen.slot_label(start), slot, bar, is_now=start <= now < start + slots.width)
        for start, slot, bar in zip(slots.starts(), numbers, bars.bars, strict=True)
    ]


def _marks(chosen: Range, slots: Slots) -> tuple[Mark, ...]:
    """The words under the axis; one that would run out of the chart on the right is left out."""
    named = ((number, start) for number, start in enumerate(slots.starts()) if chosen.mark(number, start))
    marks = (Mark(round(number * 100 / slots.count, 2), chosen.mark_label(start)) for number, start in named)
    return tuple(mark for mark in marks if mark.x < _LAST_MARK)


def _failed_note(total: Numbers, before: Numbers, before_label: str) -> str:
    traces = f"{total.failed:,} trace{'' if total.failed == 1 else 's'}"
    return f"{traces}; {before.failed_percent:.1f} % {before_label}" if before.traces else traces


def _change(now_ms: int | None, before_ms: int | None, before_label: str) -> str:
    if now_ms is None:
        return "no trace has ended"
    if not before_ms:
        return f"nothing to compare with {before_label}"
    change = now_ms - before_ms
    if abs(change) < _NOTABLE_CHANGE * before_ms:
        return f"as {before_label}"
    return f"{duration_text(abs(change))} {'slower' if change > 0 else 'faster'} than {before_label}"


def _cost_note(total: Numbers, before: Numbers, before_label: str) -> str:
    if before.cost_nanodollars:
        return f"{money_text(before.cost_nanodollars)} {before_label}"
    return "of models with a known price" if total.cost_nanodollars else "no call had a known price"


def _bars_spoken(chosen: Range, slots: Slots, numbers: list[Numbers], total: Numbers) -> str:
    said = f"Traces per {chosen.slot_name} {chosen.spoken}: {total.traces:,} in all, {total.failed:,} failed"
    if not total.failed:
        return said
    start, worst = max(zip(slots.starts(), numbers, strict=True), key=lambda slot: slot[1].failed)
    return f"{said}; most failures, {worst.failed:,}, at {chosen.slot_label(start)}"


def _lines_spoken(chosen: Range, total: Numbers) -> str:
    if total.p50_ms is None:
        return f"Duration {chosen.spoken}: no trace has ended"
    median, slowest = duration_text(total.p50_ms), duration_text(total.p95_ms)
    return f"Duration {chosen.spoken}: median {median}, 95th percentile {slowest}"
