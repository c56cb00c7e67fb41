"""Every page in Chromium, with a month of believable data: on a phone and a desk, in both themes, with and without script.

Each is clean for axe, says nothing in the console, breaks no content policy, needs no sideways scroll, and is light.
"""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.live import LiveServer, live_server

pytestmark = [pytest.mark.browser, pytest.mark.one_database]

VIEWS = [(width, theme) for width in (375, 1280) for theme in ("light", "dark")]
EMAIL = "demo@example.com"
FIRST_LOAD_BYTES = 150_000
LARGE_PAGE_BYTES = 300_000


@dataclass
class Site:
    """The running product with a seeded account, and the traces that are hard to show."""

    server: LiveServer
    password: str
    traces: dict[str, str]
    agent: str
    webhook: str


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with live_server() as server:
        password = server.run_command("seed_demo").split()[-1]
        key = server.run_command("create_api_key", EMAIL)
        rows = {name: api(server, key, f"/api/v1/traces?limit=1&{query}")[0] for name, query in SPECIAL.items()}
        agent = server.run_command(
            "shell", "-v0", "-c", "from traces.models import Agent; print(Agent.objects.last().pk)"
        )
        webhook = server.run_command("shell", "-v0", "-c", WEBHOOK)
        yield Site(server, password, {name: row["id"] for name, row in rows.items()}, agent, webhook)


# One that fails, with a log of its own.
WEBHOOK = f"""
from django.utils import timezone
from accounts.models import User
from traces.models import Webhook, WebhookDelivery
from traces.webhooks.endpoints import add_webhook
made = add_webhook(User.objects.get(email="{EMAIL}").accounts.get(), "https://example.com/" + "a-long-segment/" * 40)
Webhook.objects.update(failures=3, failing_since=timezone.now())
for more in ({{"error": "Answered 503"}}, {{"delivered_at": timezone.now(), "answer_status": 200, "duration_ms": 84}}):
    WebhookDelivery.objects.create(webhook=made, event="test", attempts=1, **{{"failed_at": timezone.now(), **more}})
print(made.pk)
"""


SPECIAL = {
    "failed": "agent_id=research-agent",
    "large": "agent_id=indexer",
    "running": "status=running",
    "timeout": "status=timeout",
    "call": "source=tracen",
    "long-name": "q=reconcile",
}


def api(server: LiveServer, key: str, path: str):
    request = urllib.request.Request(server.base_url + path, headers={"X-Tracen-Key": key})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


PUBLIC = (
    "/",
    "/demo",
    "/docs",
    "/docs/api-reference",
    "/docs/errors",
    "/docs/sdks",
    "/docs/tracing",
    "/docs/tracing/claude-code",
    "/docs/tracing/litellm",
    "/docs/tracing/vercel-ai",
    "/docs/webhooks",
    "/pricing",
    "/terms",
    "/privacy",
    "/accounts/login",
    "/accounts/signup",
    "/accounts/password/reset",
    "/traces/{call}",
    "/no-such-page",
)
PRIVATE = (
    "/dashboard",
    "/dashboard?range=7d",
    "/dashboard/traces",
    "/dashboard/traces?q=refund&status=timeout",
    "/dashboard/traces/{failed}",
    "/dashboard/traces/{large}",
    "/dashboard/traces/{running}",
    "/dashboard/traces/{timeout}",
    "/dashboard/traces/{call}",
    "/dashboard/traces/{long-name}",
    "/dashboard/traces/{failed}/share",
    "/dashboard/agents",
    "/dashboard/agents/{agent}",
    "/dashboard/keys",
    "/dashboard/links",
    "/dashboard/retention",
    "/dashboard/billing",
    "/dashboard/webhooks",
    "/dashboard/webhooks/{webhook}",
    "/dashboard/settings",
    "/dashboard/settings/delete",
    "/accounts/2fa",
    "/accounts/2fa/totp/activate",
    "/accounts/2fa/webauthn",
    "/accounts/2fa/webauthn/add",
    "/accounts/sessions",
    "/accounts/email",
    "/accounts/password/change",
    "/accounts/logout",
)


