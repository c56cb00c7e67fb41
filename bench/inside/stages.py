"""CPU time of an API request by stages, within one process: no network, no server, hence steady enough for a gate.

Asked with a number of rounds, it answers microseconds for each stage, the least of the rounds. A stage's ratio to the
plain view, which is Django's own share of any request, is comparable from one machine to the next.
"""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Any, TypeAlias

from bench.client import RUN, RUN_END, SPAN, TRACE
from bench.inside import answer
from bench.inside.keys import make_keys

PLAIN = "plain view"
REQUESTS = 192
KEYS = 400
AT_ONCE = (1, 8, 32)
Send: TypeAlias = Callable[[str, str, str, object], tuple[int, bytes]]
"""Sends a request (method, path, key, body) to a WSGI application; the status and the body of the answer."""


def measure(rounds: int) -> dict[str, float]:
    keys = cycle(make_keys(KEYS))
    stages = _stages(_sender(_product()), keys)
    best: dict[str, float] = {}
    for _ in range(rounds + 1):
        for name, stage in stages.items():
            best[name] = min(best.get(name, float("inf")), stage())
    return best


def _product() -> Any:
    from tracen.wsgi import application

    return application


def _plain_view() -> float:
    """A Django application with one view and no middleware."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    with override_settings(MIDDLEWARE=[], ROOT_URLCONF="bench.inside.plain"):
        send = _sender(WSGIHandler())
        return _cpu(lambda: send("GET", "/", "", None), 1)


def _stages(send: Send, keys: Iterator[str]) -> dict[str, Callable[[], float]]:
    bad = {**TRACE, "status": "unknown"}

    def post(expected: int, key: str, body: object) -> None:
        status, _ = send("POST", "/api/traces", key, body)
        if status != expected:
            raise SystemExit(f"POST /api/traces was answered {status}, not {expected}.")

    return {
        PLAIN: _plain_view,
        "/health": lambda: _cpu(lambda: send("GET", "/health", "", None), 1),
        "401": lambda: _cpu(lambda: post(401, "tracen_sk_" + "x" * 43, TRACE), 1),
        "400": lambda: _cpu(lambda: post(400, next(keys), bad), 1),
        **{f"POST, {count} at once": partial(_cpu, lambda: post(200, next(keys), TRACE), count) for count in AT_ONCE},
        "Nexus run, 3 requests": lambda: _cpu(lambda: _tell_run(send, next(keys)), 1),
    }


def _tell_run(send: Send, key: str) -> None:
    _, body = send("POST", "/api/v1/traces", key, RUN)
    address = f"/api/v1/traces/{json.loads(body)['trace_id']}"
    statuses = send("POST", f"{address}/spans", key, SPAN)[0], send("PATCH", address, key, RUN_END)[0]
    if statuses != (201, 200):
        raise SystemExit(f"A run was answered {statuses}.")


def _cpu(act: Callable[[], object], threads: int) -> float:
    """Microseconds of CPU for one `act`, of all threads of this process together."""
    if threads == 1:
        return _timed(lambda: _repeat(act, REQUESTS), REQUESTS)
    each = REQUESTS // threads
    workers = [threading.Thread(target=_repeat, args=[act, each]) for _ in range(threads)]

    def all_of_them() -> None:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    return _timed(all_of_them, each * threads)


def _repeat(act: Callable[[], object], times: int) -> None:
    for _ in range(times):
        act()


def _timed(act: Callable[[], None], times: int) -> float:
    started = time.process_time()
    act()
    return (time.process_time() - started) / times * 1e6


def _sender(application: Any) -> Send:
    def send(method: str, path: str, key: str, body: object) -> tuple[int, bytes]:
        sent = b"" if body is None else json.dumps(body).encode()
        said: list[str] = []
        answered = application(_environ(method, path, key, sent), lambda status, headers: said.append(status))
        try:
            return int(said[0][:3]), b"".join(answered)
        finally:
            answered.close()

    return send


def _environ(method: str, path: str, key: str, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_AUTHORIZATION": f"Bearer {key}",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }


if __name__ == "__main__":
    answer(measure)
