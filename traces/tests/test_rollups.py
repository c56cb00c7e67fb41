"""Summaries of hours that are over: what they count, and that no change of a trace leaves one that is wrong."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
import time_machine
from django.db import connection, transaction

from tests.api import NEXUS
from traces import measures, rollups
from traces.agents import delete_agent
from traces.ingest import end_trace, record_trace
from traces.measures import measure, measure_agents
from traces.models import Agent, HourSummary, Trace
from traces.overview import RANGES
from traces.records import TraceEnd, TraceStatus
from traces.removal import delete_traces
from traces.rollups import HOUR, summarise_hour, summarise_hours, uncounted
from traces.tallies import LARGEST_ERROR, Slots, Tally, round_duration
from traces.tests.runs import at, run
from traces.timeouts import end_silent_traces

NOW = datetime(2026, 11, 22, 10, 20, tzinfo=UTC)
WEEK = RANGES["7d"].slots(NOW)
ENDED = datetime(2026, 11, 22, 7, tzinfo=UTC)
"""An hour that is over."""


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def store(account, received_at: datetime = ENDED, until: float | None = 100, **more) -> Trace:
    """A run as if it had been received then."""
    record = run(until=until, **more)
    with time_machine.travel(received_at, tick=False):
        record_trace(account, record)
    return Trace.objects.get(pk=record.id)


def as_counted_by_hand(account, slots: Slots, agent: Agent | None = None):
    """The same numbers from the traces alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measures, "read_summaries", lambda *_, **__: [])
        return measure(account, slots, agent)


def hours_counted() -> set[datetime]:
    return set(HourSummary.objects.values_list("hour", flat=True))


def test_an_hour_that_is_over_is_counted_once(alice):
    store(alice.account)

    assert summarise_hours() == 1
    assert summarise_hours() == 0
    assert [row.traces for row in HourSummary.objects.order_by("agent")] == [1, 1]


@pytest.mark.parametrize(
    ("minutes", "is_counted"), [(4, False), (6, True)], ids=["not until five minutes after it", "after that"]
)
def test_an_hour_is_counted_when_nothing_can_arrive_in_it(alice, minutes, is_counted):
    store(alice.account, NOW.replace(hour=9, minute=59))

    with time_machine.travel(NOW.replace(minute=minutes), tick=False):
        summarise_hours()
    assert bool(hours_counted()) == is_counted


def test_summaries_that_no_page_reads_go(alice):
    store(alice.account)
    summarise_hours()
    with time_machine.travel(datetime(2027, 1, 2, tzinfo=UTC), tick=False):
        store(alice.account, datetime(2027, 1, 1, 12, tzinfo=UTC))
        summarise_hours()

    assert hours_counted() == {datetime(2027, 1, 1, 12, tzinfo=UTC)}


def test_a_closed_account_is_left_alone(alice):
    store(alice.account)
    alice.account.closed_at = NOW
    alice.account.save()

    assert summarise_hours() == 0
    assert not summarise_hour(alice.account.pk, ENDED)


def shake(account, chance: random.Random) -> None:
    """Do one thing that changes what an hour holds."""
    traces = list(Trace.objects.filter(account=account))
    trace = chance.choice(traces)
    what = chance.randrange(4)
    if what == 0:
        delete_traces(account, [trace.pk])
    elif what == 1:
        end_trace(account, trace.pk, TraceEnd(status=chance.choice(list(TraceStatus)), ended_at=at(chance.random())))
    elif what == 2:
        Trace.objects.filter(status="running").update(heard_at=NOW - timedelta(days=1))
        end_silent_traces()
    else:
        agent = chance.choice([*Agent.objects.filter(account=account), None])
        if agent:
            delete_agent(agent)


@pytest.mark.parametrize("seed", range(5))
def test_after_any_change_the_numbers_are_those_of_the_traces(unlimited, seed):
    chance = random.Random(seed)
    for _ in range(30):
        store(
            unlimited.account,
            NOW - timedelta(hours=chance.randrange(6), minutes=chance.randrange(30)),
            until=chance.choice([None, chance.randrange(60_000)]),
            status=chance.choice(list(TraceStatus)),
            agent=chance.choice([None, "one", "two", "three"]),
            input_tokens=chance.choice([None, chance.randrange(10_000)]),
            cost_nanodollars=chance.choice([None, 0, chance.randrange(10**9)]),
        )
    for _ in range(12):
        summarise_hours()
        shake(unlimited.account, chance)

        assert measure(unlimited.account, WEEK) == as_counted_by_hand(unlimited.account, WEEK)
        for agent in Agent.objects.all():
            own = as_counted_by_hand(unlimited.account, WEEK, agent)
            assert measure(unlimited.account, WEEK, agent) == own
            if own.total.traces:
                assert measure_agents(unlimited.account, WEEK)[agent.pk] == own


def test_a_change_in_the_hour_we_are_in_costs_nothing(alice, django_assert_num_queries):
    with django_assert_num_queries(0):
        rollups.forget_hours([(alice.account.pk, NOW)])