def address(site: Site, path: str) -> str:
    return site.server.base_url + re.sub(
        r"\{([\w-]+)\}", lambda match: {**site.traces, "agent": site.agent, "webhook": site.webhook}[match[1]], path
    )


@pytest.fixture(scope="module")
def cookies(site, browser) -> list:
    """What a browser has after signing in by the form."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.server.base_url}/accounts/login")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(site.password)
    page.get_by_role("main").get_by_role("button", name=re.compile("Sign in|Log in")).first.click()
    page.wait_for_url("**/dashboard")
    kept = context.cookies()
    context.close()
    return kept


class Watched:
    """A context whose pages must not complain."""

    def __init__(self, browser: Browser, cookies: list, **options) -> None:
        self.context: BrowserContext = browser.new_context(reduced_motion="reduce", **options)
        self.context.add_cookies(cookies)
        self.complaints: list[str] = []

    def open(self, url: str) -> Page:
        """A new page; what was open before is closed, and what it said forgotten."""
        for old in self.context.pages:
            old.close()
        self.complaints.clear()
        page = self.context.new_page()
        page.on("console", lambda message: self._note(page, message.text))
        page.on("pageerror", lambda error: self._note(page, str(error)))
        page.goto(url)
        return page

    def _note(self, page: Page, text: str) -> None:
        # A browser reports each 404 in the console, also that of the page that is meant to be one.
        if not ("404 (Not Found)" in text and page.url.endswith("/no-such-page")):
            self.complaints.append(f"{page.url}: {text}")


@pytest.fixture(scope="module")
def visitor(browser, cookies) -> Iterator[Callable[..., Watched]]:
    """A person with a browser of some kind, signed in for the private pages: the same one for all tests of that kind."""
    people: dict[tuple[object, ...], Watched] = {}

    def visitor(path: str, width: int, theme: str = "light", *, scripts: bool = True) -> Watched:
        kind = (path in PRIVATE, width, theme, scripts)
        if kind not in people:
            own = cookies if path in PRIVATE else []
            view = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
            people[kind] = Watched(browser, own, java_script_enabled=scripts, **view)
        return people[kind]

    yield visitor
    for watched in people.values():
        watched.context.close()


@pytest.mark.parametrize(("width", "theme"), VIEWS)
@pytest.mark.parametrize("path", [*PUBLIC, *PRIVATE])
def test_a_page_is_fit_for_everybody(site, visitor, path, width, theme):
    watched = visitor(path, width, theme)
    page = watched.open(address(site, path))

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(fits), "the page scrolls sideways"
    found = Axe().run(page).response["violations"]
    assert [(finding["id"], [node["html"][:200] for node in finding["nodes"][:3]]) for finding in found] == []
    assert watched.complaints == []


@pytest.mark.parametrize("path", [*PUBLIC, *PRIVATE])
def test_a_page_works_without_script(site, visitor, path):
    watched = visitor(path, 375, scripts=False)
    page = watched.open(address(site, path))

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert watched.complaints == []


@pytest.mark.parametrize(
    "path", ["/", "/demo", "/docs/api-reference", "/accounts/signup", "/dashboard", "/dashboard/traces"]
)
def test_a_first_load_is_light(site, browser, cookies, path):
    watched = Watched(browser, cookies if path in PRIVATE else [])
    page = watched.context.new_page()
    session = watched.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(address(site, path), wait_until="networkidle")
    watched.context.close()

    assert sum(sizes) < FIRST_LOAD_BYTES


@pytest.mark.parametrize("path", ["/dashboard/traces/{large}"])
def test_a_large_trace_is_a_light_page(site, browser, cookies, path):
    watched = Watched(browser, cookies)
    answer = watched.context.request.get(address(site, path))

    assert answer.status == 200
    assert len(answer.body()) < LARGE_PAGE_BYTES
    watched.context.close()
