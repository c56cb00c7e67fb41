"""Brings the database to the shape that the code expects; `up` and the commands that may come before it are the callers."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate_pending(announce: Callable[[int], None] = lambda _: None) -> bool:
    """Apply the migrations that are pending, after telling `announce` how many; False where none is.

    One process at a time on a data folder: a key asked for while the first start prepares the database waits for it.
    """
    with _alone():
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if pending:
            announce(pending)
            call_command("migrate", verbosity=0, interactive=False)
        return bool(pending)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock that the system gives back however the process ends; Windows has no such file locks here."""
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with (settings.DATA_DIR / "migrating.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
