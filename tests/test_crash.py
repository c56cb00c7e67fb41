"""kill -9 in the middle of writes: every acknowledged trace is there, whole, and no trace is torn."""

import json
import threading
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException

import pytest

from tests.api import NEXUS, TRACES, tracen_body

pytestmark = pytest.mark.fault

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

    def get(self, path: str) -> tuple[dict[str, str], object]:
        self._connection.request("GET", path, headers={"X-Tracen-Key": self._key})
        answer = self._connection.getresponse()
        return dict(answer.headers), json.loads(answer.read())

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


def wait_for_a_trace(writers: list[Writer]) -> None:
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
