"""The largest page in a real browser: when a click is answered first, and whether scrolling stands still."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

from bench.goals import LONGEST_TASK
from bench.systems import Product
from tests.bring.chromium import find_chromium
from tests.bring.system import CannotBring

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TIMES = 5
_GLANCE_MS = 4
# The page has no mark of its own for "ready": a span is clicked again and again until the page's script chooses it.
# Without the script the link would lead away from the page, which `preventDefault` keeps from happening.
_CLICK_UNTIL_ANSWERED = f"""
addEventListener('click', (event) => event.preventDefault())
const glance = () => {{
    const row = document.querySelector('.rows .row:nth-child(2)')
    row?.querySelector('.nm a')?.click()
    if (row?.classList.contains('on')) window.interactiveAt = performance.now()
    else setTimeout(glance, {_GLANCE_MS})
}}
glance()
"""
_WATCH_TASKS = """
window.longTasks = []
new PerformanceObserver((list) => longTasks.push(...list.getEntries().map((task) => task.duration)))
    .observe({ type: 'longtask' })
"""


class CannotMeasure(Exception):
    """There is no browser, or it did not get through the page; the message says what was wrong."""


def open_largest(product: Product, told: dict[str, Any]) -> Iterator[dict[str, float]]:
    """A few openings, each with an empty cache. `told` is what bench/inside/volume.py answered."""
    try:
        from playwright.sync_api import Error, sync_playwright

        # It needs pytest, and the browser's own package, which only those have who work on the product.
        from tests.live import BROWSER_ARGUMENTS
    except ImportError as problem:
        raise CannotMeasure(str(problem)) from problem
    try:
        program = find_chromium()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, headless=True, args=BROWSER_ARGUMENTS)
            for _ in range(TIMES):
                yield _open(browser, product, told)
            browser.close()
    # The last is how the browser test's helper says that the rows have no end.
    except (CannotBring, Error, OSError, AssertionError) as problem:
        raise CannotMeasure(str(problem)) from problem


def _open(browser: "Browser", product: Product, told: dict[str, Any]) -> dict[str, float]:
    from traces.tests.test_big_trace_in_browser import scroll_through

    address = f"http://127.0.0.1:{product.port}/dashboard/traces/{told['largest']}"
    (cookie,) = SimpleCookie(told["cookie"]).values()
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
        context.add_init_script(_CLICK_UNTIL_ANSWERED)
        page = context.new_page()
        page.goto(address)
        page.wait_for_function("window.interactiveAt")
        interactive = page.evaluate("window.interactiveAt")
        page.mouse.move(300, 600)
        page.evaluate(_WATCH_TASKS)
        scroll_through(page)
        # The browser reports a long task once it is over.
        page.wait_for_timeout(200)
        return {"interactive ms": interactive, LONGEST_TASK: page.evaluate("Math.max(0, ...longTasks)")}
