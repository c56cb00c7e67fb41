"""What follows for billing from what happens to accounts: nobody pays for one that is deleted."""

from typing import Any

from django.dispatch import receiver

from accounts.closing import account_closing
from accounts.models import Account
from billing.models import Customer
from tracen.outbox.delivery import put


@receiver(account_closing)
def stop_charging(account: Account, **_: Any) -> None:
    """Leave word for the outbox, without the account's id: it must be done after the account is gone."""
    for stripe_id in Customer.objects.filter(account=account).values_list("stripe_id", flat=True):
        put("cancel_subscription", {"customer": stripe_id})
