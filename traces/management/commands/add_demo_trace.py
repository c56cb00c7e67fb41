"""`manage.py add_demo_trace`: the run that the landing page shows, stored and shared; `up` calls it on a new database."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import Account
from accounts.plans import UNLIMITED
from traces.demo import DEMO_SHARE_ID, demo_trace
from traces.ingest import record_trace
from traces.models import ShareLink
from traces.sharing import share_url

_OWNER = "Demo"


class Command(BaseCommand):
    help = "Store the demo trace, unless it is there, and print its public address."

    def handle(self, *args: Any, **options: Any) -> None:
        if not ShareLink.objects.filter(pk=DEMO_SHARE_ID).exists():
            self._add()
        self.stdout.write(share_url(DEMO_SHARE_ID))

    @staticmethod
    def _add() -> None:
        with transaction.atomic():
            # An account without members: nobody signs in to it, and it has no key.
            account = Account.objects.create(name=_OWNER, plan_slug=UNLIMITED.slug)
            record_trace(account, demo_trace())
