"""Many requests in one thread: each runs until it waits for what all of them wait for, and the next goes on meanwhile.

A request that stores something ends with a commit, which it shares with whatever comes while it waits. With a thread
for each of them, all have to be woken to give their answers, and since Python runs one thread at a time, the waking
costs more than the answers do. Here a request is a greenlet: to let another go on is a jump within the thread, and code
that knows nothing of it (views, the ORM) stays as it is. The bridge to the web server starts them, and whoever writes
for several of them lets the others go first.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

from greenlet import getcurrent, greenlet

MOST_AHEAD = 128
"""So many at most go first, whether they wait in turn or just end: an endless row of others keeps nobody waiting."""

SECONDS_TO_GATHER = 0.001
"""How long the next of those that are expected is waited for: whoever got an answer is soon there again."""
_SECONDS_UNTIL_REST = 1.0
SECONDS_TO_WAIT = 20.0
"""After so long a request is told to try again: whoever asks for it gives up, and nothing may be done for it any more."""

logger = logging.getLogger(__name__)


Act = Callable[[], None]


class Turns:
    """A thread that runs acts in the order in which they come, and `rest` when none came for a second.

    As many as went on together the last time are expected to come again, one soon after the other, and are waited for:
    who waits loses a little of what all of them save by one commit. It ends when nobody comes for a millisecond, and
    takes no longer than they took the last time.
    """

    def __init__(self, name: str, rest: Act = lambda: None) -> None:
        self._rest = rest
        self._fresh: SimpleQueue[tuple[float, Act]] = SimpleQueue()
        self._paused: deque[_Turn] = deque()
        self._ahead = self._expected = 0
        self._took = self._gather_until = 0.0
        threading.Thread(target=self._keep_going, name=name, daemon=True).start()

    def start(self, act: Act) -> None:
        """Run `act` when it is its turn; it deals with what goes wrong. It may be called from any thread."""
        self._fresh.put((time.monotonic(), act))

    def _keep_going(self) -> None:
        hub = getcurrent()
        while True:
            fresh = self._next()
            if fresh is not None:
                self._ahead += 1
                _try(_Turn(*fresh, hub, self._paused).switch)
            else:
                self._go_on()
            # Or the last request would stay in memory until the next one.
            del fresh

    def _go_on(self) -> None:
        began = time.monotonic()
        self._ahead, self._expected = 0, len(self._paused)
        for _ in range(self._expected):
            _try(self._paused.popleft().switch)
        self._took = time.monotonic() - began

    def _next(self) -> tuple[float, Act] | None:
        """None when it is time for those that let the others go first."""
        if not self._paused:
            self._ahead = 0
            fresh = self._wait_for_next()
            self._gather_until = time.monotonic() + self._took
            return fresh
        if self._ahead >= MOST_AHEAD:
            return None
        try:
            return self._fresh.get(timeout=self._patience())
        except Empty:
            return None

    def _patience(self) -> float:
        """How many seconds the next one is waited for."""
        if len(self._paused) >= self._expected:
            return 0
        return max(0, min(SECONDS_TO_GATHER, self._gather_until - time.monotonic()))

    def _wait_for_next(self) -> tuple[float, Act]:
        try:
            return self._fresh.get(timeout=_SECONDS_UNTIL_REST)
        except Empty:
            _try(self._rest)
            return self._fresh.get()


class _Turn(greenlet):
    def __init__(self, came_at: float, act: Act, hub: greenlet, paused: "deque[_Turn]") -> None:
        super().__init__(act)
        self.came_at = came_at
        self._hub, self._paused = hub, paused

    def pause(self) -> None:
        self._paused.append(self)
        self._hub.switch()


def _try(act: Act) -> None:
    try:
        act()
    except Exception:
        logger.exception("An act failed; the next ones go on.")


def takes_turns() -> bool:
    """Whether whoever asks shares its thread, and the thread's connection, with others."""
    return isinstance(getcurrent(), _Turn)


def let_others_go_first() -> None:
    """Return when all acts that came until now have ended or wait here too; at once in a thread of one's own."""
    turn = getcurrent()
    if isinstance(turn, _Turn):
        turn.pause()


def came_at() -> float:
    """When whatever runs here came, by time.monotonic(): before it had to wait for its turn, if it takes turns."""
    turn = getcurrent()
    return turn.came_at if isinstance(turn, _Turn) else time.monotonic()
