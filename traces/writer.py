"""One thread a process that writes for all requests: what waits together is committed together (group commit).

A request hands its work over and waits until it is committed to disk; the answer comes after that, never before. While
one transaction is synced to disk the next requests gather, so the sync and the statements are shared by all of them,
and on SQLite nobody ever waits for another thread's lock. A work whose author refuses it (a limit is reached) does not
touch its neighbours. If the database refuses a batch, each work is tried again by itself, so that one bad row fails
alone.

Whoever is in a transaction already has its work done inside it, at once, in its own thread: the work belongs to that
transaction.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

logger = logging.getLogger(__name__)

Work = TypeVar("Work")
Outcome = Exception | None
"""Of a work: None when it was stored, else why it was refused."""

MOST_AT_ONCE = 128
MOST_WAITING = 2_000
"""Requests have a thread each, so this many waiting means that nothing is being written."""
SECONDS_TO_WAIT = 20.0
SECONDS_TO_GATHER = 0.002
"""Where requests came together once they will again: waiting for those that are being read now makes fewer, larger
transactions, a quarter more throughput and less CPU. Whoever comes alone does not wait."""
SECONDS_OF_REST = 2.0
"""A writer that had nothing to do for so long gives its connection back."""


def _give_connection_back() -> None:
    """A thread that waits for the writer must not hold one of the pool's connections, since the writer needs one too."""
    if connection.settings_dict["CONN_MAX_AGE"] == 0:
        connection.close()


def _let_go(close: Callable[[], None]) -> None:
    """A connection that is dead may fail to say goodbye; the thread that everybody waits for must outlive that."""
    try:
        close()
    except Exception:
        logger.exception("The writer's connection could not be closed; the next work gets a new one.")
        connection.connection = None


class Writer(Generic[Work]):
    """Runs `write` over what has gathered. `write` gets a batch inside a transaction and returns an outcome for each."""

    def __init__(self, write: Callable[[Sequence[Work]], Sequence[Outcome]]) -> None:
        self._write = write
        self._waiting: deque[tuple[Work, Future[None]]] = deque()
        self._arrived = threading.Condition()
        self._process: int | None = None

    def run(self, work: Work) -> None:
        """Return when `work` is committed; raise what refused it, or OperationalError if it took too long."""
        if connection.in_atomic_block:
            (outcome,) = self._commit([work])
            if outcome is not None:
                raise outcome
            return
        _give_connection_back()
        done: Future[None] = Future()
        with self._arrived:
            if len(self._waiting) >= MOST_WAITING:
                raise OperationalError("Too much is waiting to be written.")
            self._waiting.append((work, done))
            self._start_once()
            self._arrived.notify()
        try:
            done.result(SECONDS_TO_WAIT)
        except TimeoutError:
            done.cancel()
            raise OperationalError("The database took too long.") from None

    def _start_once(self) -> None:
        """One thread for each process: a server that forks after loading the program leaves the thread behind."""
        if self._process != os.getpid():
            self._process = os.getpid()
            threading.Thread(target=self._keep_writing, name="writer", daemon=True).start()

    def _keep_writing(self) -> None:
        written = 0
        while True:
            if written > 1:
                time.sleep(SECONDS_TO_GATHER)
            with self._arrived:
                while not self._waiting:
                    if not self._arrived.wait(SECONDS_OF_REST):
                        # What has lain idle may be dead when the next work comes.
                        _let_go(connection.close)
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_AT_ONCE))]
            # Who gave up waiting has been answered "try again": their work must not be done after that.
            batch = [(work, done) for work, done in taken if done.set_running_or_notify_cancel()]
            if batch:
                self._store(batch)
            written = len(batch)

    def _store(self, batch: list[tuple[Work, Future[None]]], *, is_last_try: bool = False) -> None:
        try:
            outcomes = self._commit([work for work, _ in batch])
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it belongs to the requests that wait
            self._store_apart(batch, trouble, is_last_try)
            return
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                done.set_result(None)
            else:
                done.set_exception(outcome)

    def _store_apart(self, batch: list[tuple[Work, Future[None]]], trouble: Exception, is_last_try: bool) -> None:
        """Find the work that made the batch fail; trouble with the storage itself is everybody's.

        A single work is tried twice as well: another process may have stored or removed the very row in between.
        """
        _let_go(connection.close_if_unusable_or_obsolete)
        if is_last_try or isinstance(trouble, OperationalError | InterfaceError):
            for _, done in batch:
                done.set_exception(trouble)
            return
        for one in batch:
            self._store([one], is_last_try=True)

    def _commit(self, works: Sequence[Work]) -> Sequence[Outcome]:
        with transaction.atomic():
            return self._write(works)
