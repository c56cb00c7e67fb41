"""`manage.py create_api_key EMAIL`: an account and a key from a shell, for scripts and containers."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts.api_keys import FORMATS, TRACEN, mint_key
from accounts.plans import PLANS
from accounts.signup import account_of_email
from tracen.lib.migrating import migrate_pending

_NAME_LENGTH = 255
_EMAIL_LENGTH = 254


class Command(BaseCommand):
    help = (
        "Make an API key for the account of EMAIL (and the account, if there is none) and print it, alone, on stdout."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--name", default="Command line", help="what the key is for (default: %(default)s)")
        parser.add_argument("--format", default=TRACEN, choices=FORMATS, help="how it looks (default: %(default)s)")
        parser.add_argument("--plan", choices=sorted(PLANS), help="also put the account on this plan")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"].strip().lower(), options["name"].strip()
        _check(email, name)
        plan = PLANS.get(options["plan"] or "")
        # A script may want a key before the first start.
        migrate_pending()
        with transaction.atomic():
            account = account_of_email(email)
            if plan and account.plan_slug != plan.slug:
                account.plan_slug = plan.slug
                account.save(update_fields=["plan_slug"])
            _, text = mint_key(account, name, options["format"])
        self.stdout.write(text)


def _check(email: str, name: str) -> None:
    try:
        validate_email(email[: _EMAIL_LENGTH + 1])
    except ValidationError as error:
        raise CommandError(f"{email!r} is not an e-mail address.") from error
    if len(email) > _EMAIL_LENGTH:
        raise CommandError(f"An e-mail address has at most {_EMAIL_LENGTH} characters.")
    if not 1 <= len(name) <= _NAME_LENGTH:
        raise CommandError(f"--name must have 1 to {_NAME_LENGTH} characters.")
