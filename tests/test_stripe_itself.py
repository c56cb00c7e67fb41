"""The gateway against Stripe's own test mode: what the stand-in claims of Stripe, asked of Stripe.

These tests exist only where STRIPE_TEST_SECRET_KEY (a `sk_test_…` key) and STRIPE_TEST_PRICE_PRO (the id of a monthly
price of that account) are set, and need the internet. Without them they are not collected, rather than skipped: a run
that cannot ask Stripe says nothing about Stripe. Each makes a customer of its own and deletes it.
"""

import os
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
import stripe

from billing.gateway import API_VERSION, Gateway

KEY, PRICE = os.environ.get("STRIPE_TEST_SECRET_KEY", ""), os.environ.get("STRIPE_TEST_PRICE_PRO", "")
BACK = "https://tracen.example.com/dashboard/billing"
PATIENCE_S = 30

if KEY and PRICE:

    @pytest.fixture
    def line(settings) -> Gateway:
        assert KEY.startswith(("sk_test_", "rk_test_")), "only a key of the test mode"
        settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = KEY, "https://api.stripe.com"
        return Gateway(PATIENCE_S)

    @pytest.fixture
    def customer(line) -> Iterator[str]:
        made = line.create_customer(0, "gateway@example.com", f"test-{uuid4()}")
        yield made
        Gateway(PATIENCE_S).delete_customer(made)

    def subscribe(customer: str) -> str:
        """What the hosted page would do, with Stripe's card that is always accepted."""
        real = stripe.StripeClient(KEY, stripe_version=API_VERSION).v1
        card = real.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        told: stripe.params.SubscriptionCreateParams = {
            "customer": customer,
            "items": [{"price": PRICE}],
            "default_payment_method": card,
        }
        return real.subscriptions.create(told).id

    def test_the_same_key_makes_the_same_customer(line, customer):
        key = f"test-{uuid4()}"
        first = line.create_customer(0, "gateway@example.com", key)

        assert line.create_customer(0, "gateway@example.com", key) == first
        line.delete_customer(first)

    def test_a_subscription_is_read_as_it_is(line, customer):
        subscription = subscribe(customer)
        (read,) = line.subscriptions_of(customer)
        (invoice,) = line.invoices_of(customer)

        assert (read.id, read.customer, read.status, read.cancels_at) == (subscription, customer, "active", None)
        assert PRICE in read.prices
        assert read.renews_at is not None
        assert read.renews_at.timestamp() > time.time()
        assert invoice.status == "paid"
        assert invoice.address.startswith("https://")

    def test_deleting_the_customer_ends_the_subscription_once_and_for_all(line, customer):
        subscribe(customer)
        line.delete_customer(customer)
        line.delete_customer(customer)

        assert {one.status for one in line.subscriptions_of(customer)} <= {"canceled"}

    def test_checkout_is_used_again_while_it_is_open(line, customer):
        first = line.checkout(customer, PRICE, done=BACK, back=BACK)

        assert first.startswith("https://checkout.stripe.com/")
        assert line.checkout(customer, PRICE, done=BACK, back=BACK) == first

    def test_the_portal_opens(line, customer):
        assert line.portal(customer, back=BACK).startswith("https://billing.stripe.com/")
