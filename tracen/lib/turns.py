"""Many requests in one thread: each runs until it waits for what all of them wait for, and the next goes on meanwhile.

A request that stores something ends with a commit, which it shares with whatever comes while it waits. With a thread
for each of them, all have to be woken to give their answers, and since Python runs one thread at a time, the waking
costs more than the answers do. Here a request is a greenlet: to let another go on is a jump within the thread, and code
that knows nothing of it (views, the ORM) stays as it is. The bridge to the web server starts them, and whoever writes
for several of them lets the others go first.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue

from greenlet import getcurrent, greenlet

MOST_PAUSED = 128
"""So many at most go first: whoever waits must get its answer however many more there are."""


class Turns:
    """A thread that runs acts in the order in which they come."""

    def __init__(self, name: str) -> None:
        self._fresh: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._paused: deque[_Turn] = deque()
        threading.Thread(target=self._keep_going, name=name, daemon=True).start()

    def start(self, act: Callable[[], None]) -> None:
        """Run `act`, which raises nothing, when it is its turn. It may be called from any thread."""
        self._fresh.put(act)

    def _keep_going(self) -> None:
        hub = getcurrent()
        while True:
            act = self._next_act()
            if act is not None:
                _Turn(act, hub, self._paused).switch()
            else:
                for _ in range(len(self._paused)):
                    self._paused.popleft().switch()
            # Or the last request would stay in memory until the next one.
            del act

    def _next_act(self) -> Callable[[], None] | None:
        """None when it is time for those that let the others go first."""
        if not self._paused:
            return self._fresh.get()
        if len(self._paused) >= MOST_PAUSED:
            return None
        try:
            return self._fresh.get_nowait()
        except Empty:
            return None


class _Turn(greenlet):
    def __init__(self, act: Callable[[], None], hub: greenlet, paused: "deque[_Turn]") -> None:
        super().__init__(act)
        self._hub, self._paused = hub, paused

    def pause(self) -> None:
        self._paused.append(self)
        self._hub.switch()


def let_others_go_first() -> bool:
    """Return when all acts that came until now have ended or wait here too: True. At once in a thread of one's own: False."""
    turn = getcurrent()
    if not isinstance(turn, _Turn):
        return False
    turn.pause()
    return True
