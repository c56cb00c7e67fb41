"""Many rows of one table in one statement: COPY on PostgreSQL, executemany on SQLite; ingest is the only caller.

The ORM would spend more on a row than the database does. What a column needs to be stored (SQLite keeps a UUID as hex
digits and a time as text) is worked out once for each list of columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import connection, models

Row = Sequence[Any]


def insert_rows(model: type[models.Model], columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert `rows`, each with a value for each of `columns` (the names in the database). Runs in the caller's transaction."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        _copy(model, columns, rows)
        return
    prepare = _preparer(model, columns)
    with connection.cursor() as cursor:
        cursor.executemany(_insert_statement(model, columns), [prepare(row) for row in rows])


def update_rows(
    model: type[models.Model], columns: tuple[str, ...], rows: Sequence[Row], *, key: str = "", kept: str = ""
) -> None:
    """Set `columns` of many rows; each of `rows` has their values and then the row's primary key, or its column `key`.

    NULL is not written where `kept` is "new", and nothing is written over what is there where it is "old".
    """
    if not rows:
        return
    key = key or _key_column(model)
    change = {"": "{0} = %s", "new": "{0} = coalesce(%s, {0})", "old": "{0} = coalesce({0}, %s)"}[kept]
    changes = ", ".join(change.format(column) for column in columns)
    statement = f"UPDATE {model._meta.db_table} SET {changes} WHERE {key} = %s"  # noqa: S608 - our names
    if connection.vendor == "sqlite":
        rows = [_preparer(model, (*columns, key))(row) for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def next_keys(model: type[models.Model], count: int) -> Sequence[int]:
    """Fresh primary keys for `count` rows, ascending. The caller's transaction must be one that may write.

    On SQLite that transaction holds the only write lock, so nobody else can take the same numbers before it ends.
    """
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = f"pg_get_serial_sequence('{table}', '{_key_column(model)}')"
            cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [count])  # noqa: S608 - our names
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        (last,) = cursor.fetchone() or (0,)
    return range(last + 1, last + 1 + count)


def _copy(model: type[models.Model], columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    statement = f"COPY {model._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    # The driver's own cursor raises the driver's own errors.
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _key_column(model: type[models.Model]) -> str:
    return model._meta.pk.column


@cache
def _insert_statement(model: type[models.Model], columns: tuple[str, ...]) -> str:
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our names


@cache
def _preparer(model: type[models.Model], columns: tuple[str, ...]) -> Callable[[Row], Row]:
    fields = {field.column: field for field in model._meta.concrete_fields}
    changes = [(place, _for_sqlite(fields[column])) for place, column in enumerate(columns)]
    changed = [(place, change) for place, change in changes if change is not None]

    def prepare(row: Row) -> Row:
        values = list(row)
        for place, change in changed:
            if values[place] is not None:
                values[place] = change(values[place])
        return values

    return prepare


def _for_sqlite(field: models.Field[Any, Any]) -> Callable[[Any], Any] | None:
    """What SQLite's driver does not do itself; None where a value is stored as it is."""
    stored: models.Field[Any, Any] = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(stored, models.UUIDField):
        return _as_digits
    return _as_text if isinstance(stored, models.DateTimeField) else None


def _as_digits(value: UUID) -> str:
    return value.hex


def _as_text(moment: datetime) -> str:
    """A time as Django stores it on SQLite: UTC without saying so."""
    return str(moment.astimezone(UTC).replace(tzinfo=None))
