"""How statements go to PostgreSQL: at once or one by one, prepared or not; only tracen/lib/rows.py calls it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from django.db import connection
from django.db.backends.utils import CursorWrapper
from psycopg import RawCursor
from psycopg.pq import PipelineStatus

Row = Sequence[Any]


class _Prepared(RawCursor[Row]):
    def execute(self, query: Any, params: Any = None, **_: Any) -> Self:
        return super().execute(query, params, prepare=True)


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


def run(statement: str, values: Row, *, is_prepared: bool = False) -> CursorWrapper:
    """Run or, on a journey, only send a statement whose values are $1, $2, ….

    Only what has no choice of a plan should be prepared: a plan for an empty table would be kept for a full one.
    """
    connection.ensure_connection()
    cursor = (_Prepared if is_prepared else RawCursor)(connection.connection)
    wrapped = CursorWrapper(cursor, connection)
    wrapped.execute(statement, values)
    return wrapped


def copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Not possible on a journey."""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    # The driver's own cursor raises the driver's own errors.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.cursor.copy(statement) as copied:
        for row in rows:
            copied.write_row(row)
