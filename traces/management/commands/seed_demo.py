"""`manage.py seed_demo`: an account with a believable month in it, for looking at pages; never on a public server."""

import secrets
from argparse import ArgumentParser
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.plans import PRO
from accounts.signup import open_account
from traces.seeding import seed


class Command(BaseCommand):
    help = "Make an account with 30 days of traces in it and print how to sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", default="demo@example.com", help="who owns it (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        if not (settings.DEBUG or settings.IS_LOCAL):
            raise CommandError("seed_demo makes up data, so it works only while BASE_URL is on this machine.")
        if User.objects.filter(email=email).exists():
            raise CommandError(f"{email} has an account already; choose another --email.")
        password = secrets.token_urlsafe(9)
        with transaction.atomic():
            count = seed(self._open(email, password), timezone.now())
        self.stdout.write(f"{count} traces. Sign in at {settings.BASE_URL}/accounts/login as {email} with {password}")

    @staticmethod
    def _open(email: str, password: str) -> Any:
        user = User.objects.create_user(email, password)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        account = open_account(user)
        account.plan_slug = PRO.slug
        account.save(update_fields=["plan_slug"])
        return account
