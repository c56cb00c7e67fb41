"""`manage.py prune_traces [--dry-run]`: what the worker does every hour, from a shell, and what it would do."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.models import Account
from traces.retention import days_kept, expired, prune


class Command(BaseCommand):
    help = "Remove traces that are older than their account's plan keeps them; those with a live share link stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would go and remove nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        is_dry, total = options["dry_run"], 0
        for account in Account.objects.filter(closed_at=None).order_by("pk"):
            count = expired(account).count() if is_dry else prune(account)
            total += count
            if count:
                kept = f"{account.plan.name}, {days_kept(account.plan)} days"
                self.stdout.write(f"{account.name} ({kept}): {count:,} {_traces(count)}")
        self.stdout.write(f"{total:,} {_traces(total)} {'would be removed' if is_dry else 'removed'}.")


def _traces(count: int) -> str:
    return "trace" if count == 1 else "traces"
