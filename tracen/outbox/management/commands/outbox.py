"""`manage.py outbox`: what waits to be delivered and what was given up, with the reason; `--retry` tries that again."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tracen.lib.wording import exact_time, relative_time
from tracen.outbox import delivery
from tracen.outbox.models import Delivery


class Command(BaseCommand):
    help = "List what waits to be delivered (mail, alerts, webhooks, cancellations) and what was given up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--retry", action="store_true", help="make all that was given up due again")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(delivery.undelivered())
        given_up = [row for row in rows if row.given_up_at]
        waiting = [row for row in rows if not row.given_up_at]
        self._list("waiting", waiting)
        self._list("given up", given_up)
        if options["retry"]:
            for row in given_up:
                delivery.try_again(row)
            self.stdout.write(f"{len(given_up)} will be tried again.")

    def _list(self, word: str, rows: list[Delivery]) -> None:
        self.stdout.write(f"{len(rows)} {word}")
        for row in rows:
            self.stdout.write(f"  {row.kind} {row.id}  {_story(row, timezone.now())}")


def _story(row: Delivery, now: datetime) -> str:
    """When it was put there, how often it was tried and what came of it; nothing of what is in it."""
    tries = f"{row.attempts} {'try' if row.attempts == 1 else 'tries'}"
    words = [f"since {relative_time(row.created_at, now)}", tries]
    if row.given_up_at is None and row.due_at > now:
        words.append(f"next {exact_time(row.due_at)}")
    # The other side's own words may hold anything, a terminal's commands too.
    reason = "".join(sign if sign.isprintable() else " " for sign in row.last_error)
    return ", ".join(words) + (f": {reason}" if reason else "")
