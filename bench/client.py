"""The load: many connections kept alive by one thread, in a process of its own; bench/load.py starts it.

A job comes as JSON on stdin, what was counted goes as JSON to stdout. Requests are bytes made beforehand and answers
are read for their status and length only, so that the client takes little of the machine it shares with the server.
"""

import json
import selectors
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from itertools import cycle
from typing import Any, TypeAlias

from bench import otlp

Talk: TypeAlias = Generator[bytes, tuple[int, bytes], None]
"""What one connection says: it yields requests and is sent the status and the body of each answer."""

PROMPT = "Summarise the incident for the customer and say what changes. " * 6
RESPONSE = "Uploads failed for 53 minutes; no data was lost and each upload was tried again. " * 6
_STARTED = "2026-01-15T10:30:00.000Z"
STEP = {"name": "llm_call", "timestamp": _STARTED, "latency_ms": 1240}
TRACE = {
    "prompt": PROMPT,
    "response": RESPONSE,
    "provider": "openai",
    "model": "gpt-4o",
    "steps": [STEP],
    "input_tokens": 120,
    "output_tokens": 45,
    "total_latency_ms": 1240,
    "status": "success",
    "error_message": None,
}
RUN = {"agent_id": "support-bot", "name": "Answer a customer", "status": "running", "started_at": _STARTED}
SPAN = {
    "name": "llm_call",
    "status": "ok",
    "started_at": _STARTED,
    "ended_at": "2026-01-15T10:30:01.240Z",
    "input": {"prompt": PROMPT},
    "output": {"text": RESPONSE},
}
RUN_END = {"status": "success", "ended_at": "2026-01-15T10:30:02.000Z"}


def request_bytes(method: str, path: str, key: str, body: object) -> bytes:
    sent = json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent


def post_traces(keys: Iterator[str], acknowledge: Callable[[str], None]) -> Talk:
    """`POST /api/traces` again and again, each time with the next key: a key has a hundred requests an hour."""
    while True:
        status, body = yield request_bytes("POST", "/api/traces", next(keys), TRACE)
        if status == 200:
            acknowledge(json.loads(body)["trace_id"])


def tell_runs(keys: Iterator[str], acknowledge: Callable[[str], None]) -> Talk:
    """The Nexus dialect: create a run, add a span, finish it."""
    while True:
        key = next(keys)
        status, body = yield request_bytes("POST", "/api/v1/traces", key, RUN)
        if status != 201:
            continue
        address = f"/api/v1/traces/{json.loads(body)['trace_id']}"
        span_status, _ = yield request_bytes("POST", f"{address}/spans", key, SPAN)
        end_status, _ = yield request_bytes("PATCH", address, key, RUN_END)
        if (span_status, end_status) == (201, 200):
            acknowledge(address.rsplit("/", 1)[1])


def export_spans(keys: Iterator[str], acknowledge: Callable[[str], None], spans: int) -> Talk:
    """OTLP, as other products take it; the keys are lines for the head."""
    while True:
        sent, trace_id = otlp.request(spans)
        head = f"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n{next(keys)}"
        status, _ = yield f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent
        if status == 200:
            acknowledge(trace_id)


TALKS: dict[str, Callable[..., Talk]] = {
    "post_traces": post_traces,
    "tell_runs": tell_runs,
    "export_spans": export_spans,
}


class Connection:
    """One kept-alive connection and the talk on it."""

    def __init__(self, port: int, talk: Talk) -> None:
        self._port, self._talk = port, talk
        self._request = next(talk)
        self._received = b""
        self._sent_at = 0.0
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self) -> None:
        self._received, self._sent_at = b"", time.perf_counter()
        self.socket.sendall(self._request)

    def receive(self) -> tuple[int, float] | None:
        """The status and the seconds it took, once the whole answer is there."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError
        self._received += piece
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        took, status = time.perf_counter() - self._sent_at, int(head[9:12])
        self._request = self._talk.send((status, body))
        return status, took


def _length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.index(b"content-length:") + len(b"content-length:")
    return int(lowered[start:].split(b"\r\n", 1)[0])


class Load:
    """Runs a job; what happens in its first `warm_up` seconds is not counted."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self._acknowledged: list[str] = []
        self._statuses: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._runs_before = 0

    def run(self) -> dict[str, Any]:
        keys, talk = cycle(self._job["keys"]), TALKS[self._job["talk"]]
        chooser = selectors.DefaultSelector()
        for _ in range(self._job["connections"]):
            connection = Connection(
                self._job["port"], talk(keys, self._acknowledged.append, **self._job.get("options", {}))
            )
            chooser.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        self._talk_for(chooser, self._job["warm_up"])
        while self._job["warm_up"] and sum(self._statuses.values()) < len(self._job["keys"]):
            # A key's first request of a minute costs more; that is a case of its own.
            self._talk_for(chooser, 0.1)
        all_before = sum(self._statuses.values())
        self._statuses.clear()
        self._latencies.clear()
        self._runs_before = len(self._acknowledged)
        started = time.perf_counter()
        self._talk_for(chooser, self._job["seconds"])
        return self._told(time.perf_counter() - started, all_before)

    def _talk_for(self, chooser: selectors.BaseSelector, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end and chooser.get_map():
            for ready, _ in chooser.select(0.1):
                self._hear(chooser, ready.data)

    def _hear(self, chooser: selectors.BaseSelector, connection: Connection) -> None:
        try:
            answer = connection.receive()
            if answer is None:
                return
            self._statuses[str(answer[0])] += 1
            self._latencies.append(answer[1])
            connection.send()
        except OSError:
            self._statuses["closed"] += 1
            self._reconnect(chooser, connection)

    def _reconnect(self, chooser: selectors.BaseSelector, connection: Connection) -> None:
        chooser.unregister(connection.socket)
        connection.socket.close()
        try:
            connection.connect()
            # Between the two the server may have been killed.
            connection.send()
        except OSError:
            return
        chooser.register(connection.socket, selectors.EVENT_READ, connection)

    def _told(self, seconds: float, all_before: int) -> dict[str, Any]:
        ordered = sorted(self._latencies) or [0.0]
        return {
            "seconds": seconds,
            "requests": sum(self._statuses.values()),
            "requests_in_all": sum(self._statuses.values()) + all_before,
            "statuses": dict(self._statuses),
            "runs": len(self._acknowledged) - self._runs_before,
            "p50_ms": ordered[len(ordered) // 2] * 1e3,
            "p99_ms": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1e3,
            "acknowledged": self._acknowledged if self._job.get("keeps_ids") else len(self._acknowledged),
        }


if __name__ == "__main__":
    print(json.dumps(Load(json.load(sys.stdin)).run()))
