"""Webhooks for real: the product with its worker, an HTTPS receiver, the page in Chromium, the guide's own snippets."""

import html
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.api import NEXUS, nexus_body, span_body
from tests.bring.node import find_node
from tests.live import LiveServer, live_server
from tests.receiver import Receiver, Taken, receiver
from tests.test_guides_run import blocks, run
from tracen.guides.webhooks import EVENT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EMAIL, PASSWORD = "hooks@example.com", "correct horse battery"
SECONDS_TO_ARRIVE = 5


@dataclass
class Site:
    server: LiveServer
    receiver: Receiver
    key: str

    def send(self, method: str, path: str, body: dict) -> dict:
        headers = {"X-Tracen-Key": self.key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.server.base_url + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def fail(self, name: str) -> str:
        trace = self.send("POST", NEXUS, nexus_body(name=name, status="running"))["trace_id"]
        self.send("POST", f"{NEXUS}/{trace}/spans", span_body(name="search", status="error", error="refused"))
        self.send("PATCH", f"{NEXUS}/{trace}", {"status": "error"})
        return trace

    def shell(self, code: str) -> str:
        return self.server.run_command("shell", "-v0", "-c", code)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with receiver(tmp_path_factory.mktemp("receiver")) as listening:
        trust = {"SSL_CERT_FILE": str(listening.certificate), "TRACEN_WEBHOOK_NETWORKS": "127.0.0.0/8"}
        with live_server(**trust) as server:
            made = Site(server, listening, server.run_command("create_api_key", EMAIL))
            made.shell(
                "from accounts.models import User;"
                f"user = User.objects.get(email='{EMAIL}'); user.set_password('{PASSWORD}'); user.save()"
            )
            yield made


@pytest.fixture(scope="module")
def taken(site) -> Taken:
    """The first request about a failing trace, and what the webhook's secret is."""
    site.shell(
        "from accounts.models import User; from traces.webhooks.endpoints import add_webhook;"
        f"add_webhook(User.objects.get(email='{EMAIL}').accounts.get(), '{site.receiver.address_url}')"
    )
    trace = site.fail("first")
    (request,) = site.receiver.wait_for(1)
    assert request.json["trace"]["id"] == trace
    return request


@pytest.fixture(scope="module")
def secret(site, taken) -> str:
    return site.shell("from traces.models import Webhook; print(Webhook.objects.get().secret)")


def test_a_failing_trace_is_told_within_seconds(site, taken):
    assert taken.headers["Tracen-Event"] == "trace.error"
    assert taken.json["trace"]["path"] == ["search"]
    assert taken.json["trace"]["error"] == "refused"
    assert taken.json["trace"]["url"].startswith(f"{site.server.base_url}/dashboard/traces/")
    # The worker has made its first delivery, so it need not start any more.
    before, began = len(site.receiver.taken), time.monotonic()
    site.fail("second")
    site.receiver.wait_for(before + 1)
    assert time.monotonic() - began < SECONDS_TO_ARRIVE


def test_the_guide_shows_an_event_as_it_is_sent(taken):
    assert list(EVENT) == list(taken.json)
    assert list(EVENT["trace"]) == list(taken.json["trace"])


def checked(language: str, site: Site, secret: str, cases: list[tuple[bytes, str]]) -> list[bool]:
    """What the guide's own snippet says of bodies with their signatures."""
    (code,) = blocks(site.server, "/docs/webhooks", language)
    code = code.replace("whsec_YOUR_SECRET", secret)
    data = json.dumps([[body.hex(), signature] for body, signature in cases])
    if language == "python":
        code += f"\n\nimport json\nprint(json.dumps([is_from_tracen(bytes.fromhex(b), s) for b, s in {data}]))"
        return json.loads(run([sys.executable, "-"], code))
    code += f"\n\nconsole.log(JSON.stringify({data}.map(([b, s]) => isFromTracen(Buffer.from(b, 'hex'), s))))"
    return json.loads(run([find_node(), "--input-type=module"], code))


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_the_guides_snippet_tells_ours_from_others(site, taken, secret, language):
    from traces.webhooks.signing import sign

    signature, now = taken.headers["Tracen-Signature"], int(time.time())
    refused = [
        (taken.body + b" ", signature),
        (taken.body, sign("whsec_other", taken.body, now)),
        (taken.body, sign(secret, taken.body, now - 301)),
        (taken.body, sign(secret, taken.body, now + 330)),
        (taken.body, signature.replace("t=", "t=9")),
        (taken.body, signature[:-2]),
        (taken.body, ""),
        (taken.body, "v1=,t="),
        (taken.body, "t=é,v1=é"),
    ]

    assert checked(language, site, secret, [(taken.body, signature), *refused]) == [True] + [False] * len(refused)


def test_no_code_block_of_the_guide_was_overlooked(site):
    with urllib.request.urlopen(f"{site.server.base_url}/docs/webhooks", timeout=30) as answer:
        languages = re.findall(r'data-language="([a-z]+)"', html.unescape(answer.read().decode()))

    assert sorted(languages) == ["javascript", "json", "python"]


def taken_at(receiver: Receiver, path: str, count: int) -> list[Taken]:
    """The requests to a path, once there are `count` of them."""
    deadline = time.monotonic() + 30
    while len(found := [request for request in receiver.taken if request.path == path]) < count:
        assert time.monotonic() < deadline, f"{len(found)} requests came"
        time.sleep(0.05)
    return found


def sign_in(site: Site, page: Page) -> None:
    page.goto(f"{site.server.base_url}/accounts/login?next=/dashboard/webhooks")
    page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name=re.compile("Sign in|Log in")).first.click()
    page.wait_for_url("**/dashboard/webhooks")


def test_a_member_adds_a_webhook_tests_it_and_sends_again(site, taken, page):
    sign_in(site, page)
    page.get_by_label("Address").fill(f"{site.receiver.address_url}/second")
    page.get_by_role("button", name="Add webhook").click()
    page.get_by_role("button", name="Send a test").click()
    log = page.locator("#deliveries")

    expect(log).to_contain_text("200 in")
    expect(log.get_by_text("Delivered")).to_be_visible()

    log.get_by_role("button", name="Redeliver").click()
    expect(log.locator("tbody")).to_contain_text(re.compile(r"\b2\b"))
    tests = taken_at(site.receiver, "/hook/second", 2)
    assert [request.json["type"] for request in tests] == ["test", "test"]
    assert len({request.headers["Tracen-Delivery"] for request in tests}) == 1


def test_a_wrong_network_stops_the_start_with_a_sentence():
    wrong = {**os.environ, "TRACEN_VENV": "off", "TRACEN_WEBHOOK_NETWORKS": "10.0.0.1/8"}
    command = [sys.executable, "manage.py", "check"]
    started = subprocess.run(command, env=wrong, capture_output=True, text=True, timeout=60)

    assert started.returncode != 0
    assert "TRACEN_WEBHOOK_NETWORKS is '10.0.0.1/8'; it must be networks with commas between them" in started.stderr
    assert "Traceback" not in started.stderr
