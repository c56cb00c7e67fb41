"""Wakes the worker after a commit; whoever leaves work for it calls `wake`.

A message is only a nudge. What has to be done is in the database, where the worker's periodic tasks find it, so a broker
that is away delays the work and must not fail the request.
"""

from typing import Any

from celery import Task
from django.db import transaction


def wake(task: Task, *arguments: Any) -> None:
    """Send `task` when the transaction has committed, or at once without one; trouble is logged and nothing else."""

    def send() -> None:
        task.delay(*arguments)

    transaction.on_commit(send, robust=True)
