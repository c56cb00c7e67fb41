"""What the worker is asked to do by the clock."""

from django.conf import settings

from tracen.celery import app
from tracen.management.worker import THREADS
from tracen.outbox.kinds import KINDS


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_a_mail_finds_a_thread_when_everything_else_hangs():
    others = sum(kind.at_once for name, kind in KINDS.items() if name != "mail")
    periodic = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values() if entry["schedule"] < 86_400}

    assert others + len(periodic) < THREADS
