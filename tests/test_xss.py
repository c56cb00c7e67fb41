"""No text of a sender is ever HTML or script: every field, on the list, the trace page and the public page."""

import json
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from tests.live import live_server
from tests.xss import PAYLOADS, carry
from traces.models import Agent

FORBIDDEN_TAGS = {"iframe", "object", "embed", "base", "img", "image", "video", "audio", "math", "style", "template"}
ADDRESSES = ("href", "src", "action", "formaction", "data", "srcdoc", "xlink:href", "background")
SAFE_STARTS = ("/", "#", "?", "http://", "https://", "mailto:")
WATCH = """
    window.__violations = []
    document.addEventListener('securitypolicyviolation', (event) =>
        window.__violations.push(`${event.violatedDirective} ${event.blockedURI}`))
"""


class Reader(HTMLParser):
    """Collects what a page must not contain, whoever wrote its texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        if tag in FORBIDDEN_TAGS or "http-equiv" in values:
            self.found.append(f"<{tag}>")
        # A block of data is no script; Django writes it without a "<" in it.
        is_data = values.get("type") == "application/json"
        if tag == "script" and not is_data and not values.get("src", "").startswith("/static/"):
            self.found.append("<script>")
        self.found += [f"{tag} {name}" for name in values if name.startswith("on") or name == "style"]
        for name in ADDRESSES:
            if name in values and not values[name].startswith(SAFE_STARTS):
                self.found.append(f"{tag} {name}={values[name]}")
            # A link in a text may lead to another site; nothing else of the page may.
            if tag != "a" and values.get(name, "").startswith("//"):
                self.found.append(f"{tag} {name}={values[name]}")


def trouble_in(html: str) -> list[str]:
    reader = Reader()
    reader.feed(html)
    return reader.found


@pytest.fixture
def as_reader(unlimited, client):
    client.force_login(unlimited.user)
    return client


def test_there_are_two_hundred_of_them():
    assert len(set(PAYLOADS)) >= 200


def test_the_reader_sees_what_a_browser_would_run():
    seen = [payload for payload in PAYLOADS if trouble_in(f"<p>{payload}</p>")]
    assert len(seen) > len(PAYLOADS) / 2


@pytest.mark.one_database
@pytest.mark.parametrize("is_call", [False, True], ids=["run", "call"])
def test_no_page_of_a_trace_takes_a_text_for_html(as_reader, unlimited, is_call):
    found = {}
    for payload in PAYLOADS:
        link = carry(unlimited.account, payload, is_call=is_call)
        page, public = f"/dashboard/traces/{link.trace_id}", f"/traces/{link.pk}"
        span = link.trace.spans.get(kind="llm").id
        pages = [page, public, f"{page}/share", f"{page}/live", f"{page}/spans/{span}", f"{public}/spans/{span}"]
        for address in pages:
            response = as_reader.get(address)
            assert response.status_code == 200
            if trouble := trouble_in(response.content.decode()):
                found[address] = (payload, trouble)
    assert found == {}


@pytest.mark.one_database
def test_no_list_takes_a_text_for_html(as_reader, unlimited):
    links = [carry(unlimited.account, payload) for payload in PAYLOADS]
    for start in range(0, len(PAYLOADS), 50):
        after = f"after={links[-start].trace_id}" if start else ""
        assert trouble_in(as_reader.get(f"/dashboard/traces?{after}").content.decode()) == []
        after = f"after={links[-start].pk}" if start else ""
        assert trouble_in(as_reader.get(f"/dashboard/links?{after}").content.decode()) == []
    asked = as_reader.post("/dashboard/traces/delete", {"id": [link.trace_id for link in links[:200]]})
    assert trouble_in(asked.content.decode()) == []


@pytest.mark.one_database
def test_no_page_of_the_account_takes_a_text_for_html(as_reader, unlimited):
    """What a member and an agent name: keys live and revoked, agents and their pages, failures, the playground."""
    for number, payload in enumerate(PAYLOADS):
        carry(unlimited.account, payload)
        revoked_at = timezone.now() if number % 2 else None
        names = {"name": payload[:255], "prefix": "tracen_sk_x", "digest": str(number), "revoked_at": revoked_at}
        ApiKey.objects.create(account=unlimited.account, **names)
    pages = ["/dashboard", "/dashboard/keys", "/docs/api-reference", "/dashboard/settings"]
    pages += [f"/dashboard/agents?page={number}" for number in range(1, 6)]
    pages += [f"/dashboard/agents/{agent.pk}" for agent in Agent.objects.all()]
    found = {page: trouble_in(as_reader.get(page).content.decode()) for page in pages}
    assert {page: trouble for page, trouble in found.items() if trouble} == {}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_search_or_filter_is_shown_as_it_was_typed(as_reader, payload):
    for field in ("q", "agent_id", "status", "since", "after", "part"):
        assert trouble_in(as_reader.get("/dashboard/traces", {field: payload}).content.decode()) == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.one_database
def test_nothing_runs_in_a_browser(browser):
    with live_server() as server:
        filled = server.run_command("shell", "-v0", "-c", "from tests.xss.seed import seed; seed()")
        seeded = json.loads(filled.splitlines()[-1])
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": seeded["session"], "url": server.base_url}])
        context.add_init_script(WATCH)
        page, dialogs, complaints = context.new_page(), [], []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for address in _addresses(seeded["runs"]):
            page.goto(server.base_url + address)
            state = page.evaluate("[window.__xss ?? null, window.__violations, location.pathname + location.search]")
            assert state == [None, [], address]
        assert (dialogs, complaints) == ([], [])
        context.close()


def _addresses(runs: list[list[str]]):
    for place in range(0, len(runs), 50):
        yield f"/dashboard/traces?after={runs[-place][0]}" if place else "/dashboard/traces"
        yield f"/dashboard/links?after={runs[-place][1]}" if place else "/dashboard/links"
    for trace_id, share_id, call_id in runs:
        # The page opens with the failed span; the public one is asked for the conversation.
        yield f"/dashboard/traces/{trace_id}"
        yield f"/traces/{share_id}?span={call_id}"
