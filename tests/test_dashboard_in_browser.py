"""Keys, overview and agents as their owner sees them, from an empty account to the first trace and a failing agent."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.bring.clients import find_python
from tests.bring.node import find_node
from tests.live import LiveServer, live_server

pytestmark = pytest.mark.browser

VIEWS = [(width, theme) for width in (375, 768, 1280) for theme in ("light", "dark")]
EMPTY, BUSY = "empty@example.com", "busy@example.com"

# What a person with the address in {email} sends as a cookie when they are signed in.
SIGN_IN = """
from django.conf import settings
from django.test import Client
from accounts.signup import account_of_email
client = Client()
client.force_login(account_of_email({email!r}).members.get())
print(client.cookies[settings.SESSION_COOKIE_NAME].value)
"""
FILL = """
from accounts.api_keys import mint_key
from accounts.plans import UNLIMITED
from accounts.signup import account_of_email
from traces.ingest import record_trace
from traces.records import TraceStatus
from traces.tests.runs import failed, run
account = account_of_email({email!r})
account.plan_slug = UNLIMITED.slug
account.save()
for name in ("production", "مفتاح الخادم", "🚀", "long " * 50):
    mint_key(account, name.strip())
for number in range(30):
    for agent in ("support-bot", "وكيل البحث", "agent " * 40):
        record_trace(account, run(agent=agent.strip(), until=1000 * number + 40, input_tokens=number * 1000))
error = "ConnectError: connection refused by reports.internal:8443"
for name in ("publish", "<b>bold</b>", "بحث عن الطقس", "long name " * 20):
    record_trace(account, run(failed(name, error=error), name=name, agent="fragile", status=TraceStatus.ERROR))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        running.run_command("shell", "-v", "0", "-c", FILL.format(email=BUSY))
        yield running


@pytest.fixture(scope="module")
def session_of(server):
    """The session cookie of the person with an address, who is made if there is none."""
    return cache(
        lambda email: server.run_command("shell", "-v", "0", "-c", SIGN_IN.format(email=email)).splitlines()[-1]
    )


@pytest.fixture
def open_as(browser, server, session_of):
    """Opens a page as the person with an address; whatever the browser complains about is a failure."""
    contexts, complaints = [], []

    def open_as(email: str, path: str, width: int = 1280, theme: str = "light", *, scripts: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.add_cookies([{"name": "sessionid", "value": session_of(email), "url": server.base_url}])
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(server.base_url + path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []


def assert_is_fit_to_show(page) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert Axe().run(page).response["violations"] == []


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_the_pages_with_much_on_them_are_fit_to_show(open_as, server, width, theme):
    page = open_as(BUSY, "/dashboard", width, theme)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_text("connection refused by reports.internal:8443").first).to_be_visible()
    assert_is_fit_to_show(page)

    page.get_by_text("The charts as a table").click()
    assert_is_fit_to_show(page)
    page.get_by_role("link", name="This month", exact=True).click()
    page.wait_for_url("**/dashboard?range=month")
    assert_is_fit_to_show(page)

    page.get_by_role("link", name="Agents", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    assert_is_fit_to_show(page)

    page.get_by_role("link", name="fragile").click()
    expect(page.get_by_text("4 of 4 failed in the last 24 hours")).to_be_visible()
    page.get_by_role("button", name="Delete…").click()
    assert_is_fit_to_show(page)

    page.goto(f"{server.base_url}/dashboard/keys")
    page.get_by_role("button", name="Revoke production").click()
    expect(page.get_by_role("dialog", name="Revoke production")).to_be_visible()
    assert_is_fit_to_show(page)
    page.get_by_role("button", name="Account menu").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert_is_fit_to_show(page)


@pytest.mark.parametrize(("width", "theme"), VIEWS)
def test_the_guide_is_fit_to_show(open_as, width, theme):
    page = open_as(EMPTY, "/dashboard", width, theme)
    expect(page.get_by_role("heading", level=1)).to_have_text("Send your first trace")
    assert_is_fit_to_show(page)

    page.get_by_role("button", name="key").click()
    expect(page.locator(".once code")).to_contain_text("tracen_sk_")
    for language in ("Python", "JavaScript", "OpenTelemetry", "curl"):
        page.get_by_text(language, exact=True).first.click()
        assert_is_fit_to_show(page)


@pytest.mark.parametrize("language", ["curl", "python", "javascript", "opentelemetry"])
def test_a_snippet_runs_as_it_is_and_its_trace_turns_up_by_itself(open_as, tmp_path, language):
    page = open_as(f"{language}@example.com", "/dashboard")
    page.get_by_role("button", name="key").click()
    # The page without a key has the same labels.
    expect(page.locator(".once code")).to_contain_text("tracen_sk_")
    page.wait_for_load_state()
    page.locator(f"label[for=in-{language}]").click()
    snippet = page.locator(f"#in-{language} ~ .pane:visible code").last.inner_text()
    program, name = {
        "curl": ("sh", "send.sh"),
        "python": (sys.executable, "send.py"),
        "javascript": (find_node(), "send.mjs"),
        "opentelemetry": (str(find_python("python")), "send.py"),
    }[language]
    file = tmp_path / name
    file.write_text(snippet)

    finished = subprocess.run([program, str(file)], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 0, finished.stderr

    expect(page.get_by_role("status").get_by_role("link")).to_contain_text("Open ", timeout=30_000)


def test_without_scripts_a_person_gets_from_nothing_to_a_key(open_as):
    page = open_as("plain@example.com", "/dashboard", scripts=False)
    page.get_by_role("button", name="key").click()

    expect(page.locator(".once code")).to_contain_text("tracen_sk_")
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("You have tracen_sk_")).to_be_visible()


def test_without_scripts_a_key_is_made_and_revoked(open_as):
    page = open_as("plain@example.com", "/dashboard/keys", scripts=False)
    page.get_by_label("Name").fill("by hand")
    page.get_by_label("nxs_…").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.locator(".once code")).to_contain_text("nxs_")

    page.get_by_role("button", name="Revoke by hand").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_text("“by hand” is revoked.")).to_be_visible()


def test_the_way_back_does_not_show_the_key_again(open_as, server):
    page = open_as("careful@example.com", "/dashboard/keys")
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Create key").click()
    key = page.locator(".once code").inner_text()

    page.get_by_role("link", name="Agents", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Agents")
    # The browser asks anew or shows what it kept, or refuses to send a form again by itself: in no case the key.
    with suppress(PlaywrightError):
        page.go_back()
    expect(page.get_by_role("heading", name="Agents", level=1)).to_have_count(0)
    page.wait_for_load_state()
    assert key not in page.content()


def test_a_key_is_copied_whole(open_as):
    page = open_as("careful@example.com", "/dashboard/keys")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Create key").click()
    key = page.locator(".once code").inner_text()

    page.wait_for_load_state()
    page.locator(".once").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
