"""CPU time of an API request by stages, within one process: no network, no server, hence steady enough for a gate.

Asked with a number of rounds, it answers microseconds for each stage, the least of the rounds. A stage's ratio to the
plain view, which is Django's own share of any request, is comparable from one machine to the next.

What is posted "at once" takes turns in one thread, as the bridge to the web server lets brief requests do; every other
stage is one request after another in a thread of its own.
"""

import io
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from bench import otlp
from bench.client import RUN, RUN_END, SPAN, STEP, TRACE
from bench.inside import answer
from bench.inside.keys import make_keys

if TYPE_CHECKING:
    from tracen.lib.turns import Turns

PLAIN = "plain view"
REQUESTS = 192
EXPORTS, SPANS_AN_EXPORT = 16, 100
SPANS_ON_PAGE = 50
KEYS = 400
AT_ONCE = (1, 8, 32)
Send: TypeAlias = Callable[[str, str, str, object], tuple[int, bytes]]
"""Sends a request (method, path, key, body) to a WSGI application; the status and the body of the answer.

A body of bytes is protobuf, any other is sent as JSON.
"""


def measure(rounds: int) -> dict[str, float]:
    keys = cycle(make_keys(KEYS))
    _collect_static()
    product = _product()
    stages = _alone(_sender(product), keys) | _in_turn(_sender(product, **_mark_of_turns()), keys)
    best: dict[str, float] = {}
    for _ in range(rounds + 1):
        for name, stage in stages.items():
            best[name] = min(best.get(name, float("inf")), stage())
    return best


def _collect_static() -> None:
    """A page names the files that it loads, and these names are made when they are collected."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)


def _product() -> Any:
    from tracen.wsgi import application

    return application


def _mark_of_turns() -> dict[str, Any]:
    """What the bridge puts into the environ of a request that takes turns."""
    from tracen.server.bridge import TAKES_TURNS

    return {TAKES_TURNS: True}


def _plain_view() -> float:
    """A Django application with one view and no middleware."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    with override_settings(MIDDLEWARE=[], ROOT_URLCONF="bench.inside.plain"):
        send = _sender(WSGIHandler())
        return _cpu(lambda: send("GET", "/", "", None))


def _alone(send: Send, keys: Iterator[str]) -> dict[str, Callable[[], float]]:
    bad = {**TRACE, "status": "unknown"}
    page = _store_page(send, next(keys))

    def export() -> float:
        # Made beforehand: they are the client's share.
        sent = [otlp.request(SPANS_AN_EXPORT)[0] for _ in range(EXPORTS)]
        return _cpu(lambda: _ask(send, 200, "POST", "/v1/traces", next(keys), sent.pop()), EXPORTS)

    return {
        PLAIN: _plain_view,
        "/health": lambda: _cpu(lambda: _ask(send, 200, "GET", "/health")),
        "401": lambda: _cpu(lambda: _ask(send, 401, "POST", "/api/traces", "tracen_sk_" + "x" * 43, TRACE)),
        "400": lambda: _cpu(lambda: _ask(send, 400, "POST", "/api/traces", next(keys), bad)),
        "Nexus run, 3 requests": lambda: _cpu(lambda: _tell_run(send, next(keys))),
        f"OTLP, {SPANS_AN_EXPORT} spans": export,
        f"public page, {SPANS_ON_PAGE} spans": lambda: _cpu(lambda: _ask(send, 200, "GET", page)),
    }


def _in_turn(send: Send, keys: Iterator[str]) -> dict[str, Callable[[], float]]:
    from tracen.lib.turns import Turns

    turns = Turns("bench-brief")

    def post() -> None:
        _ask(send, 200, "POST", "/api/traces", next(keys), TRACE)

    return {f"POST, {count} at once": partial(_cpu_in_turn, turns, post, count) for count in AT_ONCE}


def _ask(send: Send, expected: int, method: str, path: str, key: str = "", body: object = None) -> bytes:
    status, answered = send(method, path, key, body)
    if status != expected:
        raise SystemExit(f"{method} {path} was answered {status}, not {expected}.")
    return answered


def _store_page(send: Send, key: str) -> str:
    """The path of a trace that everybody can see."""
    trace = {**TRACE, "steps": [STEP] * SPANS_ON_PAGE}
    url: str = json.loads(_ask(send, 200, "POST", "/api/traces", key, trace))["url"]
    return urlsplit(url).path


def _tell_run(send: Send, key: str) -> None:
    _, body = send("POST", "/api/v1/traces", key, RUN)
    address = f"/api/v1/traces/{json.loads(body)['trace_id']}"
    statuses = send("POST", f"{address}/spans", key, SPAN)[0], send("PATCH", address, key, RUN_END)[0]
    if statuses != (201, 200):
        raise SystemExit(f"A run was answered {statuses}.")


def _cpu(act: Callable[[], object], times: int = REQUESTS) -> float:
    """Microseconds of CPU for one `act`, of all threads of this process together."""

    def all_of_them() -> None:
        for _ in range(times):
            act()

    return _timed(all_of_them, times)


def _cpu_in_turn(turns: "Turns", act: Callable[[], object], clients: int) -> float:
    """The same for acts of several clients that take turns; each client comes again as soon as it has its answer."""
    each = REQUESTS // clients
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def go_on(left: int) -> None:
        try:
            act()
        except BaseException as failure:  # noqa: BLE001 - raised again where it is waited for
            ended.put(failure)
        else:
            if left > 1:
                turns.start(partial(go_on, left - 1))
            else:
                ended.put(None)

    def all_of_them() -> None:
        for _ in range(clients):
            turns.start(partial(go_on, each))
        for _ in range(clients):
            failure = ended.get()
            if failure is not None:
                raise failure

    return _timed(all_of_them, each * clients)


def _timed(act: Callable[[], None], times: int) -> float:
    started = time.process_time()
    act()
    return (time.process_time() - started) / times * 1e6


def _sender(application: Any, **more: Any) -> Send:
    """`more` goes into the environ of each request."""

    def send(method: str, path: str, key: str, body: object) -> tuple[int, bytes]:
        environ = _environ(method, path, key, body) | more
        said: list[str] = []
        answered = application(environ, lambda status, headers: said.append(status))
        try:
            return int(said[0][:3]), b"".join(answered)
        finally:
            if hasattr(answered, "close"):
                answered.close()

    return send


def _environ(method: str, path: str, key: str, body: object) -> dict[str, Any]:
    is_packed = isinstance(body, bytes)
    sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
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
        "CONTENT_TYPE": "application/x-protobuf" if is_packed else "application/json",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": io.StringIO(),
    }


if __name__ == "__main__":
    answer(measure)
