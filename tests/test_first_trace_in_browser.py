"""The main job as a person sees it: post the reference's body, open the address that comes back, read the timeline."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.api import REFERENCES, TRACES
from tests.live import LiveServer, live_server

pytestmark = pytest.mark.browser

VIEWS = [(width, theme) for width in (375, 1280) for theme in ("light", "dark")]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture(scope="module")
def shared_url(server) -> str:
    """The address that the reference's own body gets."""
    key = server.run_command("create_api_key", "reader@example.com")
    headers = {"Content-Type": "application/json", "X-Tracen-Key": key}
    body = (REFERENCES / "tracen_post.json").read_bytes()
    request = urllib.request.Request(server.base_url + TRACES, body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["url"]


@pytest.fixture
def open_page(browser):
    """Opens an address as a visitor with this window and theme; whatever the browser complains about is a failure."""
    contexts, complaints = [], []

    def open_page(url: str, width: int, theme: str, *, scripts: bool = True):
        # Without motion: what slides in is pale on its way, and it is the settled page that must be readable.
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def has_no_sideways_scroll(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_the_references_trace_is_read_as_a_timeline(shared_url, open_page, width, theme):
    page = open_page(shared_url, width, theme)

    expect(page.get_by_role("heading", level=1)).to_have_text("Summarise this text: ...")
    main = page.get_by_role("main")
    for words in ("Success", "openai / gpt-4o", "15 Jan 2024", "1.24 s", "Here is a summary: ..."):
        expect(main.get_by_text(words).first).to_be_visible()
    rows = page.locator(".rows > .row")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("llm_call")
    assert has_no_sideways_scroll(page)
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_the_landing_page_shows_a_trace_and_how_to_send_one(server, open_page, width, theme):
    page = open_page(server.base_url, width, theme)

    expect(page.get_by_role("heading", level=1)).to_contain_text("One POST")
    expect(page.locator("pre").first).to_contain_text(f"{server.base_url}/api/traces")
    expect(page.locator(".rows > .row").nth(10)).to_be_visible()
    assert has_no_sideways_scroll(page)
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_the_demo_names_the_culprit_and_opens_it(server, open_page, width, theme):
    page = open_page(f"{server.base_url}/demo", width, theme)

    expect(page.get_by_role("main")).to_contain_text("publish_report failed")
    page.locator(".t-what a").first.click()
    expect(page.get_by_role("heading", level=2, name="publish_report")).to_be_visible()
    expect(page.get_by_text("ConnectError").first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    expect(page).to_have_url(re.compile("#span="))
    assert has_no_sideways_scroll(page)
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize("width", [375, 1280])
def test_without_scripts_a_step_still_opens(server, open_page, width):
    page = open_page(f"{server.base_url}/demo", width, "light", scripts=False)

    page.get_by_role("link", name="choose_sources").first.click()

    expect(page.get_by_role("heading", level=2, name="choose_sources")).to_be_visible()
    said_before = page.get_by_text("What support can a household in Denmark get").first
    expect(said_before).to_be_hidden()
    page.get_by_text("shown in an earlier step").first.click()
    expect(said_before).to_be_visible()


def test_the_page_loads_nothing_from_elsewhere(server, browser):
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.base_url}/demo", wait_until="networkidle")
    context.close()

    assert {url for url in asked if not url.startswith(server.base_url)} == set()
