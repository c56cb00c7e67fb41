"""A trace of ten thousand spans in a real browser: scrolled through, its rows come and keep it from nothing else.

How long the longest task takes is measured by `manage.py bench`, which has the machine to itself.
"""

import time

import pytest
from playwright.sync_api import expect

from tests.live import live_server

pytestmark = pytest.mark.browser

SPANS = 10_000
ROWS_AT_ONCE = 200
"""The browser draws and scrolls in between (static/js/timeline-rows.js)."""
SECONDS_TO_SCROLL = 120
STORE = f"""
from accounts.models import Account
from traces.tests.runs import big_run, shared
print(shared(Account.objects.create(plan_slug="unlimited"), big_run({SPANS})).pk)
"""
COUNT_ADDED = """
window.addedAtOnce = []
new MutationObserver((changes) => addedAtOnce.push(changes.reduce((sum, change) => sum + change.addedNodes.length, 0)))
    .observe(document.querySelector('.rows'), { childList: true })
"""


@pytest.fixture(scope="module")
def address():
    with live_server() as server:
        share_id = server.run_command("shell", "--no-imports", "-c", STORE).splitlines()[-1]
        yield f"{server.base_url}/traces/{share_id}"


def scroll_through(page) -> None:
    """From the first row to the last, until no more are to come."""
    deadline = time.monotonic() + SECONDS_TO_SCROLL
    while page.locator("[data-more]").count():
        assert time.monotonic() < deadline, "the rows have no end"
        page.mouse.wheel(0, 2_000)
        page.wait_for_timeout(16)


def test_all_rows_come_and_a_few_at_a_time(page, address):
    page.goto(address)
    page.evaluate(COUNT_ADDED)
    page.mouse.move(300, 600)
    scroll_through(page)
    expect(page.locator(".row")).to_have_count(SPANS)
    assert 1 <= max(page.evaluate("addedAtOnce")) <= ROWS_AT_ONCE
