"""How statements go to PostgreSQL: one by one, or many at once; only tracen/lib/rows.py calls it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import RawCursor

from tracen.lib.postgresql.base import DatabaseWrapper

Row = Sequence[Any]


@contextmanager
def one_journey(*, ends_with_commit: bool = False) -> Iterator[None]:
    """What is run within goes out without waiting, and is done at the end; part of a longer journey if there is one.

    With `ends_with_commit` it is done when the caller's transaction is committed, or the ORM asks something.
    """
    if is_on_one():
        yield
        return
    with connection.wrap_database_errors, ExitStack() as end:
        _ours().set_out(end)
        yield
        if ends_with_commit and connection.in_atomic_block:
            _ours().leave_open(end.pop_all())


def is_on_one() -> bool:
    return _ours().is_under_way()


def run(statement: str, values: Row) -> CursorWrapper:
    """Run or, on a journey, only send a statement whose values are $1, $2, …."""
    connection.ensure_connection()
    _ours().begin_if_due()
    cursor = CursorWrapper(RawCursor(connection.connection), connection)
    cursor.execute(statement, values)
    return cursor


def copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """On a journey what was sent arrives first, and what is run after it is sent together again."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    # The driver's own cursor raises the driver's own errors.
    with (
        connection.wrap_database_errors,
        _ours().resting(),
        connection.cursor() as cursor,
        cursor.cursor.copy(statement) as copied,
    ):
        for row in rows:
            copied.write_row(row)


def _ours() -> DatabaseWrapper:
    return cast(DatabaseWrapper, connection)
