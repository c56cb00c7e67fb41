"""Counts, failures, tokens and percentiles of an account's traces, by slots of server time; read by the dashboard.

One statement for both databases. Its cost is bounded: it walks the index of account and time of receipt from the newest
trace down and stops at `MAX_MEASURED`. A percentile is the nearest rank: a duration that some trace really had.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import Account
from traces.models import Agent
from traces.records import TraceStatus

MAX_MEASURED = 50_000
"""A month of the largest plan with a limit. Beyond it the newest speak for the rest, and the page says so."""
FAILED = (TraceStatus.ERROR, TraceStatus.TIMEOUT)


@dataclass(frozen=True, slots=True)
class Slots:
    """`count` stretches of time, each `width` long, the first of them from `start` on."""

    start: datetime
    width: timedelta
    count: int = 1

    @property
    def end(self) -> datetime:
        return self.start + self.width * self.count

    @property
    def as_one(self) -> "Slots":
        return Slots(self.start, self.width * self.count)

    def starts(self) -> Iterator[datetime]:
        return (self.start + self.width * number for number in range(self.count))


@dataclass(frozen=True, slots=True)
class Numbers:
    """What happened in a slot. The percentiles, in milliseconds, are of the ended traces: None if there were none."""

    traces: int = 0
    failed: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None
    input_tokens: float = 0
    output_tokens: float = 0

    @property
    def failed_percent(self) -> float:
        return 100 * self.failed / self.traces if self.traces else 0.0


NOTHING = Numbers()


def measure(account: Account, slots: Slots, agent: Agent | None = None) -> list[Numbers]:
    """The numbers of each slot, of one agent or of all traces."""
    found = {slot: numbers for _, slot, numbers in _rows(account, slots, "0", *_only(agent))}
    return [found.get(slot, NOTHING) for slot in range(slots.count)]


def measure_agents(account: Account, slots: Slots) -> dict[int, list[Numbers]]:
    """The numbers of each slot for every agent that ran in it, by the agent's id."""
    found: dict[int, list[Numbers]] = {}
    for agent_id, slot, numbers in _rows(account, slots, "agent_id", "AND agent_id IS NOT NULL", []):
        found.setdefault(agent_id, [NOTHING] * slots.count)[slot] = numbers
    return found


def _only(agent: Agent | None) -> tuple[str, list[int]]:
    return ("AND agent_id = %s", [agent.pk]) if agent else ("", [])


def _rows(
    account: Account, slots: Slots, group: str, condition: str, values: list[int]
) -> Iterator[tuple[int, int, Numbers]]:
    slot, milliseconds = _EXPRESSIONS[connection.vendor]
    statement = _STATEMENT.format(group=group, slot=slot, milliseconds=milliseconds, condition=condition)
    moment: Any = connection.ops.adapt_datetimefield_value
    width = int(slots.width.total_seconds())
    parameters = [int(slots.start.timestamp()), width, *FAILED, account.pk, moment(slots.start), moment(slots.end)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *values, MAX_MEASURED])
        for owner, number, *rest in cursor.fetchall():
            yield owner, number, Numbers(*rest)


# The slot and the duration in whole milliseconds. SQLite keeps a moment as "2026-11-22 09:41:07.250000", the fraction
# left out where it is zero, and its own functions would round 59.9996 s up to the next minute.
_EXPRESSIONS = {
    "sqlite": (
        "(CAST(strftime('%%s', substr(received_at, 1, 19)) AS INTEGER) - %s) / %s",
        (
            "((strftime('%%s', substr(ended_at, 1, 19)) - strftime('%%s', substr(started_at, 1, 19))) * 1000000"
            " + CAST(substr(ended_at, 21, 6) AS INTEGER) - CAST(substr(started_at, 21, 6) AS INTEGER)) / 1000"
        ),
    ),
    "postgresql": (
        "CAST(FLOOR((EXTRACT(EPOCH FROM received_at) - %s) / %s) AS INTEGER)",
        "CAST(FLOOR(EXTRACT(EPOCH FROM ended_at - started_at) * 1000) AS BIGINT)",
    ),
}
# Token counts are added as floating point: the sum of the largest that are accepted does not fit an integer.
_STATEMENT = """
WITH taken AS (
    SELECT {group} AS owner,
        {slot} AS slot,
        CASE WHEN status IN (%s, %s) THEN 1 ELSE 0 END AS failed,
        CASE WHEN ended_at < started_at THEN 0 ELSE {milliseconds} END AS ms,
        CAST(input_tokens AS DOUBLE PRECISION) AS input_tokens,
        CAST(output_tokens AS DOUBLE PRECISION) AS output_tokens
    FROM traces_trace
    WHERE account_id = %s AND received_at >= %s AND received_at < %s {condition}
    ORDER BY received_at DESC
    LIMIT %s
), ranked AS (
    SELECT *,
        ROW_NUMBER() OVER (PARTITION BY owner, slot ORDER BY CASE WHEN ms IS NULL THEN 1 ELSE 0 END, ms) AS place,
        COUNT(ms) OVER (PARTITION BY owner, slot) AS ended
    FROM taken
)
SELECT owner, slot, COUNT(*), SUM(failed),
    MAX(CASE WHEN place = (ended * 50 + 99) / 100 THEN ms END),
    MAX(CASE WHEN place = (ended * 95 + 99) / 100 THEN ms END),
    COALESCE(SUM(input_tokens), 0), COALESCE(SUM(output_tokens), 0)
FROM ranked
GROUP BY owner, slot
"""
