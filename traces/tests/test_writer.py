"""Group commit: what is shared, what stays apart, and that an answer comes after the commit."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, OperationalError, connection

from accounts.api_keys import find_key, revoke_key
from accounts.plans import FREE
from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body
from tracen.lib import turns
from tracen.lib.turns import Turns
from traces import ingest, pieces, writer
from traces.errors import KeyRevoked, MonthlyLimitReached, TraceNotFound
from traces.ingest import Sender, append_spans, end_trace, record_trace
from traces.models import MonthlyUsage, RateWindow, Span, Trace
from traces.records import TraceEnd, TraceStatus
from traces.tests.runs import run, span
from traces.tests.test_otlp_api import OTLP, export
from traces.tests.test_otlp_api import span as otlp_span
from traces.writer import Writer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def batches(monkeypatch):
    """The sizes of the batches that ingest writes, from now on."""
    sizes: list[int] = []
    write = ingest._writer._write
    monkeypatch.setattr(ingest._writer, "_write", lambda works: sizes.append(len(works)) or write(works))
    return sizes


@pytest.fixture
def gathered(monkeypatch):
    """Lets a number of works gather before the writer begins."""

    def run_together(acts):
        hold, commit = threading.Event(), ingest._writer._commit

        def patient(works):
            hold.wait(60)
            return commit(works)

        monkeypatch.setattr(ingest._writer, "_commit", patient)
        with ThreadPoolExecutor(len(acts) + 1) as pool:
            first = pool.submit(_outcome, lambda: None)
            futures = [pool.submit(_outcome, act) for act in acts]
            deadline = time.monotonic() + 60
            while len(ingest._writer._row) < len(acts) - 1 and time.monotonic() < deadline:
                time.sleep(0.005)
            hold.set()
            first.result()
            return [future.result() for future in futures]

    return run_together


def _outcome(act):
    try:
        return act()
    except Exception as trouble:  # noqa: BLE001 - it is what is looked at
        return trouble
    finally:
        connection.close()


def test_what_waits_together_is_committed_together(alice, gathered, batches):
    records = [run(span("step"), agent=None) for _ in range(20)]
    gathered([lambda record=record: record_trace(alice.account, record) for record in records])
    assert sum(batches) == 20
    assert len(batches) <= 2, "the first to come may go alone, the rest waits for it and goes together"
    assert Trace.objects.count() == Span.objects.count() == 20


def test_who_is_refused_does_not_disturb_the_others(alice, gathered):
    record_trace(alice.account, run(agent=None))
    MonthlyUsage.objects.update(traces=FREE.traces_per_month - 3)
    outcomes = gathered([lambda: record_trace(alice.account, run(agent=None)) for _ in range(8)])
    refused = [outcome for outcome in outcomes if outcome is not None]
    assert [type(outcome) for outcome in refused] == [MonthlyLimitReached] * 5
    assert {outcome.current for outcome in refused} == {FREE.traces_per_month + 1}
    assert MonthlyUsage.objects.get().traces == FREE.traces_per_month
    assert Trace.objects.count() == 4


def test_a_row_that_the_database_refuses_fails_alone(alice, gathered):
    twice = run(agent=None)
    record_trace(alice.account, twice)
    records = [twice, *(run(agent=None) for _ in range(5))]
    outcomes = gathered([lambda record=record: record_trace(alice.account, record) for record in records])
    assert isinstance(outcomes[0], IntegrityError)
    assert outcomes[1:] == [None] * 5
    assert Trace.objects.count() == 6
    assert MonthlyUsage.objects.get().traces == 6


def test_different_works_go_together(alice, charlie, gathered):
    old, foreign = run(agent="a", status=TraceStatus.RUNNING, until=None), run(agent="b")
    record_trace(alice.account, old)
    record_trace(charlie.account, foreign)
    outcomes = gathered(
        [
            lambda: record_trace(alice.account, run(agent="a")),
            lambda: append_spans(alice.account, old.id, [span("one"), span("two")]),
            lambda: append_spans(alice.account, old.id, [span("three")]),
            lambda: end_trace(alice.account, old.id, TraceEnd(status=TraceStatus.SUCCESS)),
            lambda: append_spans(alice.account, foreign.id, [span("not mine")]),
        ]
    )
    assert outcomes[:4] == [None] * 4
    assert isinstance(outcomes[4], TraceNotFound)
    trace = Trace.objects.get(pk=old.id)
    assert (trace.status, trace.span_count) == ("success", 3)
    assert sorted(Span.objects.filter(trace=trace).values_list("ordinal", flat=True)) == [0, 1, 2]


def test_a_key_that_was_revoked_since_it_was_read_stores_nothing(alice):
    key = find_key(alice.api.key)
    revoke_key(key)
    with pytest.raises(KeyRevoked):
        record_trace(Sender(key.account, key), run(agent=None))
    assert not Trace.objects.exists()


@pytest.mark.parametrize("body", [nexus_body(), {}, {"agent_id": 1}])
def test_a_process_that_knew_the_key_tells_it_nothing_once_it_is_revoked(alice, body):
    trace_id = alice.api.create_trace()
    revoke_key(find_key(alice.api.key))
    for answer in (
        alice.api.post(NEXUS, body),
        alice.api.post(TRACES, body),
        alice.api.post(f"{NEXUS}/{trace_id}/spans", body),
        alice.api.patch(f"{NEXUS}/{trace_id}", {"status": "bad"}),
        alice.api.get(f"{NEXUS}/{trace_id}"),
        alice.api.post(NEXUS, body, headers={"Idempotency-Key": "k"}),
    ):
        assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API key"})
    assert Trace.objects.count() == 1


def test_a_plan_that_changed_counts_at_once(alice):
    assert alice.api.post(NEXUS, nexus_body(agent_id="one")).status_code == 201
    assert alice.api.post(NEXUS, nexus_body(agent_id="two")).status_code == 403
    alice.account.plan_slug = "pro"
    alice.account.save()
    assert alice.api.post(NEXUS, nexus_body(agent_id="two")).status_code == 201


def test_every_route_writes_through_it(alice, batches):
    trace_id = alice.api.create_trace()
    alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body())
    alice.api.patch(f"{NEXUS}/{trace_id}", {"status": "success"})
    alice.api.post(TRACES, tracen_body())
    assert batches == [1, 1, 1, 1]


def test_who_stops_waiting_has_nothing_stored_later(alice, monkeypatch):
    begun, busy, stored = threading.Event(), threading.Event(), []

    def write(works):
        begun.set()
        busy.wait(60)
        return [stored.append(work) for work in works]

    slow: Writer[str] = Writer(write)
    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patch:
        patch.setattr(turns, "SECONDS_TO_WAIT", 1)
        first = pool.submit(_outcome, lambda: slow.run("first"))
        assert begun.wait(60)
        second = _outcome(lambda: slow.run("second"))
        busy.set()
        assert first.result() is None
    assert isinstance(second, OperationalError)
    slow.run("third")
    assert stored == ["first", "third"], "the first was being written when its patience ended"


def test_too_many_waiting_are_sent_away_at_once(monkeypatch):
    monkeypatch.setattr(writer, "MOST_WAITING", 0)
    with pytest.raises(OperationalError, match="Too much"):
        Writer(lambda works: [None for _ in works]).run("work")


def test_it_outlives_a_connection_that_cannot_be_closed(alice, monkeypatch):
    failures = iter([OperationalError("the database went away")])

    def write(works):
        for failure in failures:
            monkeypatch.setattr(connection._connections[connection._alias], "close_if_unusable_or_obsolete", refuse)
            raise failure
        return [None for _ in works]

    def refuse():
        raise OperationalError("the connection is lost")

    lasting: Writer[str] = Writer(write)
    with pytest.raises(OperationalError, match="went away"):
        lasting.run("first")
    assert connection.connection is None
    lasting.run("second")


def _take_turns(acts):
    """The outcomes of acts that come together and share one thread."""
    lane, come, done, outcomes = Turns("test"), threading.Event(), threading.Event(), []

    def do(act):
        outcomes.append(_outcome(act))
        if len(outcomes) == len(acts):
            done.set()

    lane.start(lambda: come.wait(60))
    for act in acts:
        lane.start(lambda act=act: do(act))
    come.set()
    assert done.wait(60)
    return outcomes


def test_works_that_take_turns_in_one_thread_are_committed_together(alice):
    sizes: list[int] = []
    shared: Writer[int] = Writer(lambda works: sizes.append(len(works)) or [None for _ in works])
    assert _take_turns([lambda: shared.run(1)] * 20) == [None] * 20
    assert sizes == [20]


def test_what_waited_too_long_for_its_turn_is_not_stored_any_more(alice, monkeypatch):
    stored: list[str] = []
    shared: Writer[str] = Writer(lambda works: [stored.append(work) for work in works])
    with monkeypatch.context() as patch:
        patch.setattr(turns, "SECONDS_TO_WAIT", 0.3)
        busy, late = _take_turns([lambda: time.sleep(0.5), lambda: shared.run("late")])
    assert (busy, type(late)) == (None, OperationalError), "told to try again while the thread did something else"
    assert _take_turns([lambda: shared.run("in time")]) == [None]
    assert stored == ["in time"]


def test_heavy_works_have_transactions_of_their_own_and_only_a_few_share_one(alice, monkeypatch):
    monkeypatch.setattr(writer, "MOST_HEAVY_AT_ONCE", 3)
    batches: list[list[int]] = []
    shared: Writer[int] = Writer(lambda works: batches.append([*works]) or [None for _ in works], lambda work: work > 4)
    _take_turns([lambda number=number: shared.run(number) for number in (0, 5, 1, 6, 7, 2, 8, 3, 9, 4)])
    assert batches == [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9]]


def test_accounts_that_share_a_transaction_have_months_of_their_own(alice, charlie, gathered):
    for person in (alice, charlie):
        record_trace(person.account, run(agent=None))
    MonthlyUsage.objects.filter(account=alice.account).update(traces=FREE.traces_per_month - 1)
    owners = [alice, charlie] * 3
    outcomes = gathered([lambda owner=owner: record_trace(owner.account, run(agent=None)) for owner in owners])
    assert [type(outcome) for outcome in outcomes if outcome] == [MonthlyLimitReached] * 2
    used = dict(MonthlyUsage.objects.values_list("account_id", "traces"))
    assert used == {alice.account.pk: FREE.traces_per_month, charlie.account.pk: 4}


def test_who_was_chosen_in_a_deadlock_tries_again(alice):
    class Deadlock(Exception):
        sqlstate = "40P01"

    failures = [1, 2]

    def write(works):
        if failures:
            failures.pop()
            raise OperationalError("deadlock detected") from Deadlock()
        return [None for _ in works]

    failures.pop()
    Writer(write).run("work")
    failures.extend([1, 2])
    with pytest.raises(OperationalError, match="deadlock"):
        Writer(write).run("work")


def test_a_request_over_the_months_limit_does_not_count_in_the_hour(alice):
    assert alice.api.post(TRACES, tracen_body()).status_code == 200
    MonthlyUsage.objects.update(traces=FREE.traces_per_month)
    for _ in range(3):
        assert alice.api.post(TRACES, tracen_body()).status_code == 429
    assert len(bytes(RateWindow.objects.get().hits)) == 8


def test_a_work_that_another_process_overtook_is_done_the_second_time(alice, monkeypatch):
    write, failures = ingest._writer._write, [IntegrityError("somebody stored it first")]

    def overtaken(works):
        if failures:
            raise failures.pop()
        return write(works)

    monkeypatch.setattr(ingest._writer, "_write", overtaken)
    record_trace(alice.account, run())
    assert Trace.objects.count() == 1


def test_a_trace_that_is_deleted_while_its_spans_come_is_begun_anew(alice, monkeypatch):
    hold, deleted = pieces.hold, [{}]
    alice.api.post(OTLP, export(otlp_span(1)))
    monkeypatch.setattr(pieces, "hold", lambda owners: deleted.pop() if deleted else hold(owners))
    assert alice.api.post(OTLP, export(otlp_span(2))).content == b"{}"
    assert Trace.objects.get().span_count == Span.objects.count() == 2
