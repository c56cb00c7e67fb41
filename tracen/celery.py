"""The Celery application; a task only wakes, the database is the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracen.settings")
app = Celery("tracen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
