"""Which plan follows from what is paid, and for how long; and what becomes of a payment when the account goes."""

import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from accounts.closing import close_account, erase_account
from accounts.models import Account
from billing import subscriptions
from billing.gateway import Gateway
from billing.models import Customer
from billing.tasks import end_grace_periods
from billing.tests.conftest import PAGE, plan_of, send, tell
from tests.api import NEXUS, nexus_body
from tests.stripe_stand_in import StripeStandIn
from tracen.outbox.delivery import deliver_due
from tracen.outbox.models import Delivery
from traces.models import MonthlyUsage

pytestmark = pytest.mark.django_db
DAY_S = 86_400


def put_on(person, plan: str) -> None:
    Account.objects.filter(pk=person.account.pk).update(plan_slug=plan)


@pytest.mark.parametrize(
    ("status", "plan"),
    [
        ("active", "pro"),
        ("trialing", "pro"),
        ("past_due", "pro"),
        ("unpaid", "free"),
        ("canceled", "free"),
        ("incomplete", "free"),
        ("incomplete_expired", "free"),
        ("paused", "free"),
        ("a_word_of_tomorrow", "free"),
    ],
)
def test_the_plan_follows_from_the_state_of_the_subscription(alice, customer, stripe, status, plan):
    stripe.subscribe(customer.stripe_id, status=status)
    tell(stripe)

    assert plan_of(alice) == plan


def test_another_price_grants_nothing(alice, customer, stripe):
    stripe.subscribe(customer.stripe_id, price="price_of_something_else")
    tell(stripe)

    assert plan_of(alice) == "free"


def test_a_price_that_is_no_longer_sold_still_grants_pro(alice, customer, stripe, settings):
    settings.STRIPE_PRICES_PRO = ("price_new", *settings.STRIPE_PRICES_PRO)
    stripe.subscribe(customer.stripe_id)
    tell(stripe)

    assert plan_of(alice) == "pro"


def test_of_two_subscriptions_the_one_that_is_paid_counts(alice, paid, stripe):
    stripe.change(stripe.subscribe(paid.stripe_id), status="canceled")
    tell(stripe)

    assert plan_of(alice) == "pro"


def test_a_subscription_that_ended_leads_to_the_plan_of_new_accounts(alice, paid, stripe, settings):
    settings.DEFAULT_PLAN = "unlimited"
    stripe.change(stripe.only("subscriptions"), status="canceled")
    tell(stripe)

    assert plan_of(alice) == "unlimited"


@pytest.mark.parametrize("plan", ["pro", "unlimited"])
def test_what_the_operator_gave_stays_without_a_subscription(alice, customer, stripe, plan):
    put_on(alice, plan)
    send(stripe.events[0])

    assert plan_of(alice) == plan


def test_what_the_operator_gave_after_a_subscription_stays_too(alice, paid, stripe):
    stripe.change(stripe.only("subscriptions"), status="canceled")
    tell(stripe)
    put_on(alice, "pro")
    subscriptions.refresh(paid)

    assert plan_of(alice) == "pro"


def test_a_better_plan_from_the_operator_outlives_the_subscription(alice, paid, stripe):
    put_on(alice, "unlimited")
    stripe.change(stripe.only("subscriptions"), status="canceled")
    tell(stripe)

    assert plan_of(alice) == "unlimited"


def test_the_new_limit_holds_on_the_next_request(alice, customer, stripe):
    alice.api.create_trace()
    MonthlyUsage.objects.update(traces=1_000)
    assert alice.api.post(NEXUS, nexus_body()).status_code == 429
    stripe.subscribe(customer.stripe_id)
    tell(stripe)

    assert alice.api.post(NEXUS, nexus_body()).status_code == 201
    stripe.change(stripe.only("subscriptions"), status="canceled")
    tell(stripe)
    assert alice.api.post(NEXUS, nexus_body()).json()["limit"] == 1_000


def test_two_first_clicks_make_one_customer_at_stripe(alice, stripe, owner):
    owner.post(f"{PAGE}/upgrade")
    Customer.objects.all().delete()  # the second click looked before the first one had stored its customer
    owner.post(f"{PAGE}/upgrade")

    assert len(stripe.customers) == 1
    assert Customer.objects.get().stripe_id == stripe.only("customers")


