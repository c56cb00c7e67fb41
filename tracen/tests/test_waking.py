"""Waking the worker: after the commit, in the background, once for equal messages, and silent while the broker is away."""

import os
import threading
import time
from typing import Any

import pytest
from django.db import transaction

from tracen.lib import waking
from tracen.lib.waking import Waker, wake


class Task:
    """A task that notes its messages; `is_away` makes the broker fail, `gate` makes it slow."""

    def __init__(self) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self.tries = 0
        self.is_away = False
        self.gate = threading.Event()
        self.gate.set()

    def delay(self, *arguments: Any) -> None:
        self.tries += 1
        self.gate.wait(5)
        if self.is_away:
            raise ConnectionError("refused")
        self.sent.append(arguments)


def wait_until(condition, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


@pytest.fixture
def task() -> Task:
    return Task()


@pytest.mark.django_db(transaction=True)
def test_a_message_leaves_after_the_commit(task, monkeypatch):
    waker = Waker()
    monkeypatch.setattr(waking, "_waker_of_this_process", lambda: waker)
    with transaction.atomic():
        wake(task, "mail")
        assert task.tries == 0
    assert wait_until(lambda: task.sent == [("mail",)])


@pytest.mark.django_db(transaction=True)
def test_no_message_leaves_for_what_was_rolled_back(task, monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr(waking, "_waker_of_this_process", lambda: asked.append("for a waker"))
    with transaction.atomic():
        wake(task, "mail")
        transaction.set_rollback(True)
    assert asked == []


def test_equal_messages_that_wait_are_sent_once(task):
    waker = Waker()
    task.gate.clear()
    waker.send(task, ("first",))
    assert wait_until(lambda: task.tries == 1)
    for _ in range(1_000):
        waker.send(task, ("mail",))
        waker.send(task, ("alert",))
    task.gate.set()
    assert wait_until(lambda: len(task.sent) == 3)
    assert task.sent == [("first",), ("mail",), ("alert",)]


def test_who_wakes_never_waits_for_the_broker(task):
    waker = Waker()
    task.gate.clear()
    started = time.monotonic()
    for number in range(100):
        waker.send(task, (number,))
    assert time.monotonic() - started < 4, "one that waited would wait five seconds at the gate"
    task.gate.set()


def test_after_one_failure_nothing_is_sent_for_half_a_minute(task, monkeypatch):
    waker, clock = Waker(), [time.monotonic()]
    monkeypatch.setattr(waking.time, "monotonic", lambda: clock[0])
    task.is_away = True
    waker.send(task, ("one",))
    assert wait_for_tries(task, 1)
    task.is_away = False
    clock[0] += waking.SECONDS_OF_SILENCE - 1
    waker.send(task, ("two",))
    clock[0] += 2
    waker.send(task, ("three",))
    assert wait_for_tries(task, 2)
    assert task.sent == [("three",)]


def wait_for_tries(task: Task, count: int) -> bool:
    for _ in range(1_000):
        if task.tries >= count and (task.sent or task.is_away):
            # The failed one is noted right after the try.
            threading.Event().wait(0.05)
            return True
        threading.Event().wait(0.005)
    return False


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_process_sends_its_own(monkeypatch):
    first = waking._waker_of_this_process()
    assert waking._waker_of_this_process() is first
    monkeypatch.setattr(first, "process", os.getpid() + 1)
    second = waking._waker_of_this_process()
    assert second is not first
    assert second.process == os.getpid()
