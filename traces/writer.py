"""What waits together is committed together (group commit): the first that may write does so for all that wait.

A request puts its work in the row, lets those go first that have come already, and waits until nobody writes. Whoever
is first then writes everything in the row in one transaction, and the others find their work done. So the sync to
disk and the statements are shared, and an answer comes after the commit and never before. On SQLite those in the row
do not wait for each other by way of the database's own lock, which is asked for again and again. A work whose author
refuses it (a limit is reached) does not touch its neighbours. If the database refuses a batch, each work is tried again
by itself, so that one bad row fails alone.

Whoever is in a transaction already has its work done inside it, at once: the work belongs to that transaction.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from tracen.lib import turns
from tracen.lib.checkpoints import note_commit
from tracen.lib.storage_trouble import let_go_if_dead
from tracen.lib.turns import came_at, let_others_go_first, takes_turns

Work = TypeVar("Work")
Outcome = Exception | None
"""Of a work: None when it was stored, else why it was refused."""

MOST_AT_ONCE = 128
MOST_HEAVY_AT_ONCE = 16
"""Works that may take half a second each: others wait no longer than 10 s for the locks of a transaction."""
MOST_WAITING = 2_000
"""So many waiting mean that nothing is being written."""
SECONDS_TO_GATHER = 0.002
"""Where threads came together once they will again: waiting for those that are on their way makes fewer, larger
transactions. It ends when as many have come as were written or waiting the last time. Whoever comes alone does not
wait. Requests that take turns have gathered before (tracen/lib/turns.py)."""
_GLANCE = SECONDS_TO_GATHER / 10


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Work]):
    """A work in the row. It is taken out of it by whoever writes it, or by whoever gives up."""

    work: Work
    until: float
    """When its author has been told to try again, by time.monotonic()."""
    is_over: bool = False
    outcome: Outcome = None

    def end(self, outcome: Outcome) -> None:
        self.outcome, self.is_over = outcome, True

    def is_given_up(self) -> bool:
        if not self.is_over and time.monotonic() >= self.until:
            self.end(OperationalError("The database took too long."))
        return self.is_over


class Writer(Generic[Work]):
    """Runs `write` over what has gathered. `write` gets a batch inside a transaction and returns an outcome for each.

    `is_heavy` tells of which works no more than a few should share a transaction. They have it to themselves: heavy works
    take their locks in another order than others do.
    """

    def __init__(
        self, write: Callable[[Sequence[Work]], Sequence[Outcome]], is_heavy: Callable[[Work], bool] = lambda _: False
    ) -> None:
        self._write, self._is_heavy = write, is_heavy
        self._row: deque[_Waiting[Work]] = deque()
        self._changed = threading.Condition()
        self._is_writing = False
        self._expected = 0

    def run(self, work: Work) -> None:
        """Return when `work` is committed; raise what refused it, or OperationalError if it took too long."""
        if connection.in_atomic_block:
            (outcome,) = self._commit([work])
        else:
            outcome = self._share(work)
        if outcome is not None:
            raise outcome

    def _share(self, work: Work) -> Outcome:
        if len(self._row) >= MOST_WAITING:
            return OperationalError("Too much is waiting to be written.")
        is_turn = takes_turns()
        if not is_turn:
            _give_connection_back()
        mine = _Waiting(work, came_at() + turns.SECONDS_TO_WAIT)
        self._row.append(mine)
        let_others_go_first()
        while self._is_mine_to_write(mine):
            try:
                if not is_turn:
                    self._gather()
                self._write_what_waits()
            finally:
                self._let_next_write()
        return mine.outcome

    def _is_mine_to_write(self, mine: _Waiting[Work]) -> bool:
        """Wait until nobody writes, or until `mine` is over, or too long."""
        with self._changed:
            while self._is_writing and not mine.is_over:
                self._changed.wait(max(0.0, mine.until - time.monotonic()))
                if mine.is_given_up():
                    with suppress(ValueError):
                        self._row.remove(mine)
            if mine.is_over:
                return False
            self._is_writing = True
            return True

    def _let_next_write(self) -> None:
        with self._changed:
            self._is_writing = False
            self._changed.notify_all()

    def _gather(self) -> None:
        until = time.monotonic() + SECONDS_TO_GATHER
        while len(self._row) < self._expected and time.monotonic() < until:
            time.sleep(_GLANCE)

    def _write_what_waits(self) -> None:
        batch = self._take()
        try:
            if batch:
                self._store(batch)
        finally:
            self._expected = len(batch) + len(self._row)
            for waiting in batch:
                if not waiting.is_over:
                    waiting.end(OperationalError("The writing was broken off."))

    def _take(self) -> list[_Waiting[Work]]:
        """The next of the row and others of its kind, as many as one transaction should hold, but none given up."""
        batch: list[_Waiting[Work]] = []
        of_the_other_kind: list[_Waiting[Work]] = []
        is_heavy, most = False, MOST_AT_ONCE
        with suppress(IndexError):
            while len(batch) < most:
                waiting = self._row.popleft()
                if waiting.is_given_up():
                    continue
                if not batch:
                    is_heavy = self._is_heavy(waiting.work)
                    most = MOST_HEAVY_AT_ONCE if is_heavy else MOST_AT_ONCE
                same = batch if self._is_heavy(waiting.work) == is_heavy else of_the_other_kind
                same.append(waiting)
        self._row.extendleft(reversed(of_the_other_kind))
        return batch

    def _store(self, batch: list[_Waiting[Work]], *, is_last_try: bool = False) -> None:
        try:
            outcomes = self._commit([waiting.work for waiting in batch])
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it belongs to the requests that wait
            self._store_apart(batch, trouble, is_last_try)
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.end(outcome)

    def _store_apart(self, batch: list[_Waiting[Work]], trouble: Exception, is_last_try: bool) -> None:
        """Find the work that made the batch fail; trouble with the storage itself is everybody's.

        A single work is tried twice as well: another process may have stored or removed the very row in between.
        """
        let_go_if_dead()
        if is_last_try or (isinstance(trouble, OperationalError | InterfaceError) and not _is_deadlock(trouble)):
            for waiting in batch:
                waiting.end(trouble)
            return
        for waiting in batch:
            if not waiting.is_given_up():
                self._store([waiting], is_last_try=True)

    def _commit(self, works: Sequence[Work]) -> Sequence[Outcome]:
        with transaction.atomic():
            outcomes = self._write(works)
        note_commit()
        return outcomes


def _is_deadlock(trouble: Exception) -> bool:
    """Whether PostgreSQL chose us among two processes that waited for each other: the other one is done by now."""
    return getattr(trouble.__cause__, "sqlstate", None) == "40P01"


def _give_connection_back() -> None:
    """Whoever waits must not hold one of the pool's connections, since whoever writes needs one too."""
    if connection.settings_dict["CONN_MAX_AGE"] == 0:
        connection.close()
