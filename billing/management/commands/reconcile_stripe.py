"""`manage.py reconcile_stripe`: what is stored of subscriptions against Stripe itself."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.gateway import StripeTrouble
from billing.reconciling import reconcile


class Command(BaseCommand):
    help = "Print each difference between Stripe and what is stored of it. Nothing is changed without --fix."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="also make it what Stripe says")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.HAS_PAYMENTS:
            raise CommandError("There is nothing to compare with: STRIPE_SECRET_KEY is not set.")
        count = 0
        try:
            for count, difference in enumerate(reconcile(fix=options["fix"]), start=1):  # noqa: B007 - told below
                self.stdout.write(difference)
        except StripeTrouble as trouble:
            raise CommandError(f"Stripe could not be asked. {trouble}") from trouble
        self.stdout.write(_summary(count, fixed=options["fix"]))


def _summary(count: int, *, fixed: bool) -> str:
    if not count:
        return "Stripe and the database agree."
    differences = "1 difference" if count == 1 else f"{count} differences"
    return f"{differences}. {'What could be put right is.' if fixed else 'Nothing was changed; --fix puts it right.'}"
