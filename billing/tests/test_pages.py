"""The page about the plan: what it shows, to whom, and that nothing which a browser brings back is believed."""

import re
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from billing.gateway import Gateway
from billing.models import Customer, Receipt
from billing.templatetags.billing import money, percent_of
from billing.tests.conftest import PAGE, plan_of, tell
from traces.models import MonthlyUsage

pytestmark = pytest.mark.django_db


def seen(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def browser_of(person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def test_the_page_shows_the_use_of_the_plan(alice, owner, stripe):
    alice.api.create_trace(agent_id="helper")
    page = seen(owner)

    assert "1 of 1,000" in page
    assert "1 of 1 " in page
    assert "30 days" in page


def test_upgrade_leads_to_stripes_page(owner, stripe):
    answer = owner.post(f"{PAGE}/upgrade")

    assert answer.status_code == 303
    assert answer["Location"] == f"{stripe.url}/pay/{stripe.only('sessions')}"


def test_a_checkout_that_is_still_open_is_used_again(owner, stripe):
    first = owner.post(f"{PAGE}/upgrade")["Location"]

    assert owner.post(f"{PAGE}/upgrade")["Location"] == first


def test_nobody_subscribes_twice(alice, paid, owner, stripe):
    Account.objects.filter(pk=alice.account.pk).update(plan_slug="free")
    answer = owner.post(f"{PAGE}/upgrade")

    assert answer["Location"] == PAGE
    assert len(stripe.sessions) == 1
    assert plan_of(alice) == "pro"


def test_coming_back_without_having_paid_changes_nothing(alice, customer, owner):
    page = seen(owner, f"{PAGE}/done")

    assert "Waiting for Stripe" in page
    assert plan_of(alice) == "free"


def test_coming_back_from_a_payment_asks_stripe(alice, customer, owner, stripe):
    stripe.pay(stripe.only("sessions"))
    answer = owner.get(f"{PAGE}/done", follow=True)

    assert plan_of(alice) == "pro"
    assert "The account is on Pro" in answer.content.decode()


def test_who_never_began_to_pay_is_led_to_the_page(owner, stripe):
    assert owner.get(f"{PAGE}/done")["Location"] == PAGE
    assert stripe.calls == []


def test_a_subscriber_manages_and_does_not_upgrade(paid, owner, stripe):
    page = seen(owner)

    assert "Upgrade to Pro" not in page
    assert "Pro renews on" in page
    assert owner.post(f"{PAGE}/manage")["Location"].startswith(f"{stripe.url}/portal/{paid.stripe_id}")


def test_who_pays_nothing_has_nothing_to_manage(owner, stripe):
    assert owner.post(f"{PAGE}/manage").status_code == 404


def test_a_cancelled_subscription_says_until_when(paid, owner, stripe):
    stripe.change(stripe.only("subscriptions"), cancel_at_period_end=True)
    tell(stripe)

    assert "Pro cancels on" in seen(owner)


def test_a_failed_payment_says_until_when_pro_stays(paid, owner, stripe):
    stripe.change(stripe.only("subscriptions"), status="past_due")
    tell(stripe)
    paid.refresh_from_db()
    end = paid.grace_ends_at

    assert f"The last payment failed. Pro stays until {end.day} {end:%b}" in seen(owner)


def test_receipts_link_to_stripe(paid, owner, stripe):
    page = owner.get(PAGE).content.decode()

    assert Receipt.objects.get().total == 900
    assert f'href="{stripe.url}/invoice/{stripe.only("invoices")}"' in page
    assert "$9.00" in page


def test_more_receipts_take_no_more_queries(paid, owner, stripe):
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            owner.get(PAGE)
        counts.append(len(asked))
        stripe.bill(paid.stripe_id)
        stripe.bill(paid.stripe_id)
        tell(stripe)

    assert Receipt.objects.count() == 5
    assert counts[0] == counts[1]


def test_a_draft_is_no_receipt(paid, owner, stripe):
    stripe.bill(paid.stripe_id, status="draft")
    tell(stripe)

    assert Receipt.objects.count() == 1


def test_a_teammate_sees_and_cannot_change(bob, paid, stripe):
    teammate = browser_of(bob)
    page = seen(teammate)

    assert "Only an owner of the account can change the plan" in page
    assert "Manage" not in page
    assert teammate.post(f"{PAGE}/manage").status_code == 403
    assert teammate.post(f"{PAGE}/upgrade").status_code == 403


def test_a_stranger_sees_nothing_of_it(paid, charlie):
    page = seen(browser_of(charlie))

    assert "TRC-" not in page
    assert "Upgrade to Pro" in page


def test_what_the_operator_gave_is_not_sold(alice, owner, stripe):
    Account.objects.filter(pk=alice.account.pk).update(plan_slug="unlimited")
    page = seen(owner)

    assert "The operator of this server put the account on Unlimited" in page
    assert "Upgrade" not in page


@pytest.mark.parametrize("trouble", [{"failing_with": 500}, {"failing_with": 402}, {"slow_by": 30.0}])
def test_trouble_with_stripe_is_a_word_and_is_not_waited_for(owner, stripe, trouble):
    for name, value in trouble.items():
        setattr(stripe, name, value)
    began = time.monotonic()
    answer = owner.post(f"{PAGE}/upgrade", follow=True)

    assert time.monotonic() - began < 15, "4.5 seconds of waiting, and what a process loads for its first page"
    assert answer.status_code == 200
    assert "Stripe cannot be reached at the moment" in answer.content.decode()


def test_a_stripe_that_is_slow_again_and_again_does_not_add_up(paid, owner, stripe):
    stripe.slow_by = 1.9
    Account.objects.update(plan_slug="free")
    began = time.monotonic()
    owner.post(f"{PAGE}/upgrade")

    assert time.monotonic() - began < 7, "four calls with a limit each would take 7.6 seconds, one limit for all 4"


def test_coming_back_while_stripe_is_down_still_answers(customer, owner, stripe):
    stripe.failing_with = 503

    assert "Waiting for Stripe" in seen(owner, f"{PAGE}/done")


def test_the_forms_may_end_at_stripe_and_nowhere_else(owner, stripe):
    policy = owner.get(PAGE)["Content-Security-Policy"]
    forms = next(part.strip() for part in policy.split(";") if "form-action" in part)

    assert forms == f"form-action 'self' https://checkout.stripe.com https://billing.stripe.com {stripe.url}"


# Without Stripe


def test_without_keys_the_page_says_how_the_plan_is_set(owner):
    page = seen(owner)

    assert "This server takes no payments" in page
    assert "TRACEN_DEFAULT_PLAN" in page
    assert "create_api_key EMAIL --plan unlimited" in page


def test_without_keys_no_button_leads_nowhere(owner):
    page = owner.get(PAGE).content.decode()

    assert f"{PAGE}/upgrade" not in page
    assert f"{PAGE}/manage" not in page
    assert owner.post(f"{PAGE}/upgrade").status_code == 404
    assert owner.post(f"{PAGE}/manage").status_code == 404
    assert owner.get(f"{PAGE}/done")["Location"] == PAGE


# The banner


@pytest.mark.parametrize(
    ("used", "words"),
    [
        (799, None),
        (800, "800 of this month’s 1,000 traces are used"),
        (999, "999 of this month’s 1,000 traces are used"),
        (1_000, "All 1,000 traces of this month are used"),
    ],
)
@pytest.mark.parametrize("path", ["/dashboard/keys", "/dashboard/settings", PAGE])
def test_every_page_tells_when_the_month_is_nearly_used_up(alice, owner, used, words, path):
    alice.api.create_trace()
    MonthlyUsage.objects.update(traces=used)
    page = seen(owner, path)

    assert ("traces are used" in page or "of this month are used" in page) == (words is not None)
    assert (words or "") in page


def test_without_a_limit_there_is_nothing_to_tell(unlimited, owner):
    unlimited.api.create_trace()
    MonthlyUsage.objects.update(traces=10**9)

    assert "are used" not in seen(owner, "/dashboard/keys")


def test_the_banner_and_the_meter_ask_once(alice, owner):
    alice.api.create_trace()
    for path in ("/dashboard/keys", PAGE):
        with CaptureQueriesContext(connection) as asked:
            owner.get(path)
        assert sum("traces_monthlyusage" in query["sql"] for query in asked) == 1


@pytest.mark.parametrize(
    ("total", "currency", "text"),
    [
        (900, "usd", "$9.00"),
        (0, "usd", "$0.00"),
        (-450, "usd", "-$4.50"),
        (123_456_789, "eur", "1,234,567.89 EUR"),
        (1_200, "jpy", "1,200 JPY"),
    ],
)
def test_sums_are_written_in_their_currency(total, currency, text):
    assert money(total, currency) == text


@pytest.mark.parametrize(("used", "limit", "percent"), [(0, 3, 0.0), (1, 3, 33.3), (7, 3, 100.0)])
def test_a_bar_is_never_longer_than_its_box(used, limit, percent):
    assert percent_of(used, limit) == percent


def test_after_the_customer_was_deleted_at_stripe_an_upgrade_makes_a_new_one(alice, paid, owner, stripe):
    old = paid.stripe_id
    Gateway().delete_customer(old)
    tell(stripe)
    answer = owner.post(f"{PAGE}/upgrade")
    assert (answer.status_code, answer["Location"].startswith(stripe.url)) == (303, True)
    assert Customer.objects.get(account=alice.account).stripe_id != old


def test_a_customer_of_another_stripe_account_is_told_that_trying_again_does_not_help(customer, owner, stripe):
    del stripe.customers[customer.stripe_id]
    page = owner.post(f"{PAGE}/upgrade", follow=True).text
    assert "Stripe does not accept this account’s customer" in page
    assert "cannot be reached" not in page


@pytest.mark.parametrize("plan", ["pro", "unlimited"])
def test_what_the_operator_gave_is_not_sold_again(alice, owner, stripe, plan):
    Account.objects.update(plan_slug=plan)
    page = owner.post(f"{PAGE}/upgrade", follow=True).text
    assert "There is nothing to buy" in page
    assert not stripe.sessions


@pytest.mark.parametrize("status", ["unpaid", "paused"])
def test_a_subscription_that_rests_says_so(paid, owner, stripe, status):
    stripe.change(paid.subscription_id, status=status)
    tell(stripe)
    page = owner.get(PAGE).text
    assert f"The subscription is {status}" in page


def test_who_is_about_to_lose_pro_is_told_what_will_be_deleted(paid, owner, stripe):
    stripe.change(paid.subscription_id, status="past_due")
    tell(stripe)
    assert "private traces older than Free keeps them" in " ".join(owner.get(PAGE).text.split())
