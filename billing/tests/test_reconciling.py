"""What was missed is found by comparing with Stripe, told, and put right on request."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.models import Customer, Receipt
from billing.tasks import reconcile_stripe
from billing.tests.conftest import plan_of

pytestmark = pytest.mark.django_db


def told(*arguments: str) -> list[str]:
    output = StringIO()
    call_command("reconcile_stripe", *arguments, stdout=output)
    return output.getvalue().splitlines()


@pytest.fixture
def missed(customer, stripe) -> Customer:
    """Alice has paid, and no event arrived."""
    stripe.pay(stripe.only("sessions"))
    return customer


def test_where_nothing_was_missed_nothing_is_told(paid):
    assert told() == ["Stripe and the database agree."]


def test_each_difference_is_told_and_nothing_changed(alice, missed, stripe):
    lines = told()
    start = f"{missed.stripe_id} (account {alice.account.pk}): "

    assert lines[:2] == [
        f"{start}its subscription is {stripe.only('subscriptions')} at Stripe, none here",
        f"{start}its status is active at Stripe, none here",
    ]
    assert lines[3:] == [
        f"{start}the account is on Free and should be on Pro",
        f"{start}receipts that are missing here: 1",
        "5 differences. Nothing was changed; --fix puts it right.",
    ]
    assert plan_of(alice) == "free"
    assert not Receipt.objects.exists()


def test_fix_puts_it_right(alice, missed):
    assert told("--fix")[-1] == "5 differences. What could be put right is."
    assert plan_of(alice) == "pro"
    assert told() == ["Stripe and the database agree."]


def test_the_nightly_task_repairs_both_ways(alice, missed, stripe):
    reconcile_stripe()
    assert plan_of(alice) == "pro"
    stripe.change(stripe.only("subscriptions"), status="canceled")
    reconcile_stripe()

    assert plan_of(alice) == "free"


def test_a_failed_payment_that_was_missed_gets_its_week(alice, paid, stripe):
    stripe.change(stripe.only("subscriptions"), status="past_due")
    reconcile_stripe()

    assert plan_of(alice) == "pro"
    assert Customer.objects.get().past_due_since is not None


def test_who_pays_and_has_no_account_here_is_told(paid, stripe):
    Customer.objects.all().delete()
    subscription = stripe.only("subscriptions")

    assert told()[0] == f"{paid.stripe_id}: pays for {subscription}, and no account here is theirs"


def test_a_customer_whom_stripe_does_not_know_is_told(paid, stripe):
    stripe.customers.clear()

    (refused, _) = told("--fix")

    assert refused.startswith(f"{paid.stripe_id} (account {paid.account_id}): Stripe refuses to tell.")
    assert refused.endswith(f"No such customer: '{paid.stripe_id}'")


def test_while_stripe_is_down_the_command_says_so(paid, stripe):
    stripe.failing_with = 500

    with pytest.raises(CommandError, match="Stripe could not be asked"):
        told()


def test_without_keys_there_is_nothing_to_compare(db):
    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY is not set"):
        told()
    reconcile_stripe()
