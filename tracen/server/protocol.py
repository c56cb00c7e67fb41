"""What a connection may send, how long it may be silent, and how it is told no; uvicorn and httptools do the rest.

Uvicorn takes any length of headers, waits for ever for the rest of a request, and answers what it cannot parse in
plain text. Here each of these has a limit, and refusals have the API's shape.
"""

import asyncio
import json
import sys
from collections import deque
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tracen.lib.json_body import TOO_LARGE
from tracen.middleware import API_HEADERS
from traces.limits import MAX_BODY_BYTES as API_BODY_BYTES

if sys.platform == "linux":
    import fcntl
    import termios

MAX_CONNECTIONS = 4_000
"""Beyond this a connection is closed at once; the process is given the file handles for it where the system lets it."""
MAX_IN_A_ROW = 64
"""Requests that a connection may send before their answers are there."""
MAX_HEADER_BYTES = 32 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024
"""Far above the API's own limits, so that a body somewhat too large gets the API's answer and not a broken pipe."""
IDLE_SECONDS = 15
"""How long a silent connection is kept: whoever opens many and says nothing keeps others out for no longer."""
SECONDS_WITHOUT_READING = 60
"""How long an answer waits for a client that takes nothing of it."""


class _Refused(Exception):
    """Raised in a callback of the parser: the request is answered with `status`, and the connection ends."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Line(asyncio.Transport):
    """What an answer writes to in place of the transport: its head waits for what follows, and both leave at once."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._cycle, self._transport = cycle, cycle.transport
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:  # type: ignore[override]
        if self._head is None and self._cycle.response_started:
            self._head = data
            return
        if self._head:
            data, self._head = self._head + data, b""
        self._transport.write(data)

    def close(self) -> None:
        self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._unanswered: deque[RequestResponseCycle] = deque()
        self._heard_at = self._taken_at = self.loop.time()
        self._left_to_write = 0
        self._is_in_head = True
        self._heads = self._unfinished = self._head_bytes = self._body_bytes = 0
        self._last_words = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Uvicorn tells only the last of several requests in a row that nobody waits for their answer any more."""
        super().connection_lost(exc)
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        self._unanswered.clear()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Whether the connection stays: a client may close its own direction and wait for the answer."""
        if not self._is_answering():
            return False
        self._unanswered[-1].keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._heard_at = self.loop.time()
        while data and not self._last_words:
            data = self._feed(data)

    def _feed(self, data: bytes) -> bytes:
        """Read it, and return what has to be read once more."""
        before = (self._heads, self._body_bytes)
        try:
            self.parser.feed_data(data)
            # The parser tells of a header, a trailer or a chunk's size when it ends, and of one without an end never.
            self._unfinished = self._unfinished + len(data) if before == (self._heads, self._body_bytes) else 0
            _limit(self._unfinished, MAX_HEADER_BYTES, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except _Refused as refused:
            self._refuse(refused.status)
        except httptools.HttpParserUpgrade as offer:
            return self._without_offer(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(_status_of(error))
        return b""

    def _without_offer(self, rest: bytes) -> bytes:
        """A request that offers another protocol (as `curl --http2` does) without its offer, and what came after it.

        There is none that we would change to, and the parser takes what follows the head for that protocol, though it is
        the body.
        """
        head = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = [b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._is_in_head = True
        return b"".join([head, *kept, b"\r\n", rest])

    # What the parser calls

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._head_bytes, self._body_bytes = True, 0, 0

    def on_url(self, url: bytes) -> None:
        self._head_bytes += len(url)
        _limit(self._head_bytes, MAX_HEADER_BYTES, HTTPStatus.REQUEST_URI_TOO_LONG)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value) + len(": \r\n")
        _limit(self._head_bytes, MAX_HEADER_BYTES, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        # A trailer comes after the body. Uvicorn would add it to the headers, which have been judged already.
        if self._is_in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        self._heads += 1
        if self.parser.get_method() == b"CONNECT":
            raise _Refused(HTTPStatus.NOT_IMPLEMENTED)
        if self.parser.should_upgrade():
            return
        # Uvicorn reads on while answers are owed, and would take in requests faster than they can be answered.
        _limit(len(self._unanswered) + 1, MAX_IN_A_ROW, HTTPStatus.TOO_MANY_REQUESTS)
        self._judge_headers()
        super().on_headers_complete()
        self.cycle.transport = _Line(self.cycle)
        self._unanswered.append(self.cycle)

    def _judge_headers(self) -> None:
        version = self.parser.get_http_version()
        has_host = any(name == b"host" for name, _ in self.headers)
        if not (version == "1.0" or (version == "1.1" and has_host)):
            raise _Refused(HTTPStatus.BAD_REQUEST)
        # Of HTTP/1.0 nobody expects a go-ahead.
        self.expect_100_continue = self.expect_100_continue and version == "1.1"
        for name, value in self.headers:
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                raise _Refused(HTTPStatus.NOT_IMPLEMENTED)
            if name == b"content-length":
                _limit(int(value), MAX_BODY_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        _limit(self._body_bytes, MAX_BODY_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._is_in_head = True

    # Refusals

    def _refuse(self, status: HTTPStatus) -> None:
        self._last_words = _refusal(status)
        if self.pipeline and self.pipeline[0][0].more_body:
            # The request that broke off is the last of a row: those before it are answered first.
            self.pipeline.popleft()
            self._unanswered.pop()
        if not self._is_answering():
            self._say_last_words()

    def on_response_complete(self) -> None:
        if self._unanswered:
            # After the head of an answer to HEAD comes nothing.
            self._unanswered.popleft().transport.write(b"")
        if self._last_words and not self.pipeline:
            self._say_last_words()
        else:
            super().on_response_complete()

    def _say_last_words(self) -> None:
        self.transport.write(self._last_words)
        self.transport.close()

    # Time

    def _is_answering(self) -> bool:
        """Whether a whole request waits for its answer."""
        return bool(self._unanswered) and not self._unanswered[0].more_body

    def close_if_stalled(self, now: float) -> None:
        """Close the connection if its client has not said anything, or not taken of its answer, for too long."""
        left = self._unsent()
        if left != self._left_to_write:
            self._left_to_write, self._taken_at, self._heard_at = left, now, now
        if left:
            is_stalled = now - self._taken_at > SECONDS_WITHOUT_READING
        else:
            is_stalled = not self._is_answering() and now - self._heard_at > IDLE_SECONDS
        if is_stalled:
            self.transport.abort()

    def _unsent(self) -> int:
        """Bytes that the client has not taken: ours, and on Linux those of the system, which go in smaller steps."""
        left = self.transport.get_write_buffer_size()
        if left and sys.platform == "linux":
            connection = self.transport.get_extra_info("socket")
            left += int.from_bytes(fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
        return left


def _limit(measured: int, most: int, status: HTTPStatus) -> None:
    if measured > most:
        raise _Refused(status)


def _status_of(error: httptools.HttpParserError) -> HTTPStatus:
    if isinstance(error.__context__, _Refused):
        return error.__context__.status
    if "Content-Length overflow" in str(error):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return HTTPStatus.BAD_REQUEST


def _refusal(status: HTTPStatus) -> bytes:
    is_too_large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    answer = {"error": TOO_LARGE, "limit": API_BODY_BYTES} if is_too_large else {"error": status.phrase}
    body = json.dumps(answer).encode()
    named = {"Content-Type": "application/json", "Content-Length": len(body), **API_HEADERS, "Connection": "close"}
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in named.items())]
    head = "\r\n".join([*lines, "", ""])
    return head.encode() + body
