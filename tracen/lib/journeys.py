"""How statements go to PostgreSQL: one by one, or many at once; only tracen/lib/rows.py calls it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import RawCursor
from psycopg.pq import PipelineStatus

Row = Sequence[Any]


@contextmanager
def one_journey() -> Iterator[None]:
    """What is run within goes out without waiting, and is done at the end; part of a longer journey if there is one."""
    if is_on_one():
        yield
        return
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def is_on_one() -> bool:
    connection.ensure_connection()
    return bool(connection.connection.pgconn.pipeline_status != PipelineStatus.OFF)


def run(statement: str, values: Row) -> CursorWrapper:
    """Run or, on a journey, only send a statement whose values are $1, $2, …."""
    connection.ensure_connection()
    cursor = CursorWrapper(RawCursor(connection.connection), connection)
    cursor.execute(statement, values)
    return cursor


def copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Not possible on a journey."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    # The driver's own cursor raises the driver's own errors.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.cursor.copy(statement) as copied:
        for row in rows:
            copied.write_row(row)
