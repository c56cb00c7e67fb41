"""Brings the database to the shape that the code expects; `up` and the commands that may come before it are the callers."""

from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tracen.lib.alone import alone


def migrate_pending(announce: Callable[[int], None] = lambda _: None) -> bool:
    """Apply the migrations that are pending, after telling `announce` how many; False where none is.

    One process at a time on a data folder: a key asked for while the first start prepares the database waits for it.
    """
    with alone(settings.DATA_DIR / "migrating.lock"):
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        if pending:
            announce(pending)
            call_command("migrate", verbosity=0, interactive=False)
        return bool(pending)
