"""The dashboard's numbers against a naive computation, on whichever database the run uses."""

import random
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest

from traces import measures
from traces.ingest import record_trace
from traces.limits import MAX_TOKENS
from traces.measures import NOTHING, Measured, Numbers, measure, measure_agents
from traces.models import Agent, Trace
from traces.records import TraceStatus
from traces.tallies import FAILED, Slots
from traces.tests.runs import at, run

FIRST = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOURS = Slots(FIRST, timedelta(hours=1), 24)


def store(account, received_at: datetime, until: float | None = 100, **more) -> None:
    """A run that was received then and took `until` milliseconds."""
    record = run(until=until, **more)
    record_trace(account, record)
    Trace.objects.filter(pk=record.id).update(received_at=received_at)


def nearest_rank(values: list[int], percent: int) -> int | None:
    return sorted(values)[ceil(len(values) * percent / 100) - 1] if values else None


def naive(traces: list[Trace]) -> Numbers:
    lasted = [
        max(0, (trace.ended_at - trace.started_at) // timedelta(milliseconds=1)) for trace in traces if trace.ended_at
    ]
    return Numbers(
        traces=len(traces),
        failed=sum(trace.status in FAILED for trace in traces),
        p50_ms=nearest_rank(lasted, 50),
        p95_ms=nearest_rank(lasted, 95),
        input_tokens=sum(trace.input_tokens or 0 for trace in traces),
        output_tokens=sum(trace.output_tokens or 0 for trace in traces),
        cost_nanodollars=sum(trace.cost_nanodollars or 0 for trace in traces),
    )


def naive_slots(traces: list[Trace], slots: Slots) -> Measured:
    within = [trace for trace in traces if slots.start <= trace.received_at < slots.end]
    numbers = [
        naive([trace for trace in within if start <= trace.received_at < start + slots.width])
        for start in slots.starts()
    ]
    return Measured(numbers, naive(within))


@pytest.mark.parametrize("seed", range(5))
def test_every_number_is_what_counting_by_hand_gives(unlimited, seed):
    chance = random.Random(seed)
    for _ in range(60):
        store(
            unlimited.account,
            FIRST + timedelta(microseconds=chance.randrange(-3_600_000_000, 25 * 3_600_000_000)),
            until=chance.choice([None, 0, chance.randrange(60_000), chance.randrange(60_000) / 4]),
            status=chance.choice(list(TraceStatus)),
            agent=chance.choice([None, "one", "two"]),
            input_tokens=chance.choice([None, 0, chance.randrange(10_000)]),
            output_tokens=chance.choice([None, 7]),
            cost_nanodollars=chance.choice([None, 0, chance.randrange(10**9)]),
        )
    stored = list(Trace.objects.select_related("agent"))

    assert measure(unlimited.account, HOURS) == naive_slots(stored, HOURS)
    by_agent = measure_agents(unlimited.account, HOURS)
    for agent in Agent.objects.all():
        own = [trace for trace in stored if trace.agent_id == agent.pk]
        assert by_agent.pop(agent.pk) == naive_slots(own, HOURS)
        assert measure(unlimited.account, HOURS, agent) == naive_slots(own, HOURS)
    assert by_agent == {}


@pytest.mark.parametrize(
    ("count", "p50", "p95"), [(1, 1, 1), (2, 1, 2), (3, 2, 3), (19, 10, 19), (20, 10, 19), (21, 11, 20)]
)
def test_a_percentile_is_a_duration_that_some_trace_had(unlimited, count, p50, p95):
    for number in range(1, count + 1):
        store(unlimited.account, FIRST, until=number)

    numbers = measure(unlimited.account, HOURS).total
    assert (numbers.p50_ms, numbers.p95_ms) == (p50, p95)


@pytest.mark.parametrize(
    ("moment", "slot"),
    [
        (FIRST - timedelta(microseconds=1), None),
        (FIRST, 0),
        (FIRST + timedelta(hours=1, microseconds=-1), 0),
        (FIRST + timedelta(hours=1), 1),
        (FIRST + timedelta(hours=24, microseconds=-1), 23),
        (FIRST + timedelta(hours=24), None),
    ],
)
def test_a_slot_has_its_first_moment_and_not_its_last(alice, moment, slot):
    store(alice.account, moment)

    assert [number for number, found in enumerate(measure(alice.account, HOURS).slots) if found.traces] == (
        [] if slot is None else [slot]
    )


def test_an_end_before_the_start_counts_as_no_time(alice):
    store(alice.account, FIRST)
    Trace.objects.update(ended_at=at(-5_000))

    assert measure(alice.account, HOURS).slots[0].p95_ms == 0


def test_the_largest_token_counts_can_be_added(unlimited):
    for _ in range(3):
        store(unlimited.account, FIRST, input_tokens=MAX_TOKENS)
    Trace.objects.update(input_tokens=2**63 - 1)

    assert measure(unlimited.account, HOURS).slots[0].input_tokens == pytest.approx(3 * 2**63)


def test_another_account_is_not_in_the_numbers(alice, charlie):
    store(charlie.account, FIRST)

    assert measure(alice.account, HOURS) == Measured([NOTHING] * 24, NOTHING)
    assert measure_agents(alice.account, HOURS) == {}


def test_beyond_the_bound_the_newest_are_measured(unlimited, monkeypatch):
    monkeypatch.setattr(measures, "MAX_MEASURED", 2)
    for hour in range(4):
        store(unlimited.account, FIRST + timedelta(hours=hour))

    measured = measure(unlimited.account, HOURS)
    assert [numbers.traces for numbers in measured.slots][:4] == [0, 0, 1, 1]
    assert measured.is_capped
