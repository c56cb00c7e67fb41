"""List, trace page, live update and sharing in a real browser: by script, without it, at both widths, in both themes."""

import json
import urllib.request
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, expect

from tests.api import NEXUS, nexus_body, span_body
from tests.live import live_server

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
LIST = "/dashboard/traces"
SIGN_UP = """
from django.conf import settings
from django.test import Client
from accounts.api_keys import mint_key
from accounts.models import User
from accounts.plans import UNLIMITED
from accounts.signup import open_account
user, client = User.objects.create_user("{email}"), Client()
account = open_account(user)
account.plan_slug = UNLIMITED.slug
account.save()
client.force_login(user)
print(mint_key(account, "key")[1], client.cookies[settings.SESSION_COOKIE_NAME].value)
"""


@pytest.fixture(scope="module")
def server():
    with live_server() as running:
        yield running


class Owner:
    """Somebody with an account of their own, a program that sends traces to it, and pages that are signed in."""

    def __init__(self, server, browser, email: str) -> None:
        self.server, self.browser = server, browser
        self.key, self.session = server.run_command("shell", "-v0", "-c", SIGN_UP.format(email=email)).split()
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def send(self, method: str, path: str, body: dict) -> dict:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.server.base_url + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def create_trace(self, **changes) -> str:
        return self.send("POST", NEXUS, nexus_body(**changes))["trace_id"]

    def add_span(self, trace_id: str, name: str, second: int = 0, **changes) -> str:
        times = {"started_at": _at(second), "ended_at": _at(second + 1)}
        body = span_body(**{"parent_span_id": None, "name": name, **times, **changes})
        return self.send("POST", f"{NEXUS}/{trace_id}/spans", body)["span_id"]

    def end(self, trace_id: str) -> None:
        self.send("PATCH", f"{NEXUS}/{trace_id}", {"status": "success", "ended_at": _at(59)})

    def open(self, path: str, viewport=WIDE, **more):
        context = self.browser.new_context(viewport=viewport, **more)
        context.add_cookies([{"name": "sessionid", "value": self.session, "url": self.server.base_url}])
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(self.server.base_url + path)
        return page


def _at(second: int) -> str:
    return f"2026-04-06T12:00:{second:02}Z"


@pytest.fixture
def owner(server, browser):
    """A new account for each test; whatever the browser complains about is a failure."""
    person = Owner(server, browser, f"{uuid4()}@example.com")
    yield person
    for context in person.contexts:
        context.close()
    assert person.complaints == []


def started(person, count: int = 3, **changes) -> str:
    trace_id = person.create_trace(started_at=_at(0), **changes)
    for number in range(count):
        person.add_span(trace_id, f"step-{number}", number)
    return trace_id


def test_new_rows_come_by_themselves_with_the_mark(owner):
    page = owner.open(LIST)
    expect(page.get_by_role("heading", name="No traces yet")).to_be_visible()
    owner.create_trace(name="first")
    expect(page.locator("tr.fresh .go")).to_have_text("first")
    expect(page.locator("[data-total-text]")).to_have_text("1")
    owner.create_trace(name="second")
    expect(page.locator("tbody .go")).to_have_text(["second", "first"])
    expect(page.locator("[data-news]")).to_have_text("1 new trace")