@pytest.mark.django_db(transaction=True)
def test_parallel_clicks_end_with_one_customer(alice, stripe, owner):
    def click() -> None:
        client = Client()
        client.force_login(alice.user)
        statuses.append(client.post(f"{PAGE}/upgrade").status_code)
        connections.close_all()

    statuses: list[int] = []
    clicks = [threading.Thread(target=click) for _ in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()

    assert statuses == [303] * 4
    assert len(stripe.customers) == 1
    assert len(stripe.sessions) == 1, "with two of them one could pay twice"
    assert Customer.objects.count() == 1


def test_after_a_checkout_was_let_go_another_one_is_made(customer, stripe, owner):
    stripe.sessions[stripe.only("sessions")]["status"] = "expired"
    owner.post(f"{PAGE}/upgrade")

    assert [session["status"] for session in stripe.sessions.values()] == ["expired", "open"]


# A payment that failed


@pytest.fixture
def late(paid, stripe) -> Customer:
    """Alice, whose card was refused just now."""
    stripe.change(stripe.only("subscriptions"), status="past_due")
    tell(stripe)
    paid.refresh_from_db()
    return paid


def in_days(days: float) -> time_machine.travel:
    return time_machine.travel(time.time() + days * DAY_S)


def test_pro_stays_for_a_week_after_a_payment_failed(alice, late):
    with in_days(6.99):
        end_grace_periods()
        assert plan_of(alice) == "pro"
    with in_days(7.01):
        end_grace_periods()
        assert plan_of(alice) == "free"


def test_a_week_counts_from_the_first_sight_of_the_failure(alice, late, stripe):
    with in_days(5):
        stripe.change(stripe.only("subscriptions"), status="past_due")
        send(stripe.events[-1])
    with in_days(7.01):
        end_grace_periods()

    assert plan_of(alice) == "free"


def test_a_payment_within_the_week_ends_the_matter(alice, late, stripe):
    stripe.change(stripe.only("subscriptions"), status="active")
    with in_days(3):
        send(stripe.events[-1])
        late.refresh_from_db()
    assert late.past_due_since is None
    with in_days(8):
        end_grace_periods()

    assert plan_of(alice) == "pro"


def test_a_payment_whose_event_was_lost_is_seen_before_pro_ends(alice, late, stripe):
    stripe.change(stripe.only("subscriptions"), status="active")
    with in_days(8):
        end_grace_periods()

    assert plan_of(alice) == "pro"


def test_a_late_payment_brings_pro_back(alice, late, stripe):
    with in_days(8):
        end_grace_periods()
        stripe.change(stripe.only("subscriptions"), status="active")
        send(stripe.events[-1])

    assert plan_of(alice) == "pro"


def test_one_customer_whom_stripe_does_not_know_holds_up_nobody(alice, late, charlie):
    long_ago = timezone.now() - timedelta(days=9)
    put_on(charlie, "pro")
    Customer.objects.create(account=charlie.account, stripe_id="cus_no", has_pro=True, past_due_since=long_ago)
    with in_days(8):
        end_grace_periods()

    assert (plan_of(alice), plan_of(charlie)) == ("free", "pro")


def test_keys_of_another_stripe_account_take_pro_from_nobody(alice, paid, stripe):
    """There, none of our customers exists; the answer is the one to a customer who never was."""
    known = stripe.customers.pop(paid.stripe_id)
    assert send(stripe.events[-1] | {"id": "evt_new"}).status_code == 503
    assert plan_of(alice) == "pro"
    stripe.customers[paid.stripe_id] = known


# Readings that overtake each other


def test_a_reading_that_began_earlier_does_not_undo_a_later_one(alice, paid, stripe):
    slow = subscriptions.read(paid, Gateway())
    stripe.change(stripe.only("subscriptions"), status="canceled")
    subscriptions.refresh(paid)
    subscriptions.apply(paid, slow)

    assert plan_of(alice) == "free"


def test_a_reading_of_an_account_that_is_gone_does_nothing(alice, paid):
    reading = subscriptions.read(paid, Gateway())
    close_account(alice.account)
    assert erase_account(alice.account.pk)
    subscriptions.apply(paid, reading)

    assert not Customer.objects.exists()


# An account that is deleted


def cancellations(stripe: StripeStandIn) -> list[str]:
    return [call for call in stripe.calls if call.startswith("DELETE")]


def test_deleting_the_account_ends_what_it_pays_for(alice, paid, stripe):
    close_account(alice.account)
    assert erase_account(alice.account.pk)
    deliver_due("cancel_subscription")

    assert stripe.subscriptions[stripe.only("subscriptions")]["status"] == "canceled"
    assert stripe.customers[paid.stripe_id] == {"id": paid.stripe_id, "object": "customer", "deleted": True}
    assert not Delivery.objects.exists()


def test_while_stripe_is_down_the_cancellation_waits(alice, paid, stripe):
    stripe.failing_with = 500
    close_account(alice.account)
    assert erase_account(alice.account.pk)
    deliver_due("cancel_subscription")
    waiting = Delivery.objects.get()
    assert (waiting.account_id, waiting.given_up_at, waiting.attempts) == (None, None, 1)
    assert waiting.due_at > timezone.now()

    stripe.failing_with = 0
    with in_days(20):
        deliver_due("cancel_subscription")
    assert stripe.subscriptions[stripe.only("subscriptions")]["status"] == "canceled"
    assert not Delivery.objects.exists()


def test_what_is_cancelled_already_is_done(alice, paid, stripe):
    Gateway().delete_customer(paid.stripe_id)
    close_account(alice.account)
    deliver_due("cancel_subscription")

    assert len(cancellations(stripe)) == 2
    assert not Delivery.objects.exists()


def test_an_account_that_never_paid_tells_stripe_nothing(alice, stripe):
    close_account(alice.account)

    assert not Delivery.objects.exists()


def test_events_that_come_after_the_deletion_are_taken(alice, paid, stripe):
    close_account(alice.account)
    assert erase_account(alice.account.pk)
    deliver_due("cancel_subscription")
    tell(stripe)

    assert not Customer.objects.exists()
