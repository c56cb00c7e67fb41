"""The web server under `manage.py up`: waitress, answering its own refusals in JSON; docs/decisions/0001 says why it.

Waitress takes a whole request in before it spends a thread on it, so sixty slow uploads hold no thread, and a chunked
body reaches the application with a length like any other.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ErrorTask
from waitress.utilities import RequestEntityTooLarge

from tracen.lib.json_body import TOO_LARGE
from traces.limits import MAX_BODY_BYTES as API_BODY_BYTES

THREADS = 16
_OTHER_FILES = 256
MAX_CONNECTIONS = 4_000
"""Waitress stops accepting beyond this; the process is given the file handles for it where the system lets it."""
MAX_HEADER_BYTES = 32 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
"""Far above the API's own limits, so that a body somewhat too large gets the API's answer and not a broken pipe."""
IDLE_SECONDS = 15
"""How long a silent connection is kept: whoever opens many and says nothing keeps others out for no longer."""


class _JsonErrorTask(ErrorTask):  # type: ignore[misc]  # waitress ships no types
    """What waitress refuses by itself (broken framing, endless headers) is told in the API's error shape."""

    def execute(self) -> None:
        error = self.request.error
        answer = (
            {"error": TOO_LARGE, "limit": API_BODY_BYTES}
            if isinstance(error, RequestEntityTooLarge)
            else {"error": error.reason}
        )
        body = json.dumps(answer).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend([("Content-Type", "application/json"), ("Cache-Control", "no-store")])
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Parser(HTTPRequestParser):  # type: ignore[misc]
    def parse_header(self, header_plus: bytes) -> None:
        """Refuse a request target that is no URL ("http://[::1/") instead of dying of it."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("Malformed request target") from error


class _Channel(HTTPChannel):  # type: ignore[misc]
    error_task_class = _JsonErrorTask
    parser_class = _Parser


def _allow_files(wanted: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


def bind(application: Callable[..., Any], host: str, port: int, scheme: str = "http") -> Any:
    """Listen on `host:port` and return the server, whose `run()` serves; OSError when the address cannot be had.

    `scheme` is what visitors use: "https" when something in front speaks TLS. No forwarded header is believed.
    """
    _allow_files(MAX_CONNECTIONS + _OTHER_FILES)
    server = create_server(
        application,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        url_scheme=scheme,
        connection_limit=MAX_CONNECTIONS,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=5,
        max_request_header_size=MAX_HEADER_BYTES,
        max_request_body_size=MAX_BODY_BYTES,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = _Channel
    return server
