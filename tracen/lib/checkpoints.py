"""Copies SQLite's log into the database file behind those who write; traces/writer.py tells of its commits.

A commit only appends to the log. Now and then somebody has to copy what changed to its place in the file, and SQLite
lets one commit in twenty do that, who waits five times as long as the others. A thread of its own does it without
keeping anybody waiting. If it falls behind or fails, SQLite's own way is still there (settings.py: wal_autocheckpoint).
"""

import logging
import threading
import time

from django.db import connection
from django.db.backends.utils import CursorWrapper

COMMITS_BETWEEN = 8
"""Copying for each of them would sync the disk three times as often."""
_TRIES, _MILLISECONDS_TO_WAIT, _SECONDS_BETWEEN_TRIES = 30, 50, 0.5

logger = logging.getLogger(__name__)


class _Copier:
    def __init__(self) -> None:
        self._commits = 0
        self._is_due = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def note_commit(self) -> None:
        with self._lock:
            self._commits += 1
            if self._commits < COMMITS_BETWEEN:
                return
            self._commits = 0
            if self._thread is None:
                thread = threading.Thread(target=self._keep_copying, name="checkpoints", daemon=True)
                thread.start()
                self._thread = thread
        self._is_due.set()

    def _keep_copying(self) -> None:
        while True:
            self._is_due.wait()
            self._is_due.clear()
            try:
                copy_log()
            except Exception as trouble:  # noqa: BLE001 - whatever it is, it is not the end
                _tell(trouble)


def copy_log() -> None:
    """Copy as much as nobody has to wait for: what others still read from the log stays there."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


def empty_log() -> None:
    """Copy all of it and cut it off, so that nothing which was deleted is left in it.

    That takes a moment in which nobody reads from it. Whoever waits for one keeps everybody from writing, so it is waited
    for briefly, and again a little later.
    """
    copy_log()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        milliseconds = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout={_MILLISECONDS_TO_WAIT}")
        try:
            is_empty = any(_has_emptied(cursor) for _ in range(_TRIES))
        finally:
            cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
    if not is_empty:
        logger.warning("SQLite's log could not be emptied: somebody has been reading from it all the time.")


def _has_emptied(cursor: CursorWrapper) -> bool:
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    is_busy = cursor.fetchone()[0]
    if is_busy:
        time.sleep(_SECONDS_BETWEEN_TRIES)
    return not is_busy


_copier = _Copier()


def note_commit() -> None:
    """Whoever has committed says so; every eighth time the log is copied. Nothing on PostgreSQL. It never raises."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return
    try:
        _copier.note_commit()
    except RuntimeError as trouble:
        # There is no thread to be had.
        _tell(trouble)


def _tell(trouble: Exception) -> None:
    logger.warning("SQLite's log was not copied (%s); whoever commits will do it.", trouble)
