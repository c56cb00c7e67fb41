"""Compares what is stored of Stripe with Stripe itself; the nightly task and `reconcile_stripe` call it."""

from collections.abc import Iterator
from copy import copy

from django.conf import settings

from accounts.plans import PLANS
from billing.gateway import Gateway, StripeRefused
from billing.models import Customer
from billing.subscriptions import Reading, apply, note, plan_due, read, standing_of

_COMPARED = {
    "subscription_id": "subscription",
    "status": "status",
    "renews_at": "next renewal",
    "cancels_at": "announced end",
}
_SECONDS_A_CUSTOMER = 20
_SECONDS_FOR_ALL = 600


def reconcile(*, fix: bool) -> Iterator[str]:
    """Each difference as a sentence; with `fix` it is gone afterwards. Raises StripeTrouble."""
    for customer in Customer.objects.select_related("account").filter(account__closed_at=None).iterator():
        yield from (f"{customer} (account {customer.account_id}): {text}" for text in _compare(customer, fix=fix))
    yield from _unknown_subscriptions()


def _compare(customer: Customer, *, fix: bool) -> Iterator[str]:
    try:
        reading = read(customer, Gateway(_SECONDS_A_CUSTOMER))
    except StripeRefused as refusal:
        yield f"Stripe refuses to tell. {refusal}"
        return
    yield from _differences(customer, reading)
    if fix:
        apply(customer, reading)


def _differences(customer: Customer, reading: Reading) -> Iterator[str]:
    there = copy(customer)
    note(there, standing_of(reading.subscriptions))
    for name, word in _COMPARED.items():
        if getattr(customer, name) != getattr(there, name):
            yield f"its {word} is {getattr(there, name) or 'none'} at Stripe, {getattr(customer, name) or 'none'} here"
    here, due = customer.account.plan_slug, plan_due(there, customer.account.plan_slug)
    if here != due:
        yield f"the account is on {PLANS[here].name} and should be on {PLANS[due].name}"
    missing = {one.id for one in reading.invoices} - set(customer.receipts.values_list("stripe_id", flat=True))
    if missing:
        yield f"receipts that are missing here: {len(missing)}"


def _unknown_subscriptions() -> Iterator[str]:
    """Somebody pays for what no account here has. A person has to look: Stripe may serve another product, too."""
    known = set(Customer.objects.values_list("stripe_id", flat=True))
    line = Gateway(_SECONDS_FOR_ALL)
    for price in settings.STRIPE_PRICES_PRO:
        for one in line.subscriptions_to(price):
            if one.customer not in known:
                yield f"{one.customer}: pays for {one.id}, and no account here is theirs"
