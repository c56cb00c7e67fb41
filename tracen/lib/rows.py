"""Many rows of one table in one statement, for what is done to each span: ingest with its limits and keys, and trees.

The ORM would spend more on a row, or on making a statement, than the database does on running it. What a column needs to
be stored (SQLite keeps a UUID as hex digits and a time as text) is worked out once for each list of columns.

PostgreSQL is another process, and a small batch would spend most of its time on going there and back: some ten
statements, each of which waits for its answer. What is asked and written `sent_together` goes out without waiting. A few
rows are inserted 32 in a statement; COPY, which is the fastest for many, cannot be sent so
(docs/decisions/0018-one-journey.md). tracen/lib/journeys.py has the driver's part, and is imported where it is needed:
the driver takes 12 MB of each process, which SQLite has no use for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from django.db import connection, models

Row = Sequence[Any]

_MOST_AT_ONCE: Final = 32
"""Rows in one statement on PostgreSQL; more of them are no faster."""
_ROWS_TO_COPY: Final = 200
"""From so many on COPY saves more than it costs to wait for its answer and for those of what was sent before."""


class Asked:
    """The rows that a question finds. Among what is sent together they are not there before somebody looks."""

    def __init__(self, fetch: Callable[[], list[Row]]) -> None:
        self._fetch: Callable[[], list[Row]] | None = fetch
        self._found: list[Row] = []

    def rows(self) -> list[Row]:
        if self._fetch is not None:
            self._found, self._fetch = self._fetch(), None
        return self._found


@contextmanager
def sent_together(*, ends_with_commit: bool = False) -> Iterator[None]:
    """What this module does within, and nothing else, goes to PostgreSQL at once; all is done at the end.

    With `ends_with_commit` it goes together with the COMMIT of the caller's transaction, if the ORM has nothing to say
    before. Many rows are better copied: for them what was sent so far arrives.

    Trouble with one statement may therefore be raised by a later one, or at the end; the caller's transaction is lost
    with it as ever. What the ORM does has no place in here: it believes that a statement is done when it returns.
    """
    if not _is_postgresql():
        yield
        return
    from tracen.lib import journeys

    with journeys.one_journey(ends_with_commit=ends_with_commit):
        yield


def ask_rows(
    model: type[models.Model], columns: tuple[str, ...], among: Mapping[str, Iterable[Any]], *, held: bool = False
) -> Asked:
    """`columns` of the rows whose every column in `among` has one of the values there, ordered by the first of these.

    A column "account.plan_slug" is that of the row which the foreign key `account` points at. With `held` nobody else
    changes the rows before the caller's transaction ends.
    """
    wanted = {column: list(values) for column, values in among.items()}
    if not all(wanted.values()):
        return Asked(list)
    values = [_as_list(model, column, keys) for column, keys in wanted.items()]
    statement = _select_statement(model, columns, tuple(wanted), held)
    if _is_postgresql():
        from tracen.lib import journeys

        return Asked(journeys.run(statement, values).fetchall)
    read = _reader(model, columns)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = [read(row) for row in cursor.fetchall()]
    return Asked(lambda: found)


def select_rows(
    model: type[models.Model], columns: tuple[str, ...], among: Mapping[str, Iterable[Any]], *, held: bool = False
) -> list[Row]:
    """What `ask_rows` finds, at once."""
    return ask_rows(model, columns, among, held=held).rows()


def insert_rows(model: type[models.Model], columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert `rows`, each with a value for each of `columns` (the names in the database). Runs in the caller's transaction."""
    if not rows:
        return
    if _is_postgresql():
        from tracen.lib import journeys

        if len(rows) >= _ROWS_TO_COPY:
            journeys.copy(model._meta.db_table, columns, rows)
            return
        with journeys.one_journey():
            for some in _some_at_once(rows):
                journeys.run(_insert_statement(model, columns, len(some)), [value for row in some for value in row])
        return
    prepare = _preparer(model, columns)
    with connection.cursor() as cursor:
        cursor.executemany(_insert_statement(model, columns), [prepare(row) for row in rows])


def update_rows(
    model: type[models.Model], columns: tuple[str, ...], rows: Sequence[Row], *, key: str = "", kept: str = ""
) -> None:
    """Set `columns` of many rows; each of `rows` has their values and then the row's primary key, or its column `key`.

    A key comes once. NULL is not written where `kept` is "new", and nothing is written over what is there where it is
    "old".
    """
    if not rows:
        return
    key = key or _key_column(model)
    if _is_postgresql():
        from tracen.lib import journeys

        with journeys.one_journey():
            for some in _some_at_once(rows):
                statement = _update_statement(model, columns, key, kept, len(some))
                journeys.run(statement, [value for row in some for value in row])
        return
    prepare = _preparer(model, (*columns, key))
    changes = ", ".join(f"{column} = {_CHANGES[kept].format(column, '%s')}" for column in columns)
    statement = f"UPDATE {model._meta.db_table} SET {changes} WHERE {key} = %s"  # noqa: S608 - our names
    with connection.cursor() as cursor:
        cursor.executemany(statement, [prepare(row) for row in rows])