@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_enter_in_one_of_the_more_filters_narrows_the_list(owner, viewport):
    owner.create_trace(name="first")
    page = owner.open(LIST, viewport)
    page.get_by_text("More filters").click()
    page.get_by_label("User").fill("somebody")
    page.get_by_label("User").press("Enter")
    page.wait_for_url("**/dashboard/traces?user=somebody")
    expect(page.get_by_role("heading", name="No trace matches")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_rows_do_not_move_while_some_are_chosen(owner):
    owner.create_trace(name="first")
    page = owner.open(LIST)
    page.get_by_label("Select first").check()
    owner.create_trace(name="second")
    page.get_by_role("button", name="Show 1 new trace").click()
    expect(page.locator("tbody .go")).to_have_text(["second", "first"])
    expect(page.get_by_label("Select first")).to_be_checked()
    expect(page.locator("[data-chosen]")).to_have_text("1 selected")


def test_a_status_changes_in_place(owner):
    trace_id = owner.create_trace(name="going", status="running")
    page = owner.open(LIST)
    expect(page.locator("tbody .st")).to_have_text("Running")
    owner.end(trace_id)
    expect(page.locator("tbody .st")).to_have_text("Success")


def test_deleting_asks_in_a_dialog(owner):
    for name in ("one", "two", "three"):
        owner.create_trace(name=name)
    page = owner.open(LIST)
    expect(page.get_by_role("button", name="Delete selected")).to_be_hidden()
    page.get_by_label("Select one").check()
    page.get_by_label("Select two").check()
    page.get_by_role("button", name="Delete selected").click()
    expect(page.get_by_role("heading", name="Delete 2 traces?")).to_be_visible()
    page.get_by_role("button", name="Keep them").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Delete selected").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("2 traces deleted.")).to_be_visible()
    expect(page.locator("tbody .go")).to_have_text("three")


def test_without_script_deleting_asks_on_a_page(owner):
    owner.create_trace(name="one")
    page = owner.open(LIST, java_script_enabled=False)
    page.get_by_label("Select one").check()
    page.get_by_role("button", name="Delete selected").click()
    expect(page.get_by_role("heading", name="Delete 1 trace?")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 trace deleted.")).to_be_visible()


def test_a_filter_applies_itself_and_its_address_says_only_what_is_asked(owner):
    owner.create_trace(name="one", status="running")
    page = owner.open(LIST)
    page.get_by_label("Received").select_option("Last hour")
    page.wait_for_url(f"**{LIST}?received=hour")
    page.get_by_role("link", name="Error").click()
    expect(page.get_by_role("heading", name="No trace matches")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.locator("tbody .go")).to_have_text("one")


def test_a_run_that_goes_on_grows_and_what_was_chosen_stays(owner):
    trace_id = started(owner, status="running")
    parent = owner.add_span(trace_id, "parent", 4)
    owner.add_span(trace_id, "child", 4, parent_span_id=parent)
    page = owner.open(f"{LIST}/{trace_id}")
    page.get_by_label("Fold parent").click()
    page.locator(".row", has_text="step-1").locator("a").click()
    expect(page.locator(".t-right h2 bdi")).to_have_text("step-1")
    for number in range(5, 40):
        owner.add_span(trace_id, f"late-{number}", number)
    expect(page.locator(".row", has_text="late-39")).to_be_attached()
    expect(page.locator(".row.on bdi")).to_have_text("step-1")
    expect(page.locator(".row.on a")).to_be_focused()
    expect(page.locator(".row", has_text="child")).to_be_hidden()
    expect(page.locator(".t-right h2 bdi")).to_have_text("step-1")
    # Tools that a short run does not have came with the rows and work: search, keys, the next one down.
    page.keyboard.press("/")
    page.keyboard.type("late")
    expect(page.locator("[data-found]")).to_have_text("35 found")


def test_the_page_does_not_move_when_rows_come_above(owner):
    trace_id = owner.create_trace(started_at=_at(0), status="running")
    for number in range(40):
        owner.add_span(trace_id, f"step-{number}", 20, started_at=f"2026-04-06T12:00:20.{number:03}Z")
    page = owner.open(f"{LIST}/{trace_id}")
    page.evaluate("scrollTo(0, 700)")
    place = "document.querySelectorAll('.row bdi')[{}].getBoundingClientRect().top"
    before = page.evaluate(place.format(30))
    for number in range(5):
        owner.add_span(trace_id, f"early-{number}", number)
    expect(page.locator(".row")).to_have_count(45)
    assert abs(page.evaluate(place.format(35)) - before) <= 1


def test_the_end_stops_the_asking(owner):
    trace_id = started(owner, status="running")
    page = owner.open(f"{LIST}/{trace_id}")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/live" in request.url else None)
    owner.end(trace_id)
    expect(page.locator("[data-live-line]")).to_have_text("The run has ended.")
    expect(page.locator("[data-part=said] .st")).to_have_text("Success")
    count = len(asked)
    page.wait_for_timeout(3_000)
    assert len(asked) == count


def test_the_first_span_of_an_empty_run_is_shown(owner):
    trace_id = owner.create_trace(status="running")
    page = owner.open(f"{LIST}/{trace_id}")
    expect(page.get_by_text("Nothing was recorded inside this run.")).to_be_visible()
    owner.add_span(trace_id, "at last")
    expect(page.locator(".t-right h2 bdi")).to_have_text("at last")


def test_brackets_lead_to_the_neighbours_and_back(owner):
    ids = [started(owner, 1, name=name) for name in ("old", "new")]
    page = owner.open(f"{LIST}/{ids[1]}")
    page.keyboard.press("]")
    expect(page.locator("h1")).to_have_text("old")
    # Its script hears the keys, and is the last to come.
    page.wait_for_load_state()
    page.keyboard.press("[")
    expect(page.locator("h1")).to_have_text("new")


def test_an_address_with_a_span_opens_it(owner):
    trace_id = started(owner)
    span_id = owner.add_span(trace_id, "culprit", 9)
    page = owner.open(f"{LIST}/{trace_id}#span={span_id}")
    expect(page.locator(".t-right h2 bdi")).to_have_text("culprit")


def test_a_trace_is_deleted_from_its_page(owner):
    page = owner.open(f"{LIST}/{started(owner)}")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete the trace").click()
    expect(page.get_by_text("1 trace deleted.")).to_be_visible()


def share_and_revoke(owner, page) -> None:
    page.get_by_label("Expires").select_option("After 7 days")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_text("New link")).to_be_visible()
    address = page.locator(".links a").get_attribute("href")
    visitor = owner.browser.new_page()
    assert visitor.goto(address).status == 200
    page.get_by_role("button", name="Revoke the link made").click()
    page.get_by_role("button", name="Revoke the link", exact=True).click()
    expect(page.get_by_text("No live link")).to_be_visible()
    assert visitor.goto(address).status == 404
    visitor.close()


def test_sharing_and_revoking_stay_in_the_dialog(owner):
    path = f"{LIST}/{started(owner)}"
    page = owner.open(path)
    page.get_by_role("link", name="Share").click()
    expect(page.get_by_role("heading", name="Share this trace")).to_be_visible()
    share_and_revoke(owner, page)
    assert path in page.url
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Share this trace")).to_be_hidden()


def test_without_script_sharing_is_a_page(owner):
    page = owner.open(f"{LIST}/{started(owner)}", java_script_enabled=False)
    page.get_by_role("link", name="Share").click()
    share_and_revoke(owner, page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(owner, theme, viewport):
    trace_id = started(owner, 12, name="x" * 255, agent_id="y" * 255, status="running")
    owner.create_trace(name="تلخيص محضر الاجتماع", agent_id="z")
    page = owner.open(LIST, viewport, color_scheme=theme)
    for path in (
        LIST,
        f"{LIST}?status=error&q=nothing",
        f"{LIST}/{trace_id}",
        f"{LIST}/{trace_id}/share",
        "/dashboard/links",
    ):
        page.goto(owner.server.base_url + path)
        if path == f"{LIST}/{trace_id}":
            page.get_by_role("link", name="Share").click()
            page.get_by_role("button", name="Create link").click()
            expect(page.get_by_text("New link")).to_be_visible()
        found = Axe().run(page).response["violations"]
        assert (path, [violation["id"] for violation in found]) == (path, [])
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
