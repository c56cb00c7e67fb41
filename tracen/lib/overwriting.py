"""Has SQLite overwrite what is deleted, free pages too; whoever erases for good wraps it in `overwriting()`."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def overwriting() -> Iterator[None]:
    """Elsewhere the product spares the writes (settings.py: secure_delete=FAST), and a freed page keeps its bytes.

    PostgreSQL has its own vacuum, and nothing is to be said to it.
    """
    if connection.vendor != "sqlite":
        yield
        return
    _set("ON")
    try:
        yield
    finally:
        _set("FAST")


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA secure_delete={value}")
