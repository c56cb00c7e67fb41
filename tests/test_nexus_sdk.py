"""PyPI's `keylightdigital-nexus` 0.1.0, unmodified, against the running product."""

import json
import logging
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from nexus_agent import NexusClient

from tests.api import NEXUS
from tests.live import LiveServer, live_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


def read(server, key: str, path: str):
    request = urllib.request.Request(server.base_url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def test_a_run_with_the_unmodified_sdk(server, caplog):
    assert version("keylightdigital-nexus") == "0.1.0"
    key = server.run_command("create_api_key", "sdk@example.com", "--format", "nexus")
    client = NexusClient(api_key=key, agent_id="invoice-bot", base_url=server.base_url + "/")

    with caplog.at_level(logging.WARNING):
        trace = client.start_trace("process-invoice", metadata={"user": "u_1", "tags": ["é", 1]})
        good = trace.add_span("call-llm", input={"prompt": "Read it"}, output={"text": "Done"})
        bad = trace.add_span("tool-use", input=[1, 2, 3], error="no such file")
        trace.end("error")

    # The SDK never raises; it warns.
    assert caplog.records == []
    stored = read(server, key, f"{NEXUS}/{trace.trace_id}")
    assert (stored["agent_id"], stored["name"], stored["status"]) == ("invoice-bot", "process-invoice", "error")
    assert stored["metadata"] == {"user": "u_1", "tags": ["é", 1]}
    assert stored["ended_at"] >= stored["started_at"]
    assert [(span["id"], span["status"], span["input"], span["output"], span["error"]) for span in stored["spans"]] == [
        (good.span_id, "ok", {"prompt": "Read it"}, {"text": "Done"}, None),
        (bad.span_id, "error", [1, 2, 3], None, "no such file"),
    ]

    url = server.run_command("share_trace", trace.trace_id)
    with urllib.request.urlopen(url, timeout=30) as page:
        assert "process-invoice" in page.read().decode()


def test_the_sdk_shows_the_agent_limit_in_its_warning(server, caplog):
    key = server.run_command("create_api_key", "sdk@example.com")
    NexusClient(api_key=key, agent_id="invoice-bot", base_url=server.base_url).start_trace("one").end()

    second = NexusClient(api_key=key, agent_id="second", base_url=server.base_url).start_trace("two")

    assert second.trace_id == "unknown"
    assert "Free plan limited to 1 agent" in caplog.text
