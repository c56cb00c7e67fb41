"""The outbox: a row is delivered once its time has come, by one worker at a time, until it is done or given up."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from tracen.outbox import delivery, tasks
from tracen.outbox.delivery import GiveUp, NotYet, TryLater, Unreachable, deliver_due, put
from tracen.outbox.kinds import KINDS, Kind
from tracen.outbox.models import Delivery

pytestmark = pytest.mark.django_db

KIND = "parcel"


class Handler:
    """What is delivered in these tests: notes the bodies and does to each what it is told."""

    def reset(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.trouble: dict[int, Exception] = {}
        self.at_work, self.go_on = Event(), Event()
        self.go_on.set()

    def __call__(self, row: Delivery, body: dict[str, Any]) -> None:
        self.seen.append(body)
        self.at_work.set()
        self.go_on.wait(5)
        if body["n"] in self.trouble:
            raise self.trouble[body["n"]]

    @property
    def numbers(self) -> list[int]:
        return [body["n"] for body in self.seen]


handler = Handler()


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    """A kind of its own for the test, and no worker to wake."""
    handler.reset()
    monkeypatch.setitem(KINDS, KIND, Kind(f"{__name__}.handler", tried_for=timedelta(hours=1)))
    monkeypatch.setitem(delivery._crews, KIND, delivery._Crew(1))
    monkeypatch.setattr(delivery, "wake_for", lambda kind: None)


def work_once() -> None:
    """What a thread of the worker does with one message."""
    deliver_due(KIND)
    connection.close()


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def later(**time: float):
    return time_machine.travel(timezone.now() + timedelta(**time), tick=False)


def test_a_delivered_row_is_gone():
    put(KIND, {"n": 1})
    assert deliver_due(KIND) == 1
    assert handler.seen == [{"n": 1}]
    assert Delivery.objects.count() == 0


def test_a_row_goes_with_what_caused_it():
    with transaction.atomic():
        put(KIND, {"n": 1})
        transaction.set_rollback(True)
    assert Delivery.objects.count() == 0


def test_a_row_is_not_tried_before_its_time():
    row = put(KIND, {"n": 1})
    Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now() + timedelta(seconds=30))
    assert deliver_due(KIND) == 0
    with later(seconds=31):
        assert deliver_due(KIND) == 1


def test_who_asked_for_time_gets_it():
    put(KIND, {"n": 1})
    handler.trouble[1] = TryLater("busy", after=timedelta(minutes=4))
    deliver_due(KIND)
    with later(minutes=3.9):
        deliver_due(KIND)
    assert handler.numbers == [1]
    with later(minutes=4.1):
        deliver_due(KIND)
    assert handler.numbers == [1, 1]


def test_the_pause_grows_up_to_five_minutes_and_is_never_the_same(monkeypatch):
    monkeypatch.setattr(delivery.random, "uniform", lambda low, high: 1.0)
    pauses = [delivery._pause(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 7, 1_000_000)]
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]
    monkeypatch.undo()
    assert len({delivery._pause(3) for _ in range(20)}) == 20


def test_a_failure_leaves_its_reason_and_the_number_of_tries():
    put(KIND, {"n": 1})
    handler.trouble[1] = TryLater("421 busy")
    deliver_due(KIND)
    row = Delivery.objects.get()
    assert (row.attempts, row.last_error, row.given_up_at) == (1, "421 busy", None)
    assert row.due_at > timezone.now()


def test_a_defect_in_a_handler_is_tried_again_and_logged(caplog):
    put(KIND, {"n": 1})
    handler.trouble[1] = KeyError("to")
    deliver_due(KIND)
    assert Delivery.objects.get().last_error == "KeyError: 'to'"
    assert "could not deliver" in caplog.text


def test_what_will_never_work_is_kept_with_its_reason_and_not_tried_again():
    put(KIND, {"n": 1})
    handler.trouble[1] = GiveUp("550 no such user")
    deliver_due(KIND)
    row = Delivery.objects.get()
    assert row.given_up_at is not None
    assert row.last_error == "550 no such user"
    with later(days=2):
        deliver_due(KIND)
    assert handler.numbers == [1]


def test_it_is_given_up_when_it_was_tried_for_long_enough():
    put(KIND, {"n": 1})
    handler.trouble[1] = TryLater("busy")
    deliver_due(KIND)
    assert Delivery.objects.get().given_up_at is None
    with later(hours=1, seconds=1):
        deliver_due(KIND)
    assert Delivery.objects.get().given_up_at is not None


def test_what_was_given_up_can_be_tried_again_as_if_it_were_new():
    put(KIND, {"n": 1})
    handler.trouble[1] = TryLater("no")
    deliver_due(KIND)
    with later(hours=2):
        deliver_due(KIND)
        assert delivery.try_given_up_again() == 1
        deliver_due(KIND)
        assert Delivery.objects.get().given_up_at is None
        assert Delivery.objects.get().attempts == 1


def test_what_was_given_up_is_forgotten_after_a_month():
    row = put(KIND, {"n": 1})
    put(KIND, {"n": 2})
    for days, left in ((29, 2), (31, 1)):
        Delivery.objects.filter(pk=row.pk).update(given_up_at=timezone.now() - timedelta(days=days))
        tasks.forget_given_up()
        assert Delivery.objects.count() == left


def test_one_that_fails_does_not_hold_up_the_next():
    for number in (1, 2, 3):
        put(KIND, {"n": number})
    handler.trouble[2] = TryLater("busy")
    assert deliver_due(KIND) == 2
    assert handler.numbers == [1, 2, 3]


def test_nothing_more_is_tried_when_the_other_side_cannot_be_reached():
    for number in (1, 2, 3):
        put(KIND, {"n": number})
    handler.trouble[1] = Unreachable("refused")
    assert deliver_due(KIND) == 0
    assert handler.numbers == [1]
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_trouble_with_the_database_is_not_held_against_the_row():
    put(KIND, {"n": 1})
    handler.trouble[1] = OperationalError("gone")
    with pytest.raises(OperationalError):
        deliver_due(KIND)
    assert Delivery.objects.get().last_error == ""
    del handler.trouble[1]
    with later(seconds=46):
        assert deliver_due(KIND) == 1


def test_a_claimed_row_is_nobody_elses_until_the_lease_ends():
    row = put(KIND, {"n": 1})
    assert delivery._claim(row)
    assert deliver_due(KIND) == 0
    with later(seconds=44):
        assert deliver_due(KIND) == 0
    with later(seconds=46):
        assert deliver_due(KIND) == 1


def test_of_two_who_saw_the_same_row_one_gets_it():
    pk = put(KIND, {"n": 1}).pk
    first, second = (Delivery.objects.get(pk=pk) for _ in range(2))
    assert [delivery._claim(row) for row in (first, second)] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_deliver_each_row_once(monkeypatch):
    monkeypatch.setitem(delivery._crews, KIND, delivery._Crew(6))
    for number in range(60):
        put(KIND, {"n": number})
    barrier = Barrier(6)

    def work() -> None:
        barrier.wait()
        deliver_due(KIND)
        connection.close()

    workers = [Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(handler.numbers) == list(range(60))
    assert Delivery.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_one_who_finds_all_places_taken_has_its_row_delivered_by_who_is_at_work():
    put(KIND, {"n": 1})
    handler.go_on.clear()

    def work() -> None:
        deliver_due(KIND)
        connection.close()

    worker = Thread(target=work)
    worker.start()
    assert handler.at_work.wait(5)
    put(KIND, {"n": 2})
    assert deliver_due(KIND) == 0
    handler.go_on.set()
    worker.join()
    assert handler.numbers == [1, 2]


def test_the_sweep_wakes_for_each_kind_that_is_due(monkeypatch):
    woken: list[str] = []
    monkeypatch.setattr(tasks.deliver, "delay", woken.append)
    put(KIND, {"n": 1})
    put(KIND, {"n": 2})
    given_up = put("mail", {"n": 3})
    Delivery.objects.filter(pk=given_up.pk).update(given_up_at=timezone.now())
    tasks.sweep()
    assert woken == [KIND]


def test_the_longest_handler_is_shorter_than_the_lease(settings):
    """Five answers of a mail server that takes all the time it has."""
    assert delivery.LEASE.total_seconds() > settings.EMAIL_TIMEOUT * 5


def test_what_waits_of_a_group_is_told_oldest_first():
    for number, group in enumerate(["a", "b", "a", "a"]):
        put(KIND, {"n": number}, group=group)
    assert delivery.waiting_bodies(KIND, "a", 2) == [{"n": 0}, {"n": 2}]


def test_what_waits_for_its_turn_is_never_given_up():
    put(KIND, {"n": 1})
    handler.trouble[1] = NotYet("the last one was a moment ago", timedelta(minutes=5))
    for days in range(5):
        with later(days=days):
            deliver_due(KIND)
    row = Delivery.objects.get()
    assert (row.attempts, row.given_up_at, row.last_error) == (0, None, "the last one was a moment ago")
    assert len(handler.seen) == 5


def test_time_spent_waiting_does_not_count_as_time_spent_trying():
    put(KIND, {"n": 1})
    handler.trouble[1] = NotYet("wait", timedelta(minutes=5))
    deliver_due(KIND)
    handler.trouble[1] = TryLater("busy")
    for hours, is_over in ((48, False), (48.9, False), (49.1, True)):
        with later(hours=hours):
            deliver_due(KIND)
        assert (Delivery.objects.get().given_up_at is not None) is is_over


@pytest.mark.parametrize("trouble", [TryLater("no", timedelta()), NotYet("no", timedelta(seconds=-9))])
def test_nothing_is_due_again_at_once(trouble):
    put(KIND, {"n": 1})
    handler.trouble[1] = trouble
    deliver_due(KIND)
    assert handler.numbers == [1]


def test_a_group_waits_together_after_one_look(django_assert_max_num_queries):
    for number in range(200):
        put(KIND, {"n": number}, group="slow")
        handler.trouble[number] = NotYet("quiet", timedelta(minutes=5))
    put(KIND, {"n": 500}, group="other")
    with django_assert_max_num_queries(40):
        assert deliver_due(KIND) == 1
    assert handler.numbers == [0, 500]
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {0}
    with later(minutes=4.9):
        assert deliver_due(KIND) == 0
        assert handler.numbers == [0, 500]


def test_a_group_that_was_held_back_can_be_hastened():
    for number in range(3):
        put(KIND, {"n": number}, group="slow" if number else "other")
    Delivery.objects.update(due_at=timezone.now() + timedelta(hours=1))
    delivery.hasten(KIND, "slow")
    assert deliver_due(KIND) == 2
    assert sorted(handler.numbers) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_an_account_takes_one_place_however_much_it_has(monkeypatch, alice, charlie):
    monkeypatch.setitem(delivery._crews, KIND, delivery._Crew(3))
    for number in range(5):
        put(KIND, {"n": number}, alice.account.pk)
    handler.go_on.clear()
    workers = [Thread(target=work_once) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert handler.at_work.wait(5)
    put(KIND, {"n": 9}, charlie.account.pk)
    other = Thread(target=work_once)
    other.start()
    assert wait_until(lambda: 9 in handler.numbers)
    assert sorted(handler.numbers) == [0, 9]
    handler.go_on.set()
    for worker in (*workers, other):
        worker.join()
    assert sorted(handler.numbers) == [0, 1, 2, 3, 4, 9]


def test_a_row_goes_with_its_account(alice):
    put(KIND, {"n": 1}, alice.account.pk)
    put(KIND, {"n": 2})
    alice.account.delete()
    assert [row.body for row in Delivery.objects.all()] == ['{"n": 2}']


def test_rows_are_taken_in_the_order_in_which_they_are_due():
    rows = [put(KIND, {"n": number}) for number in range(3)]
    for minutes, row in zip((1, 3, 2), rows, strict=True):
        Delivery.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(minutes=minutes))
    deliver_due(KIND)
    assert handler.numbers == [1, 2, 0]