def test_a_patch_forgets_the_hour_of_its_trace_alone(alice):
    trace, _ = store(alice.account), store(alice.account, ENDED - HOUR)
    summarise_hours()
    assert alice.api.patch(f"{NEXUS}/{trace.pk}", {"status": "error"}).status_code == 200

    assert hours_counted() == {ENDED - HOUR}


def test_a_late_span_forgets_nothing(alice):
    trace = store(alice.account)
    summarise_hours()
    alice.api.add_span(str(trace.pk))

    assert hours_counted() == {ENDED}


def test_another_accounts_summaries_stay(alice, charlie):
    trace = store(alice.account)
    store(charlie.account)
    summarise_hours()
    delete_traces(alice.account, [trace.pk])

    assert set(HourSummary.objects.values_list("account", flat=True)) == {charlie.account.pk}


def test_many_durations_are_rounded_and_a_percentile_stays_near(unlimited):
    chance = random.Random(7)
    lasted = [int(chance.lognormvariate(8, 1.5)) for _ in range(400)]
    for ms in lasted:
        store(unlimited.account, until=ms)
    true = as_counted_by_hand(unlimited.account, WEEK).total
    summarise_hours()
    total = measure(unlimited.account, WEEK).total

    assert (total.traces, total.p50_ms != true.p50_ms) == (400, True)
    assert total.p50_ms == pytest.approx(true.p50_ms, rel=LARGEST_ERROR)
    assert total.p95_ms == pytest.approx(true.p95_ms, rel=LARGEST_ERROR)


def test_no_duration_is_rounded_by_more_than_is_promised():
    chance = random.Random(3)
    every = [*range(20_000), *(int(10 ** chance.uniform(4, 11)) for _ in range(5_000))]

    assert max(abs(round_duration(ms) - ms) / max(ms, 1) for ms in every) <= LARGEST_ERROR


def test_what_is_counted_needs_no_bound(unlimited, monkeypatch):
    monkeypatch.setattr(measures, "MAX_MEASURED", 2)
    for hours in range(5):
        store(unlimited.account, ENDED - HOUR * hours)
    assert (measure(unlimited.account, WEEK).is_capped, measure(unlimited.account, WEEK).total.traces) == (True, 2)
    summarise_hours()

    assert (measure(unlimited.account, WEEK).is_capped, measure(unlimited.account, WEEK).total.traces) == (False, 5)


@pytest.mark.parametrize("slug", RANGES)
def test_a_range_takes_two_queries(unlimited, slug, django_assert_num_queries):
    for hours in range(0, 60, 2):
        store(unlimited.account, NOW - HOUR * hours)
    summarise_hours()

    with django_assert_num_queries(2):
        measure(unlimited.account, RANGES[slug].slots(NOW))


@pytest.mark.parametrize(
    ("counted", "rest"),
    [
        ([], [(0, 4)]),
        ([0, 1, 2, 3], []),
        ([1], [(2, 4), (0, 1)]),
        ([0, 3], [(1, 3)]),
        ([0, 2], [(3, 4), (1, 2)]),
    ],
)
def test_what_is_not_counted_is_read_in_few_stretches(counted, rest):
    hours = [ENDED + HOUR * number for number in range(5)]

    assert uncounted(hours[0], hours[4], [hours[number] for number in counted]) == [
        (hours[begins], hours[ends]) for begins, ends in rest
    ]


def test_tallies_add_up():
    tally = Tally(2, 1, 10, 5, 390_400, Counter({100: 2}))
    tally.add(Tally(1, 0, 1, 1, 600, Counter({100: 1, 900: 1})))

    assert tally == Tally(3, 1, 11, 6, 391_000, Counter({100: 3, 900: 1}))


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_not_committed_yet_is_waited_for(alice):
    trace = store(alice.account)
    other = Thread(target=_summarise_elsewhere, args=(alice.account.pk,))
    with transaction.atomic():
        end_trace(alice.account, trace.pk, TraceEnd(status=TraceStatus.ERROR))
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join()

    assert [row.failed for row in HourSummary.objects.all()] == [1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_change_during_the_count_removes_what_was_counted(alice, monkeypatch):
    trace = store(alice.account)
    has_counted, go_on = Event(), Event()
    count = rollups._count_hour

    def count_and_wait(*hour):
        found = count(*hour)
        has_counted.set()
        go_on.wait(60)
        return found

    monkeypatch.setattr(rollups, "_count_hour", count_and_wait)
    builder = Thread(target=_summarise_elsewhere, args=(alice.account.pk,))
    builder.start()
    has_counted.wait(60)
    changer = Thread(target=_delete_elsewhere, args=(alice.account, trace.pk))
    changer.start()
    changer.join(0.3)
    assert changer.is_alive()
    go_on.set()
    builder.join()
    changer.join()

    assert not HourSummary.objects.exists()


def _summarise_elsewhere(account_id: int) -> None:
    try:
        summarise_hour(account_id, ENDED)
    finally:
        connection.close()


def _delete_elsewhere(account, trace_id) -> None:
    try:
        delete_traces(account, [trace_id])
    finally:
        connection.close()