@cache
def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def _some_at_once(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    return (rows[start : start + _MOST_AT_ONCE] for start in range(0, len(rows), _MOST_AT_ONCE))


# Statements ---------------------------------------------------------------------------------------------------------

_CHANGES = {"": "{1}", "new": "coalesce({1}, {0})", "old": "coalesce({0}, {1})"}


def _as_list(model: type[models.Model], column: str, keys: Iterable[Any]) -> str:
    """Any number of values as one parameter, so that a statement is the same text however many they are."""
    if _is_postgresql():
        return "{" + ",".join('"' + str(key).replace("\\", r"\\").replace('"', r"\"") + '"' for key in keys) + "}"
    prepare = _preparer(model, (column,))
    return json.dumps([prepare((key,))[0] for key in keys])


def _key_column(model: type[models.Model]) -> str:
    return model._meta.pk.column


@cache
def _select_statement(model: type[models.Model], columns: tuple[str, ...], among: tuple[str, ...], held: bool) -> str:
    table = model._meta.db_table
    names = ", ".join(_full_name(model, column) for column in columns)
    joins = dict.fromkeys(_join(model, column) for column in columns if "." in column)
    conditions = " AND ".join(
        f"{table}.{column} = ANY(${place}::{_type_of(model, column)}[])"
        if _is_postgresql()
        else f"{table}.{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608 - our names
        for place, column in enumerate(among, 1)
    )
    # SQLite's transactions begin with the only lock that there is.
    lock = f" FOR UPDATE OF {table}" if held and _is_postgresql() else ""
    return f"SELECT {names} FROM {table}{''.join(joins)} WHERE {conditions} ORDER BY {table}.{among[0]}{lock}"  # noqa: S608 - our names


def _full_name(model: type[models.Model], column: str) -> str:
    key, _, there = column.rpartition(".")
    return f"{_target(model, key)._meta.db_table if key else model._meta.db_table}.{there}"


def _join(model: type[models.Model], column: str) -> str:
    key = column.partition(".")[0]
    target = _target(model, key)
    there = f"{target._meta.db_table}.{_key_column(target)}"
    return f" JOIN {target._meta.db_table} ON {there} = {model._meta.db_table}.{_foreign_key(model, key).column}"


def _target(model: type[models.Model], key: str) -> type[models.Model]:
    target: type[models.Model] = _foreign_key(model, key).remote_field.model
    return target


def _foreign_key(model: type[models.Model], name: str) -> models.ForeignKey[Any, Any]:
    return cast("models.ForeignKey[Any, Any]", model._meta.get_field(name))


@cache
def _insert_statement(model: type[models.Model], columns: tuple[str, ...], rows: int = 1) -> str:
    table, names = model._meta.db_table, ", ".join(columns)
    return f"INSERT INTO {table} ({names}) VALUES {_places(len(columns), rows)}"  # noqa: S608 - our names


@cache
def _update_statement(model: type[models.Model], columns: tuple[str, ...], key: str, kept: str, rows: int) -> str:
    table = model._meta.db_table
    changes = ", ".join(
        f"{column} = {_CHANGES[kept].format(f'{table}.{column}', f'new.{column}')}" for column in columns
    )
    types = [_type_of(model, column) for column in (*columns, key)]
    names = ", ".join((*columns, key))
    values = _places(len(types), rows, types)
    return f"UPDATE {table} SET {changes} FROM (VALUES {values}) AS new ({names}) WHERE {table}.{key} = new.{key}"  # noqa: S608 - our names


def _places(columns: int, rows: int, types: Sequence[str] = ()) -> str:
    """Where the values of some rows go, with the type of each if nothing else says it."""
    if not _is_postgresql():
        return f"({', '.join(['%s'] * columns)})"
    of = [f"::{kind}" for kind in types] or [""] * columns
    return ", ".join(
        f"({', '.join(f'${row * columns + column + 1}{of[column]}' for column in range(columns))})"
        for row in range(rows)
    )


def _type_of(model: type[models.Model], column: str) -> str:
    """Without a length, to which a value would be cut."""
    return re.sub(r"\(.*?\)", "", _field(model, column).db_type(connection) or "")


# Values -------------------------------------------------------------------------------------------------------------

_Change: TypeAlias = Callable[[Any], Any]


@cache
def _preparer(model: type[models.Model], columns: tuple[str, ...]) -> Callable[[Row], Row]:
    """What makes of the values of `columns` what SQLite's driver takes."""
    return _changer(_each(model, columns, _TO_SQLITE))


@cache
def _reader(model: type[models.Model], columns: tuple[str, ...]) -> Callable[[Row], Row]:
    """The way back, from what SQLite's driver gives."""
    return _changer(_each(model, columns, _FROM_SQLITE))


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
    for place, column in enumerate(columns):
        stored = _field(model, column)
        for kind, to_other in changes.items():
            if isinstance(stored, kind):
                yield place, to_other
                break


def _field(model: type[models.Model], column: str) -> models.Field[Any, Any]:
    """What is stored in a column; in that of a foreign key it is what that one points at."""
    key, _, name = column.rpartition(".")
    owner = _target(model, key) if key else model
    field = next(field for field in owner._meta.concrete_fields if field.column == name)
    target: models.Field[Any, Any] = field.target_field if isinstance(field, models.ForeignKey) else field
    return target


def _as_digits(value: UUID) -> str:
    return value.hex


def _as_text(moment: datetime) -> str:
    """A time as Django stores it on SQLite: UTC without saying so."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(" ")[: -len("+00:00")]


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
