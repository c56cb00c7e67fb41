"""Every example of the documentation, run exactly as it is shown, against the running product; and the playground."""

import html
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.api import NEXUS
from tests.bring.node import find_node
from tests.live import LiveServer, live_server
from tracen.guides.examples import EXAMPLES, TRACE_ID

pytestmark = [pytest.mark.slow, pytest.mark.browser]

BLOCK = re.compile(r'<code data-language="([a-z-]+)">(.*?)</code>', re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture(scope="module")
def key(server) -> str:
    return server.run_command("create_api_key", "docs@example.com", "--plan", "unlimited")


def blocks(server: LiveServer, path: str, language: str) -> list[str]:
    with urllib.request.urlopen(server.base_url + path, timeout=30) as answer:
        page = answer.read().decode()
    return [html.unescape(code) for found, code in BLOCK.findall(page) if found == language]


def read(server: LiveServer, key: str, path: str):
    request = urllib.request.Request(server.base_url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def run(command: list[str], code: str = "") -> str:
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_references_curls(server, key):
    trace_id = ""
    curls = blocks(server, "/docs/api-reference", "shell")
    assert len(curls) == len(EXAMPLES)
    for example, shown in zip(EXAMPLES, curls, strict=True):
        command = shown.replace("YOUR_KEY", key).replace(TRACE_ID, trace_id).replace("curl ", "curl -sS ", 1)
        answer = json.loads(run(["sh"], command))
        assert type(answer) is type(example.answer)
        trace_id = answer["trace_id"] if example.slug == "nexus-create" else trace_id
    assert len(read(server, key, f"{NEXUS}/{trace_id}")["spans"]) == 1


def test_the_python_sdk_example(server, key):
    (code,) = blocks(server, "/docs/sdks", "python")

    trace_id = run([sys.executable, "-"], code.replace("YOUR_KEY", key))

    assert read(server, key, f"{NEXUS}/{trace_id}")["status"] == "success"


def test_the_fetch_example(server, key):
    (code,) = blocks(server, "/docs/sdks", "javascript")

    trace_id = run([find_node(), "--input-type=module"], code.replace("YOUR_KEY", key))

    assert read(server, key, f"{NEXUS}/{trace_id}")["spans"][0]["name"] == "llm_call"


def test_every_prefilled_request_of_the_playground_succeeds_and_equals_its_curl(server, key, page):
    seen = []
    page.on("request", lambda request: seen.append(request) if "/api/" in request.url else None)
    page.goto(f"{server.base_url}/docs/api-reference")
    page.get_by_label("Key").fill(key)
    for example in sorted(EXAMPLES, key=lambda example: example.slug != "nexus-create"):
        page.get_by_role("combobox", name="Request").select_option(example.slug)
        # The first made a trace, so the script need not ask for one and change the curl later.
        curl = page.locator("[data-curl]").inner_text()
        page.get_by_role("button", name="Send").click()
        expect(page.locator("[data-answer-line]")).to_contain_text(str(example.status))
        expect(page.locator("[data-state]")).to_have_text("Done")
        sent = seen[-1]
        assert f"curl -X {sent.method} '{sent.url}'" in curl
        assert f"-H 'Authorization: {sent.headers['authorization']}'" in curl
        assert (sent.post_data is None) == ("--data-binary" not in curl)
        if sent.post_data:
            assert f"--data-binary '{sent.post_data}'" in curl
        page.evaluate("document.querySelector('[data-answer-line]').textContent = ''")


def test_the_key_is_kept_in_this_tab_only(server, key, page):
    page.goto(f"{server.base_url}/docs/api-reference")
    page.get_by_label("Key").fill(key)

    page.reload()

    expect(page.get_by_label("Key")).to_have_value(key)
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("document.cookie").find(key) == -1


def test_a_call_on_a_trace_is_filled_in_with_the_newest_one(server, key, page):
    newest = read(server, key, f"{NEXUS}?source=nexus&limit=1")[0]["id"]
    page.goto(f"{server.base_url}/docs/api-reference")
    page.get_by_label("Key").fill(key)

    page.get_by_role("combobox", name="Request").select_option("nexus-span")

    expect(page.get_by_label("Trace id")).to_have_value(newest)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-answer-line]")).to_contain_text("201")
