"""The web server under `manage.py up`: uvicorn in this process, before our WSGI application; docs/decisions/0015 says why.

`protocol` is what a connection may do, `bridge` hands whole requests to the threads that the application runs in,
`spool` keeps what does not fit into memory.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from uvicorn.config import Config
from uvicorn.server import Server as UvicornServer

from tracen.server.bridge import Bridge, IsBrief, WsgiApplication
from tracen.server.protocol import IDLE_SECONDS, MAX_CONNECTIONS, Protocol

_OTHER_FILES = 256
_BACKLOG = 1024
_TICKS_BETWEEN_SWEEPS = 20
"""Uvicorn ticks ten times a second."""
_SECONDS_TO_END = 10


class Server(UvicornServer):
    """Serves until SIGINT or SIGTERM, then answers what it has begun; see `bind`."""

    def __init__(self, config: Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._listening = listening

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        # Uvicorn raises the signal that ended it once more, for whoever started it; ours wants to go on and end.
        with suppress(KeyboardInterrupt):
            super().run(sockets or [self._listening])

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_BETWEEN_SWEEPS == 0:
            self._close_stalled()
        return await super().on_tick(counter)

    def _close_stalled(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            # A socket may be closed in this very moment, and an error here would end the server.
            with suppress(OSError, ValueError, RuntimeError):
                cast(Protocol, connection).close_if_stalled(now)


def _never(scope: object, length: int) -> bool:
    return False


def _nothing() -> None:
    return


def bind(
    application: WsgiApplication,
    host: str,
    port: int,
    scheme: str = "http",
    is_brief: IsBrief = _never,
    rest: Callable[[], None] = _nothing,
) -> Server:
    """Listen on `host:port` and return the server, whose `run()` serves; OSError when the address cannot be had.

    `scheme` is what visitors use: "https" when something in front speaks TLS. No forwarded header is believed.
    `is_brief` says which requests take turns in one thread, and `rest` is done there when none has come for a second.
    """
    _allow_files(MAX_CONNECTIONS + _OTHER_FILES)
    return server_on(listen(host, port), application, scheme, is_brief, rest)


def server_on(
    listening: socket.socket,
    application: WsgiApplication,
    scheme: str = "http",
    is_brief: IsBrief = _never,
    rest: Callable[[], None] = _nothing,
) -> Server:
    """The server for a socket that listens already."""
    config = Config(
        Bridge(application, listening.getsockname(), scheme, is_brief, rest),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
    return Server(config, listening)


def listen(host: str, port: int) -> socket.socket:
    """A socket at the first address of `host`; OSError when it cannot be had."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _allow_files(wanted: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


__all__ = ["Server", "bind", "listen", "server_on"]
