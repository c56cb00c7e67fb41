"""kill -9 in the middle of writes: every acknowledged trace and span is there, and no trace is torn."""

import json
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection, HTTPException
from itertools import count
from uuid import UUID

import pytest

from tests.api import NEXUS, TRACES, tracen_body
from traces.tests.test_merging import usage
from traces.tests.test_otlp_api import OTLP, export, span

# Lost once is lost: no second try.
pytestmark = [pytest.mark.fault, pytest.mark.flaky(reruns=0)]

ROUNDS = 5
WRITERS = 8
STEPS = 20
SECONDS_OF_WRITING = 0.7
# A key has 100 requests an hour, so each writer of each round has one of its own.
MINT = f"""
from accounts.api_keys import mint_key
from accounts.models import Account
for number in range({ROUNDS * WRITERS}):
    print(mint_key(Account.objects.get(name="writer@example.com"), "writer")[1])
"""


def steps() -> list[dict[str, object]]:
    return [{"name": f"step {i}", "timestamp": "2024-01-15T10:30:00Z", "latency_ms": i} for i in range(STEPS)]


class Writer(threading.Thread):
    """Posts until the connection breaks and notes each trace that was acknowledged."""

    def __init__(self, port: int, key: str) -> None:
        super().__init__(daemon=True)
        self._port, self._key, self.acknowledged = port, key, list[str]()

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        body = json.dumps(tracen_body(steps=steps()))
        headers = {"X-Tracen-Key": self._key, "Content-Type": "application/json"}
        try:
            while True:
                connection.request("POST", TRACES, body, headers)
                answer = connection.getresponse()
                said = json.loads(answer.read())
                if answer.status != 200:
                    return
                self.acknowledged.append(said["trace_id"])
        except (OSError, HTTPException, ValueError):
            return
        finally:
            connection.close()


class Reader:
    """Gets with one key, over one connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection, self._key = HTTPConnection("127.0.0.1", port, timeout=30), key

    def get(self, path: str) -> tuple[Message, object]:
        self._connection.request("GET", path, headers={"X-Tracen-Key": self._key})
        answer = self._connection.getresponse()
        return answer.headers, json.loads(answer.read())

    def close(self) -> None:
        self._connection.close()


def test_every_acknowledged_trace_survives_whole_and_none_is_torn(live_server_process):
    server = live_server_process
    server.run_command("create_api_key", "writer@example.com", "--plan", "unlimited")
    keys = server.run_command("shell", "-v0", "-c", MINT).split()
    acknowledged: list[str] = []
    for round_number in range(ROUNDS):
        writers = [Writer(server.port, key) for key in keys[round_number * WRITERS :][:WRITERS]]
        for writer in writers:
            writer.start()
        wait_for_a_trace(writers)
        time.sleep(SECONDS_OF_WRITING)
        server.kill9()
        for writer in writers:
            writer.join(30)
        acknowledged += [trace_id for writer in writers for trace_id in writer.acknowledged]

        server.restart()

    # A trace that a kill has torn or lost stays so: once at the end is enough for all of them.
    with closing(Reader(server.port, keys[0])) as reader:
        check_all_whole(reader, acknowledged)


def wait_for_a_trace(writers: "Sequence[Writer | Exporter]") -> None:
    deadline = time.monotonic() + 30
    while not any(writer.acknowledged for writer in writers):
        assert time.monotonic() < deadline, "nothing is written"
        time.sleep(0.01)


def check_all_whole(reader: Reader, acknowledged: list[str]) -> None:
    headers, first = reader.get(f"{NEXUS}?limit=200")
    stored, rows = [], first
    while rows:
        stored += rows
        _, rows = reader.get(f"{NEXUS}?limit=200&after={rows[-1]['id']}")
    assert int(headers["X-Total-Count"]) == len(stored)
    assert set(acknowledged) - {row["id"] for row in stored} == set()
    for row in stored:
        _, trace = reader.get(f"{NEXUS}/{row['id']}")
        assert (row["span_count"], len(trace["spans"])) == (STEPS, STEPS)


# Exporters ----------------------------------------------------------------------------------------------------------

EXPORTER_ROUNDS = 3
SPANS_IN_EXPORT, EXPORTS_IN_TRACE = 5, 4
STORED = """
import json
from traces.models import Span, Trace
of_exporters = Trace.objects.filter(source="otlp")
traces = {name: told for name, *told in of_exporters.values_list("name", "span_count", "input_tokens")}
spans = Span.objects.filter(trace__in=of_exporters, is_counted=True).values_list("trace__name", "id", "input_tokens")
print(json.dumps([traces, [[name, str(span_id), tokens] for name, span_id, tokens in spans]]))
"""


class Exporter(threading.Thread):
    """Sends runs in pieces until the connection breaks; notes of each acknowledged span its run and its number."""

    def __init__(self, port: int, key: str, number: int) -> None:
        super().__init__(daemon=True)
        self._port, self._key, self._number, self.acknowledged = port, key, number, list[tuple[str, int]]()

    def run(self) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            for turn in count():
                trace_id = f"{self._number:016x}{turn // EXPORTS_IN_TRACE + 1:016x}"
                first = turn % EXPORTS_IN_TRACE * SPANS_IN_EXPORT + 1
                spans = [self._span(trace_id, first + place) for place in range(SPANS_IN_EXPORT)]
                connection.request("POST", OTLP, json.dumps(export(*spans)), headers)
                answer = connection.getresponse()
                if (answer.status, answer.read()) != (200, b"{}"):
                    return
                self.acknowledged += [(trace_id, int(made["spanId"], 16)) for made in spans]
        except (OSError, HTTPException):
            return
        finally:
            connection.close()

    @staticmethod
    def _span(trace_id: str, number: int) -> dict[str, object]:
        return span(number, traceId=trace_id, name=trace_id, attributes=usage("house-model", number, 0))


def test_every_acknowledged_span_survives_and_every_trace_is_the_sum_of_its_spans(live_server_process):
    server = live_server_process
    key = server.run_command("create_api_key", "writer@example.com", "--plan", "unlimited")
    acknowledged: set[tuple[str, int]] = set()
    for round_number in range(EXPORTER_ROUNDS):
        exporters = [Exporter(server.port, key, round_number * WRITERS + place + 1) for place in range(WRITERS)]
        for exporter in exporters:
            exporter.start()
        wait_for_a_trace(exporters)
        time.sleep(SECONDS_OF_WRITING)
        server.kill9()
        for exporter in exporters:
            exporter.join(30)
        acknowledged.update(*(exporter.acknowledged for exporter in exporters))

        server.restart()

    traces, rows = json.loads(server.run_command("shell", "-v0", "-c", STORED))
    stored = {(trace_id, UUID(span_id).int): tokens for trace_id, span_id, tokens in rows}
    sums = {trace_id: [0, 0] for trace_id in traces}
    for (trace_id, _), tokens in stored.items():
        sums[trace_id] = [sums[trace_id][0] + 1, sums[trace_id][1] + tokens]
    assert (acknowledged - stored.keys(), traces) == (set(), sums)
    assert {spans % SPANS_IN_EXPORT for spans, _ in sums.values()} == {0}
