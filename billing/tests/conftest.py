"""Stripe in the tests of billing: a stand-in over real HTTP, and what it takes to pay, to be told and to look."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from billing.models import Customer
from tests.stripe_stand_in import PRICE, SECRET_KEY, WEBHOOK_SECRET, StripeStandIn, sign

WEBHOOK = "/billing/webhook"
PAGE = "/dashboard/billing"


@pytest.fixture
def stripe(settings) -> Iterator[StripeStandIn]:
    """The stand-in, and the product set up to use it."""
    with StripeStandIn() as stand_in:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_WEBHOOK_SECRET = WEBHOOK_SECRET
        settings.STRIPE_PRICES_PRO = (PRICE,)
        settings.STRIPE_API_BASE = stand_in.url
        settings.HAS_PAYMENTS = True
        yield stand_in


@pytest.fixture
def owner(alice) -> Client:
    """Alice's browser."""
    client = Client()
    client.force_login(alice.user)
    return client


@pytest.fixture
def customer(alice, stripe, owner) -> Customer:
    """Alice after her first click on Upgrade."""
    assert owner.post(f"{PAGE}/upgrade").status_code == 303
    return Customer.objects.get(account=alice.account)


@pytest.fixture
def paid(customer, stripe) -> Customer:
    """Alice, who has paid for Pro; every event has arrived."""
    stripe.pay(stripe.only("sessions"))
    tell(stripe)
    customer.refresh_from_db()
    return customer


def send(event: dict[str, Any], header: str | None = None, body: bytes | None = None):
    """The answer to an event that arrives as Stripe sends it."""
    sent = json.dumps(event).encode() if body is None else body
    told = {"Stripe-Signature": sign(sent) if header is None else header}
    return Client().post(WEBHOOK, sent, "application/json", headers=told)


def tell(stripe: StripeStandIn) -> None:
    """Deliver all that has happened so far."""
    for event in stripe.events:
        assert send(event).status_code == 200


def plan_of(person) -> str:
    return Account.objects.get(pk=person.account.pk).plan_slug


def of_all_orders(events: list[dict[str, Any]]) -> list[tuple[dict[str, Any], ...]]:
    return list(itertools.permutations(events))
