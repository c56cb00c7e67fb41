"""Cases under load: requests a second, latency, CPU, and what is lost when the server is killed in the middle."""

import json
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from bench.machine import ROOT
from bench.systems import Product, System

WARM_UP = 1.0


def put_load(system: System, talk: str, connections: int, seconds: float, **more: Any) -> dict[str, Any]:
    """What the client (bench/client.py) counted."""
    job = {
        "port": system.port,
        "talk": talk,
        "connections": connections,
        "seconds": seconds,
        "keys": system.take_keys(),
    }
    return _finish(_start_client({"warm_up": WARM_UP, **job, **more}))


def throughput(system: System, talk: str, connections: int, seconds: float, **more: Any) -> dict[str, float]:
    """Answers a second and what one cost. `failed` counts what was not 2xx."""
    stored, cpu = _stored(system), system.cpu_seconds()
    told = put_load(system, talk, connections, seconds, **more)
    used = system.cpu_seconds() - cpu
    rate = "runs/s" if talk == "tell_runs" else "requests/s"
    count = told["runs"] if talk == "tell_runs" else told["requests"] - _failed(told)
    return {
        rate: count / told["seconds"],
        "p50 ms": told["p50_ms"],
        "p99 ms": told["p99_ms"],
        "CPU s per 1,000 requests": used / max(1, told["requests_in_all"]) * 1e3,
        "failed": _failed(told),
        "acknowledged and not stored": max(0, told["acknowledged"] - (_stored(system) - stored)),
    }


def crash(product: Product, connections: int, seconds: float) -> dict[str, float]:
    """kill -9 at full load. Every id that a client was told is looked for in the database afterwards."""
    job = {"port": product.port, "talk": "post_traces", "connections": connections, "keys": product.take_keys()}
    client = _start_client({**job, "warm_up": 0, "seconds": seconds + 1, "keeps_ids": True})
    time.sleep(seconds)
    product.stop(signal.SIGKILL)
    acknowledged = set(_finish(client)["acknowledged"])
    trace, span = product.tables
    stored = {str(row[0]).replace("-", "") for row in product.query(f"SELECT id FROM {trace}")}
    there = f"(SELECT count(*) FROM {span} s WHERE s.trace_id = t.id)"
    torn = product.query(f"SELECT count(*) FROM {trace} t WHERE t.span_count <> {there}")
    lost = sum(trace_id.replace("-", "") not in stored for trace_id in acknowledged)
    return {"acknowledged": len(acknowledged), "lost": lost, "torn": torn[0][0]}


def _stored(system: System) -> int:
    return int(system.query(f"SELECT count(*) FROM {system.tables[0]}")[0][0])


def _failed(told: dict[str, Any]) -> int:
    return sum(count for status, count in told["statuses"].items() if not status.startswith("2"))


def _start_client(job: dict[str, Any]) -> "subprocess.Popen[str]":
    client = subprocess.Popen(
        [sys.executable, "-m", "bench.client"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdin is not None
    client.stdin.write(json.dumps(job))
    client.stdin.close()
    client.stdin = None
    return client


def _finish(client: "subprocess.Popen[str]") -> dict[str, Any]:
    told, _ = client.communicate()
    if client.returncode:
        raise SystemExit("The client of the bench failed; its own words are above.")
    return dict(json.loads(told))


def slow_uploads(system: System, connections: int = 60, seconds: float = 5) -> dict[str, float]:
    """The longest that /health took while so many clients send a body at a byte a second."""
    key = system.take_keys()[0]
    head = f"POST /api/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Tracen-Key: {key}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    lines = [socket.create_connection(("127.0.0.1", system.port)) for _ in range(connections)]
    for line in lines:
        line.sendall(head.encode())
    took = []
    for _ in range(int(seconds)):
        for line in lines:
            line.sendall(b" ")
        took += [_health_ms(system) for _ in range(10)]
        time.sleep(1)
    for line in lines:
        line.close()
    return {"/health median ms": sorted(took)[len(took) // 2], "/health max ms": max(took)}


def _health_ms(system: System) -> float:
    started = time.perf_counter()
    return (time.perf_counter() - started) * 1e3 if system.is_answering() else float("inf")
