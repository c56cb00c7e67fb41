"""Between uvicorn and the application: whole requests go to threads in the order in which they came.

A request takes a thread when its last byte is there, and gives it back when its answer is made, not when it is read:
sixty slow uploads and sixty slow downloads hold no thread. Brief requests, those that do nothing but store a little,
take turns in one thread and share their commits.
"""

import asyncio
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from http import HTTPStatus
from io import BytesIO
from queue import SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from tracen.lib.storage_trouble import RETRY_SECONDS, UNAVAILABLE
from tracen.lib.turns import SECONDS_TO_WAIT, Turns
from tracen.middleware import API_HEADERS
from tracen.server.spool import IN_MEMORY, PIECE, Pipe

THREADS = 16
"""For all but the brief requests."""
SECONDS_WITHOUT_TURNS = 5
"""After a brief request found no storage: each of those in a row would wait for it anew, threads wait together."""

TAKES_TURNS = "tracen.takes_turns"
"""In the environ of a request that takes turns with others in one thread."""

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
IsBrief = Callable[[Message, int], bool]
"""Whether a request, by its scope and the length of its body, may take turns with others in one thread."""


class Bridge:
    """An ASGI application that lets a WSGI application answer."""

    def __init__(
        self,
        application: WsgiApplication,
        address: Sequence[Any],
        scheme: str,
        is_brief: IsBrief,
        rest: Callable[[], None],
    ) -> None:
        """`address` is that of the socket: the host and the port first. `rest` is done when nothing brief comes."""
        self._application, self._is_brief = application, is_brief
        self._no_turns_until = 0.0
        self._same_for_all = {
            "SERVER_NAME": address[0],
            "SERVER_PORT": str(address[1]),
            "SCRIPT_NAME": "",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        self._same_in_turns = {**self._same_for_all, TAKES_TURNS: True}
        self._turns = Turns("web-brief", rest)
        self._waiting: SimpleQueue[_Exchange] = SimpleQueue()
        for number in range(THREADS):
            threading.Thread(target=self._keep_answering, name=f"web-{number}", daemon=True).start()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read_body(receive)
        if body is None:
            return
        exchange = _Exchange(scope, *body)
        if self._takes_turns(scope, exchange.length):
            await self._deliver_in_turn(exchange, receive, send)
        else:
            self._waiting.put(exchange)
            await exchange.deliver(receive, send)

    def _takes_turns(self, scope: Message, length: int) -> bool:
        return asyncio.get_running_loop().time() >= self._no_turns_until and self._is_brief(scope, length)

    async def _deliver_in_turn(self, exchange: "_Exchange", receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        self._turns.start(partial(self._answer, exchange, self._same_in_turns))
        patience = loop.call_later(SECONDS_TO_WAIT, exchange.give_up)
        try:
            await exchange.deliver(receive, send)
        finally:
            patience.cancel()
        if exchange.status == HTTPStatus.SERVICE_UNAVAILABLE:
            self._no_turns_until = loop.time() + SECONDS_WITHOUT_TURNS

    def _keep_answering(self) -> None:
        while True:
            exchange = self._waiting.get()
            self._answer(exchange, self._same_for_all)
            # Or the last request would stay in memory until the next one.
            del exchange

    def _answer(self, exchange: "_Exchange", same_for_all: dict[str, Any]) -> None:
        if exchange.is_given_up:
            return
        try:
            exchange.make(self._application, same_for_all)
        except BaseException as failure:  # noqa: BLE001 - uvicorn logs it and answers 500
            exchange.fail(failure)


async def _read_body(receive: Receive) -> tuple[IO[bytes], int] | None:
    """The whole body and its length; None if the client has hung up before its end."""
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"]:
        return BytesIO(message["body"]), len(message["body"])
    body: IO[bytes] = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed after the answer
    while message["type"] == "http.request":
        body.write(message["body"])
        if not message["more_body"]:
            length = body.tell()
            body.seek(0)
            return body, length
        message = await receive()
    body.close()
    return None


class _Exchange:
    """A request, whole, and its answer: made by a thread, delivered by the event loop."""

    def __init__(self, scope: Message, body: IO[bytes], length: int) -> None:
        self.length = length
        self.is_given_up = False
        self.status = 0
        self._scope, self._body = scope, body
        self._loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[tuple[Message, bytes, Pipe | None]] = self._loop.create_future()

    # In a thread

    def make(self, application: WsgiApplication, same_for_all: dict[str, Any]) -> None:
        head: Message = {}

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            head.update(type="http.response.start", status=int(status[:3]), headers=encoded)

        with self._body, ExitStack() as after:
            answer = application(self._environ(same_for_all), start_response)
            if hasattr(answer, "close"):
                after.callback(answer.close)
            pieces = _in_pieces(answer)
            first = next(pieces, b"")
            second = next(pieces, None)
            if second is None:
                self._tell(self._begin, (head, first, None))
            else:
                self._fill_pipe(head, first, second, pieces)

    def _fill_pipe(self, head: Message, first: bytes, second: bytes, pieces: Iterator[bytes]) -> None:
        pipe = Pipe(self._loop)
        pipe.write(second)
        self._tell(self._begin, (head, first, pipe))
        failure: BaseException | None = None
        try:
            for piece in pieces:
                if not pipe.write(piece):
                    break
        except Exception as trouble:  # noqa: BLE001 - the half that was sent cannot be taken back: the line is cut
            failure = trouble
        pipe.end(failure)

    def fail(self, failure: BaseException) -> None:
        # No future takes a StopIteration.
        self._tell(self._begin, RuntimeError(repr(failure)) if isinstance(failure, StopIteration) else failure)

    def _tell(self, act: Callable[..., None], *arguments: Any) -> None:
        # When the server has ended meanwhile, there is nobody left to tell.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, *arguments)

    def _environ(self, same_for_all: dict[str, Any]) -> dict[str, Any]:
        scope = self._scope
        environ = {
            **same_for_all,
            "REQUEST_METHOD": scope["method"],
            "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
            "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
            "wsgi.input": self._body,
        }
        for name, value in scope["headers"]:
            key = _ENVIRON_NAMES.get(name) or _environ_name(name)
            if key in environ:
                environ[key] += "," + value.decode("latin-1")
            elif key:
                environ[key] = value.decode("latin-1")
        environ["CONTENT_LENGTH"] = str(self.length)
        return environ

    # In the event loop

    def give_up(self) -> None:
        """Answer 503 if there is no answer yet; what was not begun will not be."""
        self.is_given_up = not self._begun.done()
        self._begin((_try_again(), _TRY_AGAIN, None))

    def _begin(self, answer: Any) -> None:
        if self._begun.done():
            if isinstance(answer, tuple) and answer[2] is not None:
                answer[2].close()
        elif isinstance(answer, BaseException):
            self._begun.set_exception(answer)
        else:
            self._begun.set_result(answer)

    async def deliver(self, receive: Receive, send: Send) -> None:
        head, first, pipe = await self._begun
        self.status = head["status"]
        if pipe is None:
            if first or (self._scope["http_version"] == "1.0" and head["status"] not in (204, 304)):
                _give_length(head, len(first))
            await send(head)
            await send({"type": "http.response.body", "body": first})
            return
        gone = asyncio.ensure_future(receive())
        try:
            await self._deliver_pipe(head, first, pipe, gone, send)
        finally:
            gone.cancel()
            pipe.close()

    async def _deliver_pipe(
        self, head: Message, piece: bytes, pipe: Pipe, gone: "asyncio.Future[Message]", send: Send
    ) -> None:
        if self._scope["http_version"] == "1.0":
            # Whoever speaks 1.0 knows no chunks.
            _give_length(head, len(piece) + await pipe.length())
        await send(head)
        while piece and not gone.done():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = await pipe.read()
        await send({"type": "http.response.body"})


_TRY_AGAIN = json.dumps(UNAVAILABLE).encode()


def _try_again() -> Message:
    named = {"Content-Type": "application/json", "Retry-After": str(RETRY_SECONDS), **API_HEADERS}
    headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    return {"type": "http.response.start", "status": int(HTTPStatus.SERVICE_UNAVAILABLE), "headers": headers}


def _give_length(head: Message, length: int) -> None:
    if not any(name.lower() == b"content-length" for name, _ in head["headers"]):
        head["headers"].append((b"content-length", str(length).encode()))


_ENVIRON_NAMES = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH", b"host": "HTTP_HOST"}


def _environ_name(name: bytes) -> str:
    """How WSGI calls a header; empty for one that could be taken for another: X_Key and X-Key would be the same."""
    return "" if b"_" in name else "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


def _in_pieces(answer: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer parts: each of them costs a turn of the event loop."""
    gathered: list[bytes] = []
    size = 0
    for part in answer:
        gathered.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)
