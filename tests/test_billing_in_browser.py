"""An upgrade as a person makes it: at the limit, through Stripe's page (a stand-in), and the next request is accepted."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.api import NEXUS, nexus_body
from tests.live import LiveServer, live_server
from tests.stripe_stand_in import StripeStandIn

pytestmark = pytest.mark.browser

PASSWORD = "a long pass phrase"
FILL_THE_MONTH = "from traces.models import MonthlyUsage; MonthlyUsage.objects.update(traces=1_000)"


@pytest.fixture
def stripe() -> Iterator[StripeStandIn]:
    with StripeStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def server(stripe) -> Iterator[LiveServer]:
    with live_server(**stripe.environment) as running:
        stripe.webhook_url = f"{running.base_url}/billing/webhook"
        yield running


def send_trace(server: LiveServer, key: str) -> int:
    headers = {"X-Tracen-Key": key, "Content-Type": "application/json"}
    request = urllib.request.Request(server.base_url + NEXUS, json.dumps(nexus_body()).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code


def sign_up(server: LiveServer, page: Page) -> None:
    page.goto(f"{server.base_url}/accounts/signup")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill("grace@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name=re.compile("Create|Sign up")).first.click()
    page.wait_for_url("**/dashboard")


def is_fit(page: Page) -> bool:
    found = Axe().run(page).response["violations"]
    assert [(finding["id"], [node["html"][:200] for node in finding["nodes"][:3]]) for finding in found] == []
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_an_upgrade_raises_the_limits_on_the_next_request(server, stripe, page):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    sign_up(server, page)
    key = server.run_command("create_api_key", "grace@example.com")
    assert send_trace(server, key) == 201
    server.run_command("shell", "-v0", "-c", FILL_THE_MONTH)
    assert send_trace(server, key) == 429

    page.goto(f"{server.base_url}/dashboard/keys")
    expect(page.get_by_text("All 1,000 traces of this month are used")).to_be_visible()
    page.get_by_role("link", name="See the plan").click()
    expect(page.get_by_role("heading", level=1, name="Billing")).to_be_visible()
    assert is_fit(page)
    page.get_by_role("button", name="Upgrade to Pro").click()
    expect(page).to_have_url(re.compile(re.escape(stripe.url)))
    assert send_trace(server, key) == 429
    page.get_by_role("button", name="Pay and subscribe").click()

    expect(page.get_by_text("The account is on Pro")).to_be_visible()
    assert send_trace(server, key) == 201
    expect(page.get_by_role("link", name="TRC-")).to_be_visible()
    assert is_fit(page)

    page.get_by_role("button", name="Manage").click()
    page.get_by_role("button", name="Cancel plan").click()
    page.wait_for_url("**/dashboard/billing")
    stripe.wait_until_told()
    page.reload()
    expect(page.get_by_text("Pro cancels on")).to_be_visible()
    assert complaints == []


def test_a_payment_counts_though_nobody_comes_back_from_it(server, stripe, page):
    """Only the event tells: the browser is closed on Stripe's page."""
    sign_up(server, page)
    key = server.run_command("create_api_key", "grace@example.com")
    assert send_trace(server, key) == 201
    server.run_command("shell", "-v0", "-c", FILL_THE_MONTH)
    page.goto(f"{server.base_url}/dashboard/billing")
    page.get_by_role("button", name="Upgrade to Pro").click()
    page.wait_for_url(f"{stripe.url}/**")
    page.close()
    assert send_trace(server, key) == 429
    stripe.pay(stripe.only("sessions"))
    stripe.wait_until_told()

    assert send_trace(server, key) == 201
