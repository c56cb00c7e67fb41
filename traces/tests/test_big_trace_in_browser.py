"""A trace of ten thousand spans in a real browser: soon there, and scrolled through without a jerk."""

import time

import pytest
from playwright.sync_api import expect

from tests.live import live_server

pytestmark = pytest.mark.browser

SPANS = 10_000
LONGEST_TASK_MS = 50
SECONDS_TO_SCROLL = 120
TRIES = 3
"""Other processes share the machine with the browser: the best of these counts."""
STORE = f"""
from accounts.models import Account
from traces.tests.runs import big_run, shared
print(shared(Account.objects.create(plan_slug="unlimited"), big_run({SPANS})).pk)
"""
WATCH = """
window.longTasks = []
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: 'longtask' })
"""


@pytest.fixture(scope="module")
def address():
    with live_server() as server:
        share_id = server.run_command("shell", "--no-imports", "-c", STORE).splitlines()[-1]
        yield f"{server.base_url}/traces/{share_id}"


def scroll_through(page) -> float:
    """The longest task, in milliseconds, on the way from the first row to the last."""
    page.evaluate(WATCH)
    deadline = time.monotonic() + SECONDS_TO_SCROLL
    while page.locator("[data-more]").count():
        assert time.monotonic() < deadline, "the rows have no end"
        page.mouse.wheel(0, 2_000)
        page.wait_for_timeout(16)
    # The browser reports a long task once it is over.
    page.wait_for_timeout(200)
    return page.evaluate("Math.max(0, ...longTasks)")


def test_all_rows_come_and_no_task_on_the_way_is_long(browser, address):
    longest = []
    for _ in range(TRIES):
        with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
            page = context.new_page()
            page.goto(address)
            page.mouse.move(300, 600)
            longest.append(scroll_through(page))
            expect(page.locator(".row")).to_have_count(SPANS)
        if longest[-1] <= LONGEST_TASK_MS:
            return
    assert min(longest) <= LONGEST_TASK_MS
