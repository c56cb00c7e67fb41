"""Which plan an account pays for: the only writer of an account's plan besides its creation and the operator's command.

No event is believed. Each one, and whoever else wants to know, has the customer read from Stripe anew, so neither the
order nor the number of the events matters. No transaction is open while Stripe is asked.
"""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Account, Membership
from accounts.plans import FREE, PRO
from billing.gateway import Event, Gateway, Invoice, StripeRefused, StripeTrouble, Subscription
from billing.models import GOING_ON, GRACE, Customer, Receipt, StripeEvent
from tracen.outbox.delivery import TryLater
from tracen.outbox.models import Delivery

logger = logging.getLogger(__name__)

_EVENTS_KEPT = timedelta(days=30)
_WORKER_PATIENCE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """The one subscription that counts, as Stripe tells it; empty without one."""

    subscription_id: str = ""
    status: str = ""
    renews_at: datetime | None = None
    cancels_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What Stripe said of a customer; readings are numbered in the order in which they began."""

    number: int
    subscriptions: list[Subscription]
    invoices: list[Invoice]


def standing_of(subscriptions: Iterable[Subscription]) -> Standing:
    """What counts of a customer's subscriptions: only those to a price of ours, the best first, then the latest."""
    ours = [one for one in subscriptions if one.prices.intersection(settings.STRIPE_PRICES_PRO)]
    if not ours:
        return Standing()
    best = max(ours, key=lambda one: (GOING_ON.get(one.status, 0), one.created))
    return Standing(best.id, best.status, best.renews_at, best.cancels_at)


def checkout_address(account: Account, *, done: str, back: str) -> str | None:
    """Where Pro is paid for; None if there is nothing to buy: a plan above Free, or a subscription that goes on.

    Such a subscription is read, so that the page shows it.
    """
    line = Gateway()
    if account.plan != FREE:
        return None
    customer = _customer_of(account, line)
    if standing_of(line.subscriptions_of(customer.stripe_id)).status in GOING_ON:
        refresh(customer, line)
        return None
    return line.checkout(customer.stripe_id, settings.STRIPE_PRICES_PRO[0], done=done, back=back)


def portal_address(customer: Customer, *, back: str) -> str:
    return Gateway().portal(customer.stripe_id, back=back)


def follow(event: Event) -> None:
    """Apply what has become of the event's customer, once. Raises StripeTrouble, and has then stored nothing."""
    customer = Customer.objects.filter(stripe_id=event.customer).first()
    if customer is None or StripeEvent.objects.filter(pk=event.id).exists():
        return
    reading = read(customer, Gateway())
    with transaction.atomic():
        if StripeEvent.objects.get_or_create(pk=event.id)[1]:
            apply(customer, reading)


def refresh(customer: Customer, line: Gateway | None = None) -> None:
    """Read the customer from Stripe and apply what it says. Raises StripeTrouble."""
    apply(customer, read(customer, line or Gateway()))


def read(customer: Customer, line: Gateway) -> Reading:
    with transaction.atomic():
        Customer.objects.filter(pk=customer.pk).update(reads_begun=F("reads_begun") + 1)
        number = Customer.objects.values_list("reads_begun", flat=True).get(pk=customer.pk)
    return Reading(number, line.subscriptions_of(customer.stripe_id), line.invoices_of(customer.stripe_id))


def apply(customer: Customer, reading: Reading) -> None:
    """Make the account what the reading says, unless one that began later has been applied.

    Each change at Stripe is followed by an event, hence by a reading that begins after it: the last to begin is right.
    """
    with transaction.atomic():
        held = Customer.objects.select_for_update().filter(pk=customer.pk).first()
        # Without a row the account was deleted meanwhile.
        if held is None or reading.number < held.read_applied:
            return
        note(held, standing_of(reading.subscriptions))
        _set_plan(held)
        held.read_applied = reading.number
        held.save()
        _store(held, reading.invoices)


def plan_due(customer: Customer, plan_slug: str) -> str:
    """The plan that an account on `plan_slug` should be on. Pro is given to who pays and is taken back, no other is."""
    if customer.is_paying:
        return PRO.slug if plan_slug == FREE.slug else plan_slug
    return str(settings.DEFAULT_PLAN) if customer.has_pro and plan_slug == PRO.slug else plan_slug


def end_grace_periods() -> None:
    """Take Pro from whoever's payment failed a grace period ago; Stripe is asked once more whether it still has."""
    over = Customer.objects.filter(has_pro=True, past_due_since__lte=timezone.now() - GRACE)
    for customer in over:
        try:
            refresh(customer)
        except StripeRefused as refusal:
            logger.error("Stripe knows nothing of %s: %s", customer, refusal)


def forget_old_events() -> None:
    """Stripe repeats an event for three days."""
    StripeEvent.objects.filter(seen_at__lt=timezone.now() - _EVENTS_KEPT).delete()


def cancel(delivery: Delivery, body: dict[str, Any]) -> None:
    """The outbox's handler: end what the customer of a deleted account pays for, and what Stripe knows of them."""
    try:
        Gateway(_WORKER_PATIENCE_SECONDS).delete_customer(body["customer"])
    except StripeTrouble as trouble:
        raise TryLater(str(trouble)) from trouble


def _customer_of(account: Account, line: Gateway) -> Customer:
    """The account's customer, made on first use, and anew after somebody deleted it at Stripe.

    Two first uses at once get the same one by its idempotency key.
    """
    customer = Customer.objects.filter(account=account).first()
    if customer and line.has_customer(customer.stripe_id):
        return customer
    owner = Membership.objects.select_related("user").filter(account=account, role=Membership.Role.OWNER)
    email = owner.order_by("pk")[0].user.email
    told = f"{account.pk} {account.created_at.timestamp()} {email} {customer.stripe_id if customer else ''}"
    key = f"customer-{hashlib.sha256(told.encode()).hexdigest()}"
    stripe_id = line.create_customer(account.pk, email, key)
    if customer:
        Customer.objects.filter(pk=customer.pk).update(stripe_id=stripe_id)
    return Customer.objects.get_or_create(account=account, defaults={"stripe_id": stripe_id})[0]


def note(customer: Customer, standing: Standing) -> None:
    """Set the customer's fields, unsaved, to what Stripe says."""
    customer.subscription_id, customer.status = standing.subscription_id, standing.status
    customer.renews_at, customer.cancels_at = standing.renews_at, standing.cancels_at
    customer.past_due_since = (customer.past_due_since or timezone.now()) if standing.status == "past_due" else None


def _set_plan(customer: Customer) -> None:
    account = Account.objects.select_for_update().get(pk=customer.account_id)
    due = plan_due(customer, account.plan_slug)
    if due != account.plan_slug:
        Account.objects.filter(pk=account.pk).update(plan_slug=due)
    customer.has_pro = customer.is_paying


def _store(customer: Customer, invoices: list[Invoice]) -> None:
    told = ("number", "status", "total", "currency", "created_at", "address")
    rows = [
        Receipt(customer=customer, stripe_id=one.id, **{name: getattr(one, name) for name in told}) for one in invoices
    ]
    Receipt.objects.bulk_create(rows, update_conflicts=True, unique_fields=["stripe_id"], update_fields=told)
