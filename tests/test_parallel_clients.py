"""Exactness under fifty parallel clients against the running product: each limit lets exactly its number through."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import local
from typing import Any

import pytest

from tests.api import NEXUS, TRACES, nexus_body, tracen_body
from tests.live import LiveServer, live_server

pytestmark = pytest.mark.fault

CLIENTS = 50
Answer = tuple[int, dict[str, Any], dict[str, str]]


class Crowd:
    """Fifty clients, each with a connection of its own that it keeps."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key, self._own = port, key, local()
        self._opened: list[HTTPConnection] = []

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Answer:
        if not hasattr(self._own, "connection"):
            self._own.connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
            self._opened.append(self._own.connection)
        sent = {"X-Tracen-Key": self._key, "Content-Type": "application/json", **headers}
        self._own.connection.request("POST", path, json.dumps(body), sent)
        answer = self._own.connection.getresponse()
        return answer.status, json.loads(answer.read()), dict(answer.headers)

    def all_at_once(self, times: int, act: Callable[[int], Answer]) -> list[Answer]:
        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(act, range(times)))

    def leave(self) -> None:
        for connection in self._opened:
            connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture
def crowd(server, request) -> Iterator[Crowd]:
    """A crowd with a Free account of its own."""
    email = f"{request.node.name}@example.com"
    crowd = Crowd(server.port, server.run_command("create_api_key", email))
    yield crowd
    crowd.leave()


def test_the_monthly_quota_is_exact(crowd):
    answers = crowd.all_at_once(1_300, lambda _: crowd.post(NEXUS, nexus_body()))

    assert Counter(status for status, _, _ in answers) == {201: 1_000, 429: 300}
    refused = [body for status, body, _ in answers if status == 429]
    assert {body["current"] for body in refused} == {1_001}
    ids = {body["trace_id"] for status, body, _ in answers if status == 201}
    assert len(ids) == 1_000


def test_the_hourly_window_is_exact(crowd):
    answers = crowd.all_at_once(300, lambda _: crowd.post(TRACES, tracen_body()))

    assert Counter(status for status, _, _ in answers) == {200: 100, 429: 200}
    waits = [int(headers["Retry-After"]) for status, _, headers in answers if status == 429]
    assert 3_500 < min(waits) <= max(waits) <= 3_600


def test_the_agent_limit_is_exact(crowd):
    answers = crowd.all_at_once(200, lambda number: crowd.post(NEXUS, nexus_body(agent_id=f"agent {number % 2}")))

    statuses = Counter(status for status, _, _ in answers)
    assert set(statuses) == {201, 403}
    assert statuses[201] == 100


def test_one_idempotency_key_is_one_trace(crowd):
    def post(_: int) -> Answer:
        return crowd.post(NEXUS, nexus_body(), **{"Idempotency-Key": "the one"})

    answers = crowd.all_at_once(200, post)

    assert {status for status, _, _ in answers} <= {201, 409}
    assert len({body["trace_id"] for status, body, _ in answers if status == 201}) == 1
    assert len([1 for status, _, headers in answers if status == 201 and "Idempotent-Replayed" not in headers]) == 1
