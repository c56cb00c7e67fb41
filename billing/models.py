"""What is kept of Stripe: each account's customer as last read, its receipts, and which events were dealt with.

billing/subscriptions.py is the only writer. Stripe is the truth, and all of this may be read from it again.
"""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from accounts.models import Account

GRACE = timedelta(days=7)
"""For how long Pro goes on after a payment failed."""

GOING_ON = {"active": 3, "trialing": 3, "past_due": 2, "unpaid": 1, "paused": 1}
"""Stripe's words for a subscription that has not ended, and how much each counts when there are several."""


class Customer(models.Model):
    """An account as Stripe knows it; made with the first click on Upgrade."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="customer")
    stripe_id = models.CharField(max_length=255, unique=True)
    has_pro = models.BooleanField(default=False)
    """Whether the account is on Pro because of its subscription. What an operator gave stays when one ends."""
    subscription_id = models.CharField(max_length=255, default="", blank=True)
    status = models.CharField(max_length=32, default="", blank=True)
    """Stripe's word for the state of the subscription; empty without one."""
    renews_at = models.DateTimeField(null=True)
    cancels_at = models.DateTimeField(null=True)
    past_due_since = models.DateTimeField(null=True)
    """When we first saw that a payment had failed."""
    reads_begun = models.PositiveBigIntegerField(default=0)
    read_applied = models.PositiveBigIntegerField(default=0)
    """Readings of Stripe are numbered as they begin; one that ends after a later one is not applied any more."""

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def grace_ends_at(self) -> datetime | None:
        """Until when Pro stays although a payment failed."""
        return self.past_due_since + GRACE if self.past_due_since else None

    @property
    def is_going_on(self) -> bool:
        """Whether there is a subscription that has not ended, paid or not."""
        return self.status in GOING_ON

    @property
    def is_paying(self) -> bool:
        """Whether the subscription, as last read, entitles to Pro at this moment."""
        if self.status == "past_due":
            return self.grace_ends_at is not None and timezone.now() < self.grace_ends_at
        return self.status in ("active", "trialing")


class Receipt(models.Model):
    """An invoice that Stripe has sent; it is shown and kept there."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="receipts")
    stripe_id = models.CharField(max_length=255, unique=True)
    number = models.CharField(max_length=255)
    status = models.CharField(max_length=32)
    total = models.BigIntegerField()
    """In the smallest unit of the currency; negative for a credit."""
    currency = models.CharField(max_length=8)
    created_at = models.DateTimeField()
    address = models.URLField(max_length=2_000)
    """Of the page on which Stripe shows it."""

    def __str__(self) -> str:
        return self.number


class StripeEvent(models.Model):
    """An event whose effect is in the database: written in the same transaction, so that a repeat does nothing."""

    id = models.CharField(primary_key=True, max_length=255)
    seen_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    def __str__(self) -> str:
        return self.id
