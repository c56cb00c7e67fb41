"""Takes the words of deleted texts out of SQLite's search index, which keeps them until it is merged; a daily task.

PostgreSQL's index is one of the table itself, and its own vacuum does the same.
"""

from django.db import connection
from django.db.backends.utils import CursorWrapper

from tracen.lib.checkpoints import empty_log
from tracen.lib.overwriting import overwriting

_PAGES = 500
"""Merged in one transaction: some hundredths of a second, so that nobody who stores a trace waits for it."""


def forget_deleted_words() -> None:
    """Merge the whole index, a part at a time, and empty the log that still holds what it was."""
    if connection.vendor != "sqlite":
        return
    with overwriting(), connection.cursor() as cursor:
        # A negative number makes one heap of all parts; then they are merged until there is nothing left to do.
        _merge(cursor, -_PAGES)
        while _merge(cursor, _PAGES) > 1:
            pass
    empty_log()


def _merge(cursor: CursorWrapper, pages: int) -> int:
    """How many rows of the index that changed; the command itself is one of them."""
    before = _changes(cursor)
    cursor.execute("INSERT INTO trace_search(trace_search, rank) VALUES ('merge', %s)", [pages])
    return _changes(cursor) - before


def _changes(cursor: CursorWrapper) -> int:
    cursor.execute("SELECT total_changes()")
    return int(cursor.fetchone()[0])
