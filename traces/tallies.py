"""Counts of traces that can be added up: read from the stored rows here, kept by traces/rollups.py for hours that are over.

One statement for both databases. It walks the index of account and time of receipt, and stops at the bound it is given.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil, log
from typing import Any

from django.db import connection

from traces.records import TraceStatus

FAILED = (TraceStatus.ERROR, TraceStatus.TIMEOUT)
UNBOUNDED = 2**62
LARGEST_ERROR = 0.025
"""How far a rounded duration is from the true one, as a share of it."""
_GROWTH = 1.04
"""Each step of the scale that durations are rounded to is so many times the one below it."""
_EXACT_BELOW_MS = 100

Stretch = tuple[datetime, datetime]
"""A time from its first moment to the one behind its last."""


@dataclass(slots=True)
class Tally:
    """What happened to some traces. `durations` counts the ended ones by their whole milliseconds."""

    traces: int = 0
    failed: int = 0
    input_tokens: float = 0
    output_tokens: float = 0
    cost_nanodollars: float = 0
    durations: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        self.traces += other.traces
        self.failed += other.failed
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cost_nanodollars += other.cost_nanodollars
        durations = self.durations
        for ms, count in other.durations.items():
            durations[ms] = durations.get(ms, 0) + count

    def percentile(self, percent: int) -> int | None:
        """The nearest rank: a duration that some trace had, as far as none was rounded."""
        rank = ceil(self.durations.total() * percent / 100)
        for ms in sorted(self.durations):
            rank -= self.durations[ms]
            if rank <= 0:
                return ms
        return None


def add_up(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def round_duration(ms: int) -> int:
    """The duration that stands for all those of its step, at most LARGEST_ERROR away from any of them."""
    if ms < _EXACT_BELOW_MS:
        return ms
    top = _GROWTH ** ceil(log(ms, _GROWTH))
    return round(2 * top / (1 + _GROWTH))


@dataclass(frozen=True, slots=True)
class Slots:
    """`count` stretches of time, each `width` long, the first of them from `start` on."""

    start: datetime
    width: timedelta
    count: int = 1

    @property
    def end(self) -> datetime:
        return self.start + self.width * self.count

    def starts(self) -> Iterator[datetime]:
        return (self.start + self.width * number for number in range(self.count))


def count_traces(
    account_id: int,
    stretches: Sequence[Stretch],
    slots: Slots,
    *,
    agent_id: int | None = None,
    by_agent: bool = False,
    at_most: int = UNBOUNDED,
) -> Iterator[tuple[int | None, int, Tally]]:
    """The traces received in `stretches`, or one agent's, as tallies with their agent and their number of slot.

    Without `by_agent` the agent is None. `stretches` come newest first, and so do the traces that `at_most` lets in.
    """
    if not stretches:
        return
    moment: Any = connection.ops.adapt_datetimefield_value
    values: list[Any] = [moment(edge) for stretch in stretches for edge in stretch]
    values += [int(slots.start.timestamp()), int(slots.width.total_seconds()), *FAILED, account_id]
    values += [] if agent_id is None else [agent_id]
    values += [at_most] * _LIMITS[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(_statement(len(stretches), agent_id, by_agent), values)
        for owner, slot, ms, traces, failed, tokens_in, tokens_out, cost in cursor.fetchall():
            durations = Counter() if ms is None else Counter({ms: traces})
            yield owner, slot, Tally(traces, failed, tokens_in, tokens_out, cost, durations)


def _statement(stretches: int, agent_id: int | None, by_agent: bool) -> str:
    slot, milliseconds, edges, rows = _EXPRESSIONS[connection.vendor]
    return _STATEMENT.format(
        edges=", ".join([edges] * stretches),
        owner="agent_id" if by_agent else "CAST(NULL AS INTEGER)",
        slot=slot,
        milliseconds=milliseconds,
        rows=rows.format(condition="" if agent_id is None else "AND agent_id = %s"),
    )


# The slot, the duration in whole milliseconds, the type of an edge, and the way to the rows. SQLite keeps a moment as
# "2026-11-22 09:41:07.250000", the fraction left out where it is zero, and its own functions would round 59.9996 s up
# to the next minute. Both ways to the rows force the walk along the index, stretch by stretch and newest first.
_EXPRESSIONS = {
    "sqlite": (
        "(CAST(strftime('%%s', substr(received_at, 1, 19)) AS INTEGER) - %s) / %s",
        (
            "((strftime('%%s', substr(ended_at, 1, 19)) - strftime('%%s', substr(started_at, 1, 19))) * 1000000"
            " + CAST(substr(ended_at, 21, 6) AS INTEGER) - CAST(substr(started_at, 21, 6) AS INTEGER)) / 1000"
        ),
        "(%s, %s)",
        """
        stretch CROSS JOIN traces_trace
        WHERE account_id = %s AND received_at >= begins AND received_at < ends {condition}
        LIMIT %s
        """,
    ),
    "postgresql": (
        "CAST(FLOOR((EXTRACT(EPOCH FROM received_at) - %s) / %s) AS INTEGER)",
        "CAST(FLOOR(EXTRACT(EPOCH FROM ended_at - started_at) * 1000) AS BIGINT)",
        "(%s::timestamptz, %s::timestamptz)",
        """
        stretch CROSS JOIN LATERAL (
            SELECT * FROM traces_trace
            WHERE account_id = %s AND received_at >= begins AND received_at < ends {condition}
            ORDER BY received_at DESC
            LIMIT %s
        ) AS newest
        LIMIT %s
        """,
    ),
}
_LIMITS = {"sqlite": 1, "postgresql": 2}
# Tokens and costs are added as floating point: the sum of the largest that are accepted does not fit an integer.
_STATEMENT = """
WITH stretch (begins, ends) AS (VALUES {edges}), taken AS (
    SELECT {owner} AS owner,
        {slot} AS slot,
        CASE WHEN status IN (%s, %s) THEN 1 ELSE 0 END AS failed,
        CASE WHEN ended_at < started_at THEN 0 ELSE {milliseconds} END AS ms,
        CAST(input_tokens AS DOUBLE PRECISION) AS input_tokens,
        CAST(output_tokens AS DOUBLE PRECISION) AS output_tokens,
        CAST(cost_nanodollars AS DOUBLE PRECISION) AS cost_nanodollars
    FROM {rows}
)
SELECT owner, slot, ms, COUNT(*), SUM(failed), COALESCE(SUM(input_tokens), 0), COALESCE(SUM(output_tokens), 0),
    COALESCE(SUM(cost_nanodollars), 0)
FROM taken
GROUP BY owner, slot, ms
"""
