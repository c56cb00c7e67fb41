"""How a transaction begins and ends; everything else is Django's.

BEGIN waits for its answer, and so does COMMIT: for a small batch that is a fifth of the time. Here BEGIN goes out
with the first statement of the transaction, and COMMIT with what was sent last, if nobody has asked for an answer since
(tracen/lib/journeys.py).

A cursor is part of the transaction in which it is made, so none may be made before that and used in it. `isolation_level`
among the options of the database has no effect here.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from django.db import InternalError
from django.db.backends.postgresql import base
from psycopg.pq import PipelineStatus, TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._is_begin_due = False
        self._way: ExitStack | None = None
        """What ends the driver's pipeline that was begun last."""
        self._journey: ExitStack | None = None
        """The same, while that is left open for COMMIT."""

    def connect(self) -> None:
        self._is_begin_due, self._way, self._journey = False, None, None
        super().connect()

    def _start_transaction_under_autocommit(self) -> None:
        """Django calls it, where there is such a method, in place of leaving BEGIN to the driver, which waits for it."""
        self._is_begin_due = True

    def begin_if_due(self) -> None:
        if self._is_begin_due:
            with self.wrap_database_errors:
                self.connection.execute("BEGIN")
            self._is_begin_due = False

    def set_out(self, end: ExitStack) -> None:
        """Begin a pipeline, which `end` is to end."""
        self._way = end
        end.enter_context(self.connection.pipeline())

    def is_under_way(self) -> bool:
        self.ensure_connection()
        return bool(self.connection.pgconn.pipeline_status != PipelineStatus.OFF)

    @contextmanager
    def resting(self) -> Iterator[None]:
        """End the pipeline that there may be, for what cannot be part of one, and begin another."""
        self.end_journey()
        end = self._way if self.is_under_way() else None
        if end is not None:
            end.close()
        yield
        if end is not None:
            self.set_out(end)

    def leave_open(self, journey: ExitStack) -> None:
        """Let COMMIT, or else the next statement of the ORM, end what closing `journey` would."""
        self._journey = journey

    def end_journey(self) -> None:
        """Wait for what was sent, and raise what went wrong with it."""
        if self._journey is not None:
            journey, self._journey = self._journey, None
            with self.wrap_database_errors:
                journey.close()

    def create_cursor(self, name: str | None = None) -> Any:
        # The ORM believes that a statement is done when `execute` returns.
        self.end_journey()
        self.begin_if_due()
        return super().create_cursor(name)

    # django-stubs leaves these three out.
    def _commit(self) -> None:
        if self._is_begin_due:
            # Nothing was said.
            self._is_begin_due = False
        elif self.connection is not None and self.connection.pgconn.transaction_status == TransactionStatus.INERROR:
            # PostgreSQL would take everything back and call it a success.
            raise InternalError("An error before has ended the transaction.")
        elif self._journey is not None:
            with self.wrap_database_errors:
                self.connection.execute("COMMIT")
            self.end_journey()
        else:
            super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        self._is_begin_due = False
        with suppress(Exception):
            self.end_journey()
        super()._rollback()  # type: ignore[misc]

    def _close(self) -> None:
        with suppress(Exception):
            self.end_journey()
        super()._close()  # type: ignore[misc]
