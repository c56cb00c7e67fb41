"""Copies SQLite's log into the database file behind those who write; traces/writer.py tells of each commit.

A commit only appends to the log. Now and then somebody has to copy what changed to its place in the file, and SQLite
lets one commit in twenty do that, who waits five times as long as the others. A thread of its own does it without
keeping anybody waiting. If it falls behind or fails, SQLite's own way is still there (settings.py: wal_autocheckpoint).
"""

import logging
import threading
import time

from django.db import connection

COMMITS_BETWEEN = 8
"""Copying for each of them would sync the disk three times as often."""
_TRIES, _SECONDS_BETWEEN_TRIES = 50, 0.1

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
                self._thread = threading.Thread(target=self._keep_copying, name="checkpoints", daemon=True)
                self._thread.start()
        self._is_due.set()

    def _keep_copying(self) -> None:
        while True:
            self._is_due.wait()
            self._is_due.clear()
            try:
                copy_log()
            except Exception:
                logger.exception("SQLite's log could not be copied; SQLite will do it.")


def copy_log() -> None:
    """Copy as much as nobody has to wait for: what others still read from the log stays there."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")


def empty_log() -> None:
    """Copy all of it and cut it off, so that nothing which was deleted is left in it.

    It waits for those who write or read, but for whoever copies at the moment SQLite does not wait.
    """
    with connection.cursor() as cursor:
        for _ in range(_TRIES):
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy = cursor.fetchone()[0]
            if not is_busy:
                return
            time.sleep(_SECONDS_BETWEEN_TRIES)
    logger.warning("SQLite's log could not be emptied.")


_copier = _Copier()


def note_commit() -> None:
    """Whoever has committed says so; every eighth time the log is copied. Nothing on PostgreSQL."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        _copier.note_commit()
