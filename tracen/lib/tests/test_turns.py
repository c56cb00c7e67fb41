"""Acts in one thread: in which order they run, and who waits for whom."""

import gc
import threading
import weakref
from functools import partial

import pytest

from tracen.lib import turns
from tracen.lib.turns import Turns, let_others_go_first


@pytest.fixture
def told():
    """What the acts said, and how to wait until `count` things were said."""

    class Told(list):
        def __init__(self):
            super().__init__()
            self._changed = threading.Condition()

        def append(self, said):
            with self._changed:
                super().append(said)
                self._changed.notify_all()

        def wait_for(self, count):
            with self._changed:
                assert self._changed.wait_for(lambda: len(self) >= count, 10)
            return list(self)

    return Told()


def start_together(lane, acts):
    """Let all of them come before the first one runs."""
    come = threading.Event()
    lane.start(lambda: come.wait(10))
    for act in acts:
        lane.start(act)
    come.set()


def test_whoever_lets_the_others_go_first_goes_on_when_all_have_had_their_turn(told):
    def act(name):
        told.append(f"{name} comes")
        let_others_go_first()
        told.append(f"{name} goes")

    start_together(Turns("test"), [lambda: act("one"), lambda: told.append("two"), lambda: act("three")])
    assert told.wait_for(5) == ["one comes", "two", "three comes", "one goes", "three goes"]


def test_all_run_in_one_thread(told):
    def act():
        told.append(threading.current_thread().name)
        let_others_go_first()
        told.append(threading.current_thread().name)

    start_together(Turns("lane"), [act] * 3)
    assert told.wait_for(6) == ["lane"] * 6


def test_in_a_thread_of_ones_own_nobody_waits():
    let_others_go_first()


def test_an_endless_row_of_others_keeps_nobody_waiting(told, monkeypatch):
    monkeypatch.setattr(turns, "MOST_AHEAD", 3)
    lane = Turns("test")

    def act():
        told.append("comes")
        lane.start(act if len(told) < 50 else lambda: None)
        let_others_go_first()
        told.append("goes")

    lane.start(act)
    assert told.wait_for(6)[:6] == ["comes"] * 3 + ["goes"] * 3


def come_and_go(told, name):
    told.append(f"{name} comes")
    let_others_go_first()
    told.append(f"{name} goes")


@pytest.fixture
def lane_after(told):
    """Makes a lane in which so many have gone on together, which took so many seconds."""

    def lane_after(count, seconds):
        lane = Turns("test")
        start_together(lane, [partial(come_and_go, told, name) for name in range(count)])
        lane.start(lambda: told.append("all gone"))
        told.wait_for(2 * count + 1)
        # Those that went on have said so before the lane notes how long they took; this one comes after that.
        lane.start(lambda: told.append("idle"))
        told.wait_for(2 * count + 2)
        told.clear()
        lane._took = seconds
        return lane

    return lane_after


def test_as_many_as_the_last_time_are_waited_for(told, lane_after, monkeypatch):
    monkeypatch.setattr(turns, "SECONDS_TO_GATHER", 60)
    lane = lane_after(3, seconds=60)
    for number, name in enumerate(("one", "two", "three"), 1):
        lane.start(partial(come_and_go, told, name))
        told.wait_for(number)
    assert told.wait_for(6) == ["one comes", "two comes", "three comes", "one goes", "two goes", "three goes"]


@pytest.mark.parametrize(("gathering", "last_time"), [(0.001, 60), (60, 0.001)])
def test_nobody_is_waited_for_who_does_not_come(told, lane_after, monkeypatch, gathering, last_time):
    monkeypatch.setattr(turns, "SECONDS_TO_GATHER", gathering)
    lane = lane_after(3, seconds=last_time)
    lane.start(partial(come_and_go, told, "one"))
    assert told.wait_for(2) == ["one comes", "one goes"]


def test_whoever_comes_alone_does_not_wait(told, lane_after, monkeypatch):
    monkeypatch.setattr(turns, "SECONDS_TO_GATHER", 60)
    lane = lane_after(1, seconds=60)
    lane.start(partial(come_and_go, told, "one"))
    assert told.wait_for(2) == ["one comes", "one goes"]


def test_whoever_waits_goes_on_while_others_only_come_and_end(told, monkeypatch):
    monkeypatch.setattr(turns, "MOST_AHEAD", 5)
    lane = Turns("test")

    def come_and_end():
        told.append("ends")
        if len(told) < 50:
            lane.start(come_and_end)

    def wait():
        lane.start(come_and_end)
        let_others_go_first()
        told.append("goes")

    lane.start(wait)
    assert "goes" in told.wait_for(8)[:8]


def test_an_act_that_fails_ends_alone(told):
    start_together(Turns("test"), [lambda: 1 / 0, lambda: told.append("next")])
    assert told.wait_for(1) == ["next"]


def test_it_may_be_let_go_first_more_than_once(told):
    def act(name):
        for _ in range(3):
            told.append(name)
            let_others_go_first()

    start_together(Turns("test"), [lambda: act("a"), lambda: act("b")])
    assert told.wait_for(6) == ["a", "b"] * 3


def test_nothing_of_an_act_stays_behind(told):
    class Request:
        pass

    request = Request()
    gone = weakref.ref(request)

    def act(request):
        let_others_go_first()
        told.append("done")

    lane = Turns("test")
    lane.start(lambda request=request: act(request))
    del request
    told.wait_for(1)
    lane.start(lambda: told.append("next"))
    told.wait_for(2)
    gc.collect()
    assert gone() is None


def test_it_rests_when_nothing_came_for_a_while_and_trouble_with_that_ends_nothing(monkeypatch, told):
    monkeypatch.setattr(turns, "_SECONDS_UNTIL_REST", 0.05)

    def rest():
        told.append("rest")
        raise OSError

    lane = Turns("test", rest)
    told.wait_for(1)
    start_together(lane, [lambda: told.append("one"), lambda: told.append("two")])
    told.wait_for(4)
    assert told == ["rest", "one", "two", "rest"]
