"""Many rows of one table in one statement, for what every stored trace goes through: ingest, its limits and its keys.

The ORM would spend more on a row, or on making a statement, than the database does on running it. What a column needs to
be stored (SQLite keeps a UUID as hex digits and a time as text) is worked out once for each list of columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection, models

Row = Sequence[Any]


def select_rows(
    model: type[models.Model],
    columns: tuple[str, ...],
    keys: Iterable[Any],
    *,
    key: str = "",
    also: tuple[str, Any] | None = None,
    held: bool = False,
) -> list[Row]:
    """`columns` of the rows whose primary key, or column `key`, is among `keys`, in its order; not of those that differ
    from `also`, a column and its value. With `held` nobody else changes them before the caller's transaction ends.
    """
    wanted = [(each,) for each in keys]
    if not wanted:
        return []
    key = key or _key_column(model)
    prepare = _preparer(model, (key,))
    values: Row = [_as_list(prepare(each)[0] for each in wanted)]
    if also is not None:
        values = [*values, *_preparer(model, also[:1])(also[1:])]
    with connection.cursor() as cursor:
        cursor.execute(_select_statement(model, columns, key, also[0] if also else None, held), values)
        rows: list[Row] = cursor.fetchall()
    return rows if connection.vendor == "postgresql" else [_reader(model, columns)(row) for row in rows]


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
    prepare = _preparer(model, (*columns, key))
    with connection.cursor() as cursor:
        cursor.executemany(statement, [prepare(row) for row in rows])


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


def _among(key: str) -> str:
    """The condition that column `key` is among the values of one parameter, which is `_as_list` of them."""
    if connection.vendor == "postgresql":
        return f"{key} = ANY(%s)"
    return f"{key} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - our names


def _as_list(values: Iterable[Any]) -> Any:
    """Any number of values as one parameter, so that a statement is the same text however many they are."""
    return list(values) if connection.vendor == "postgresql" else json.dumps(list(values))


def _key_column(model: type[models.Model]) -> str:
    return model._meta.pk.column


@cache
def _select_statement(
    model: type[models.Model], columns: tuple[str, ...], key: str, also: str | None, held: bool
) -> str:
    conditions = [_among(key), *([f"{also} = %s"] if also else [])]
    # SQLite's transactions begin with the only lock that there is.
    lock = " FOR UPDATE" if held and connection.vendor == "postgresql" else ""
    return (
        f"SELECT {', '.join(columns)} FROM {model._meta.db_table} WHERE {' AND '.join(conditions)} ORDER BY {key}{lock}"  # noqa: S608 - our names
    )


@cache
def _insert_statement(model: type[models.Model], columns: tuple[str, ...]) -> str:
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our names


@cache
def _preparer(model: type[models.Model], columns: tuple[str, ...]) -> Callable[[Row], Row]:
    """What makes of the values of `columns` what the driver takes."""
    return _changer(_each(model, columns, _TO_SQLITE) if connection.vendor == "sqlite" else [])


@cache
def _reader(model: type[models.Model], columns: tuple[str, ...]) -> Callable[[Row], Row]:
    """The way back, from what SQLite's driver gives."""
    return _changer(_each(model, columns, _FROM_SQLITE))


_Change: TypeAlias = Callable[[Any], Any]


def _changer(changes: Iterable[tuple[int, _Change]]) -> Callable[[Row], Row]:
    changed = tuple(changes)

    def change(row: Row) -> Row:
        values = list(row)
        for place, to_other in changed:
            if values[place] is not None:
                values[place] = to_other(values[place])
        return values

    return change if changed else list


def _each(
    model: type[models.Model], columns: tuple[str, ...], changes: dict[type[models.Field[Any, Any]], _Change]
) -> Iterator[tuple[int, _Change]]:
    """The places of those columns that have to be changed, with how."""
    fields = {field.column: field for field in model._meta.concrete_fields}
    for place, column in enumerate(columns):
        field = fields[column]
        stored = field.target_field if isinstance(field, models.ForeignKey) else field
        for kind, to_other in changes.items():
            if isinstance(stored, kind):
                yield place, to_other
                break


def _as_digits(value: UUID) -> str:
    return value.hex


def _as_text(moment: datetime) -> str:
    """A time as Django stores it on SQLite: UTC without saying so."""
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def _in_utc(moment: datetime) -> datetime:
    """The driver makes a time of the text, and does not know where."""
    return moment.replace(tzinfo=UTC)


# A DateTimeField is a DateField too, so it comes first.
_TO_SQLITE: dict[type[models.Field[Any, Any]], _Change] = {
    models.UUIDField: _as_digits,
    models.DateTimeField: _as_text,
    models.DateField: date.isoformat,
}
_FROM_SQLITE: dict[type[models.Field[Any, Any]], _Change] = {
    models.UUIDField: UUID,
    models.DateTimeField: _in_utc,
}
