"""Real SDKs against the payloads that fast tests read, and against the running product.

An update that changes what an SDK sends is noticed here.
`python -m tests.clients.capture CLIENT` writes a payload anew; what then differs in it is what the dialects must learn.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import NEXUS
from tests.clients.capture import PAYLOADS, capture
from tests.clients.catalogue import CLIENTS, run_client
from tests.clients.sink import KEY
from tests.live import LiveServer, live_server
from tests.llm_stand_in import LlmStandIn

OF_A_MACHINE = re.compile(rf"/(?:home|root|tmp|usr|opt|Users)/|127\.0\.0\.1|localhost|{KEY}|sk-for-the-stand-in")

ANNOUNCED = "logfire.pending_parent_id"


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture
def llm() -> Iterator[LlmStandIn]:
    with LlmStandIn() as running:
        yield running


def golden(name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def routes(payload: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Where its requests went and how, however many they were: how spans are batched is a matter of time."""
    return {tuple(value for name, value in request.items() if name != "export") for request in payload["requests"]}


def exports(payload: dict[str, Any]) -> list[Any]:
    return [request["export"] for request in payload["requests"] if "export" in request]


def is_otlp(export: Any) -> bool:
    return isinstance(export, dict) and "resourceSpans" in export


def spans(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for export in filter(is_otlp, exports(payload)):
        for resource in export["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                yield from scope["spans"]


def words(payload: dict[str, Any]) -> set[str]:
    """What its spans are called, and with each name the keys of attributes and the names of events.

    Logfire's announcements are left out: which spans are announced before they end is a matter of time.
    """
    found = ((span["name"], keys(span)) for span in spans(payload))
    return {f"{name}: {key}" for name, all_keys in found if ANNOUNCED not in all_keys for key in ["", *all_keys]}


def keys(span: dict[str, Any]) -> list[str]:
    attributes = [attribute["key"] for attribute in span.get("attributes", [])]
    return attributes + [f"event {event['name']}" for event in span.get("events", [])]


def span_count(payload: dict[str, Any]) -> int:
    """How many spans its run has: announcements are of spans that come again, OpenAI's list begins with the trace."""
    ended = [span for span in spans(payload) if ANNOUNCED not in keys(span)]
    native = [one for export in exports(payload) if not is_otlp(export) for one in entries(export)]
    return len(ended) + len(native)


def entries(export: Any) -> list[Any]:
    return [one for one in export["data"] if one["object"] == "trace.span"] if isinstance(export, dict) else export


def native_fields(payload: dict[str, Any]) -> set[str]:
    """The places of all values in exports that are not OTLP's: `.data[].span_data.model`."""
    return set().union(*(places(export) for export in exports(payload) if not is_otlp(export)))


def places(value: Any, place: str = "") -> set[str]:
    if isinstance(value, dict):
        return {place}.union(*(places(one, f"{place}.{name}") for name, one in value.items()))
    if isinstance(value, list):
        return {place}.union(*(places(one, f"{place}[]") for one in value))
    return {place}


def test_each_client_has_a_payload_and_each_payload_a_client():
    assert {file.stem for file in PAYLOADS.glob("*.json")} == set(CLIENTS)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_payload_is_of_the_pinned_versions(name):
    assert golden(name)["versions"] == CLIENTS[name].versions


@pytest.mark.parametrize("name", CLIENTS)
def test_a_payload_says_nothing_of_a_machine_or_a_key(name):
    assert OF_A_MACHINE.findall((PAYLOADS / f"{name}.json").read_text()) == []


@pytest.mark.parametrize("name", CLIENTS)
def test_the_key_came_with_every_request(name):
    assert [request["auth"] for request in golden(name)["requests"] if not request["auth"]] == []


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_sends_what_its_payload_says(name):
    sent, known = capture(name), golden(name)
    assert routes(sent) == routes(known)
    assert (words(sent) - words(known), words(known) - words(sent)) == (set(), set())
    assert native_fields(sent) ^ native_fields(known) == set()


def read(server: LiveServer, key: str, path: str) -> Any:
    request = urllib.request.Request(server.base_url + path, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.parametrize("name", CLIENTS)
def test_a_clients_run_is_one_finished_trace_with_all_its_spans(name, server, llm):
    key = server.run_command("create_api_key", f"{name}@example.com", "--plan", "unlimited")
    run_client(name, tracen=server.base_url, key=key, llm=llm.url)
    (listed,) = read(server, key, NEXUS)
    trace = read(server, key, f"{NEXUS}/{listed['id']}")
    assert (trace["status"], len(trace["spans"])) == ("success", span_count(golden(name)))
