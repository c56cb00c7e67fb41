"""`manage.py outbox`: what waits to be delivered and what was given up, with the reason; `--retry` tries that again."""

import os
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, QuerySet
from django.utils import timezone

from tracen.lib.wording import exact_time, relative_time
from tracen.outbox import delivery
from tracen.outbox.models import Delivery

NEWEST = 50


class Command(BaseCommand):
    help = "List what waits to be delivered (mail, alerts, webhooks, cancellations) and what was given up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help=f"list every row, not only the newest {NEWEST} of each")
        parser.add_argument("--retry", action="store_true", help="make all that was given up due again")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._list("waiting", delivery.waiting(), everything=options["all"])
            self._list("given up", delivery.given_up(), everything=options["all"])
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever reads has seen enough, as `head` has. Python's own flush at the end must not fail on it either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if options["retry"]:
            self.stdout.write(f"{delivery.try_given_up_again()} will be tried again.")

    def _list(self, word: str, rows: QuerySet[Delivery], *, everything: bool) -> None:
        counts = dict(rows.order_by("kind").values_list("kind").annotate(Count("pk")))
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        total = sum(counts.values())
        self.stdout.write(f"{total:,} {word}" + (f": {kinds}" if kinds else ""))
        # Not in memory at once, and nothing of what is in them.
        listed = rows.defer("body")
        for row in listed.iterator() if everything else listed[:NEWEST]:
            self.stdout.write(f"  {row.kind} {row.id}  {_story(row, timezone.now())}")
        if total > NEWEST and not everything:
            self.stdout.write(f"  and {total - NEWEST:,} older; --all lists them")


def _story(row: Delivery, now: datetime) -> str:
    """When it was put there, how often it was tried and what came of it."""
    tries = f"{row.attempts} {'try' if row.attempts == 1 else 'tries'}"
    words = [f"since {relative_time(row.created_at, now)}", tries]
    if row.given_up_at is None and row.due_at > now:
        words.append(f"next {exact_time(row.due_at)}")
    # The other side's own words may hold anything, a terminal's commands too.
    reason = "".join(sign if sign.isprintable() else " " for sign in row.last_error)
    return ", ".join(words) + (f": {reason}" if reason else "")
