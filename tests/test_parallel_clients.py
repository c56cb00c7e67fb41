"""Exactness under fifty parallel clients against the running product: each limit lets exactly its number through."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.client import HTTPConnection
from itertools import cycle
from threading import local
from typing import Any

import pytest

from tests.api import NEXUS, TRACES, nexus_body, tracen_body
from tests.live import LiveServer, live_server
from tests.services import claimed_database
from traces.tests.test_merging import usage
from traces.tests.test_otlp_api import OTLP, export, span

# Wrong once is wrong: no second try.
pytestmark = [pytest.mark.fault, pytest.mark.flaky(reruns=0)]

CLIENTS = 50
Answer = tuple[int, dict[str, Any], Message]


class Crowd:
    """Fifty clients, each with a connection of its own that it keeps, to one of the servers after the other."""

    def __init__(self, key: str, *ports: int) -> None:
        self._ports, self._key, self._own = cycle(ports), key, local()
        self._opened: list[HTTPConnection] = []

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Answer:
        if not hasattr(self._own, "connection"):
            self._own.connection = HTTPConnection("127.0.0.1", next(self._ports), timeout=60)
            self._opened.append(self._own.connection)
        sent = {"X-Tracen-Key": self._key, "Content-Type": "application/json", **headers}
        self._own.connection.request("POST", path, json.dumps(body), sent)
        answer = self._own.connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.headers

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


@pytest.fixture(scope="module")
def ports(server, tmp_path_factory) -> Iterator[Sequence[int]]:
    """Of all web processes on the same database: two on PostgreSQL, while SQLite wants one."""
    if claimed_database() == "sqlite":
        yield [server.port]
        return
    services = {name: server.environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    second = LiveServer(tmp_path_factory.mktemp("second") / "data", services)
    second.data_dir.mkdir()
    try:
        second.start()
        yield [server.port, second.port]
    finally:
        second.kill9()


@pytest.fixture
def crowd(server, ports, request) -> Iterator[Crowd]:
    """A crowd whose clients send to all of the processes, with a Free account of its own."""
    email = f"{request.node.name}@example.com"
    crowd = Crowd(server.run_command("create_api_key", email), *ports)
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


# Exporters ----------------------------------------------------------------------------------------------------------

TOTALS = """
import json
from django.db.models import Count, Sum
from traces.models import MonthlyUsage, Trace
of_account = Trace.objects.filter(account__name="{email}")
counted = of_account.filter(spans__is_counted=True).aggregate(tokens=Sum("spans__input_tokens"))
told = of_account.aggregate(traces=Count("id"), spans=Sum("span_count"), tokens=Sum("input_tokens"))
stored = of_account.aggregate(spans=Count("spans"))
month = sum(MonthlyUsage.objects.filter(account__name="{email}").values_list("traces", flat=True))
statuses = list(of_account.values_list("status", flat=True).distinct())
print(json.dumps([told, stored["spans"], counted["tokens"], month, statuses]))
"""


def totals(server: LiveServer, request: pytest.FixtureRequest) -> list[Any]:
    """What the traces say of themselves, their spans, the tokens of those that count, the month, the statuses."""
    script = TOTALS.format(email=f"{request.node.name}@example.com")
    return json.loads(server.run_command("shell", "-v0", "-c", script))


def run_of(spans: int, trace: int = 1) -> list[dict[str, Any]]:
    """A root and calls of a model below it, 10 tokens each."""
    trace_id, calls = f"{trace:032x}", range(2, spans + 1)
    root = span(1, traceId=trace_id)
    return [
        root,
        *(
            span(number, traceId=trace_id, parentSpanId=root["spanId"], attributes=usage("house-model", 10, 1))
            for number in calls
        ),
    ]


def statuses_of(answers: list[Answer]) -> set[int]:
    return {status for status, _, _ in answers}


def test_one_trace_from_all_sides_is_one_trace(server, crowd, request):
    run = run_of(201)
    pieces = [run[place :: 2 * CLIENTS] for place in range(2 * CLIENTS)]

    answers = crowd.all_at_once(4 * CLIENTS, lambda turn: crowd.post(OTLP, export(*pieces[turn % len(pieces)])))

    assert statuses_of(answers) == {200}
    assert totals(server, request) == [{"traces": 1, "spans": 201, "tokens": 2_000}, 201, 2_000, 1, ["success"]]


def test_one_batch_at_once_from_all_is_stored_once(server, crowd, request):
    batch = [made for trace in range(1, 21) for made in run_of(5, trace)]

    answers = crowd.all_at_once(CLIENTS, lambda turn: crowd.post(OTLP, export(*batch[:: 1 - turn % 2 * 2])))

    assert statuses_of(answers) == {200}
    assert totals(server, request) == [{"traces": 20, "spans": 100, "tokens": 800}, 100, 800, 20, ["success"]]


def test_the_monthly_quota_of_exporters_is_exact(server, crowd, request):
    """A thousand traces fit, and whole traces are told that did not."""
    per_export = 13

    def post(turn: int) -> Answer:
        first = turn * per_export
        return crowd.post(OTLP, export(*(made for at in range(per_export) for made in run_of(2, first + at + 1))))

    answers = crowd.all_at_once(100, post)

    assert statuses_of(answers) == {200}
    rejected = sum(int(said["partialSuccess"]["rejectedSpans"]) for _, said, _ in answers if said)
    assert rejected == 2 * (100 * per_export - 1_000)
    told = {"traces": 1_000, "spans": 2_000, "tokens": 10_000}
    assert totals(server, request) == [told, 2_000, 10_000, 1_000, ["success"]]
