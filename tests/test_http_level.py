"""Broken, odd and hostile HTTP by raw sockets against the running product: an answer or a closed line, never a 5xx."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from io import BytesIO

import pytest

from tests.api import NEXUS, TRACES, nexus_body, tracen_body
from tests.live import LiveServer, live_server
from traces.limits import MAX_BODY_BYTES

pytestmark = pytest.mark.fault

RUN = json.dumps(nexus_body()).encode()
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SLOW_CLIENTS = 60
TROUBLE = ("Traceback", "Internal Server Error", "Exception while serving", "uncaptured python exception")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came over the line."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


class _Received:
    """Stands in for a socket, so that the standard library parses what was received."""

    def __init__(self, stream: BytesIO) -> None:
        self._stream = stream

    def makefile(self, *_: object) -> "_Unclosed":
        return _Unclosed(self._stream)


class _Unclosed:
    """The stream without its end: the next answer starts where this one stops."""

    def __init__(self, stream: BytesIO) -> None:
        self.read, self.readline, self.readinto = stream.read, stream.readline, stream.readinto

    def close(self) -> None:
        """Closing is the test's business."""

    flush = close


def parse_answers(raw: bytes) -> list[Answer]:
    stream, answers = BytesIO(raw), []
    while stream.tell() < len(raw):
        response = HTTPResponse(_Received(stream))  # type: ignore[arg-type]
        response.begin()
        answers.append(Answer(response.status, response.headers, response.read()))
    return answers


class Line:
    """Raw connections to the server, one for each call."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def head(
        self, extra: bytes = b"", *, method: bytes = b"POST", target: bytes = NEXUS.encode(), key: bool = True
    ) -> bytes:
        """The lines of a request up to the blank one; the server is asked to hang up afterwards."""
        authorization = f"Authorization: Bearer {self.key}\r\n".encode() if key else b""
        host = f"Host: 127.0.0.1:{self.port}\r\n".encode()
        return method + b" " + target + b" HTTP/1.1\r\n" + host + authorization + extra + b"Connection: close\r\n\r\n"

    def post(self, extra: bytes = b"", body: bytes = RUN, *, key: bool = True) -> Answer:
        return self.only_answer(self.head(b"Content-Length: %d\r\n" % len(body) + extra, key=key) + body)

    def get(self, target: bytes, extra: bytes = b"") -> Answer:
        return self.only_answer(self.head(extra, method=b"GET", target=target))

    def only_answer(self, request: bytes) -> Answer:
        (answer,) = parse_answers(self.talk(request))
        return answer

    def talk(self, request: bytes) -> bytes:
        """All that comes back until the server hangs up. It may do so before it has read everything."""
        with self.open() as line:
            with suppress(ConnectionError):
                line.sendall(request)
            return receive(line)

    def is_healthy(self) -> bool:
        return self.get(b"/health").json == {"status": "ok"}


def receive(line: socket.socket) -> bytes:
    received = b""
    with suppress(ConnectionError):
        while part := line.recv(65_536):
            received += part
    return received


def chunks(body: bytes, size: int = 7) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def bomb() -> bytes:
    """100 MB of blanks in 97 kB."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(100)) + packer.flush()


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server() as running:
        yield running


@pytest.fixture(scope="module")
def key(server) -> str:
    return server.run_command("create_api_key", "raw@example.com", "--plan", "unlimited")


@pytest.fixture
def line(server, key) -> Iterator[Line]:
    """Whatever a test sends: afterwards the server is well, and its log tells of no trouble."""
    said = len(server.output)
    line = Line(server.port, key)
    yield line
    assert line.is_healthy()
    assert [word for word in TROUBLE if word in server.output[said:]] == []


# Bodies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_chunked_body_is_read(line, size):
    assert line.only_answer(line.head(CHUNKED) + chunks(RUN, size)).status == 201


def test_a_chunked_body_in_gzip_is_read(line):
    head = line.head(CHUNKED + b"Content-Encoding: gzip\r\n")

    assert line.only_answer(head + chunks(gzip.compress(RUN))).status == 201


def test_a_trailer_is_no_header(line, key):
    trailer = f"X-Tracen-Key: {key}\r\n\r\n".encode()

    answer = line.only_answer(line.head(CHUNKED, key=False) + chunks(RUN)[:-2] + trailer)

    assert (answer.status, answer.json) == (401, {"error": "Invalid API key"})


@pytest.mark.parametrize(
    "body",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"-5\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n"],
)
def test_broken_chunks(line, body):
    answer = line.only_answer(line.head(CHUNKED) + body)

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"xchunked", b"identity"])
def test_other_transfer_codings(line, coding):
    answer = line.only_answer(line.head(b"Transfer-Encoding: " + coding + b"\r\n") + chunks(RUN))

    assert (answer.status, answer.json) == (501, {"error": "Not Implemented"})


def test_chunks_within_another_coding(line):
    answer = line.only_answer(line.head(b"Transfer-Encoding: chunked, identity\r\n") + chunks(RUN))

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


@pytest.mark.parametrize("length", [b"abc", b"-1", b"+5", b"0x10", b"1_0", b"5, 5", b"", b"1 1", b"\xd9\xa3"])
def test_a_garbage_length(line, length):
    answer = line.only_answer(line.head(b"Content-Length: " + length + b"\r\n") + RUN)

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


@pytest.mark.parametrize("other", [5, len(RUN)])
def test_two_lengths(line, other):
    answer = line.post(b"Content-Length: %d\r\n" % other)

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


def test_a_length_and_chunks_are_refused(line):
    """Two servers in a row could read them differently, and a body be taken for a second request."""
    smuggled = line.head(method=b"GET", target=b"/health")

    for length in (4, len(chunks(RUN)), len(chunks(RUN)) + len(smuggled)):
        received = line.talk(line.head(b"Content-Length: %d\r\n" % length + CHUNKED) + chunks(RUN) + smuggled)
        assert [answer.status for answer in parse_answers(received)] == [400]


def test_a_client_that_waits_for_a_go_ahead(line):
    with line.open() as waiting:
        waiting.sendall(line.head(b"Content-Length: %d\r\nExpect: 100-continue\r\n" % len(RUN)))
        assert waiting.recv(1_000).startswith(b"HTTP/1.1 100 Continue\r\n")
        waiting.sendall(RUN)
        (answer,) = parse_answers(receive(waiting))

    assert answer.status == 201


def test_four_requests_at_once_get_four_answers_in_order(line):
    keep = line.head(b"Content-Length: %d\r\n" % len(RUN)).replace(b"Connection: close\r\n", b"") + RUN
    health = line.head(method=b"GET", target=b"/health").replace(b"Connection: close\r\n", b"")

    answers = parse_answers(line.talk(keep + health + keep + line.head(method=b"GET", target=b"/api/nothing")))

    assert [answer.status for answer in answers] == [201, 200, 201, 404]


def test_a_body_that_stops_short_stores_nothing(line):
    before = line.get(NEXUS.encode()).headers["X-Total-Count"]
    with line.open() as cut:
        cut.sendall(line.head(b"Content-Length: %d\r\n" % (len(RUN) + 5)) + RUN)
        cut.shutdown(socket.SHUT_WR)
        assert receive(cut) == b""

    assert line.get(NEXUS.encode()).headers["X-Total-Count"] == before


def test_sixty_slow_uploads_hold_nobody_up(line):
    head = line.head(b"Content-Length: %d\r\n" % len(RUN))
    slow = [line.open() for _ in range(SLOW_CLIENTS)]
    for upload in slow:
        upload.sendall(head)
    for place in range(len(RUN)):
        for upload in slow:
            upload.sendall(RUN[place : place + 1])
        if place % 20 == 0:
            assert line.is_healthy()
            assert line.post().status == 201

    answers = [parse_answers(receive(upload)) for upload in slow]

    for upload in slow:
        upload.close()
    assert [answer.status for (answer,) in answers] == [201] * SLOW_CLIENTS


@pytest.mark.parametrize("megabytes", [6, 60])
def test_a_client_can_read_that_its_body_is_too_large(server, line, key, megabytes):
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", TRACES, b" " * (megabytes << 20), {"X-Tracen-Key": key})
    answer = connection.getresponse()

    assert (answer.status, json.loads(answer.read())) == (
        413,
        {"error": "Request body too large", "limit": MAX_BODY_BYTES},
    )
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("length", [b"1000000000000", b"9" * 30])
def test_a_length_beyond_all_measure_is_refused_unread(line, length):
    answer = line.only_answer(line.head(b"Content-Length: " + length + b"\r\n"))

    assert (answer.status, answer.json["error"]) == (413, "Request body too large")


def test_a_gzip_bomb(line):
    packed = bomb()

    answer = line.post(b"Content-Encoding: gzip\r\n", packed)

    assert len(packed) < 100_000
    assert (answer.status, answer.json) == (413, {"error": "Request body too large", "limit": MAX_BODY_BYTES})


# Headers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        *(
            b"X-A: a\0b",
            b"X-A: a\rb",
            b"X-A: a\nX-B: b",
            b"X-A : a",
            b"no colon",
            b": no name",
            b"X A: a",
            b"X-\xff: a",
        ),
        *(b"Content-Type: text/plain; charset=\0", b"Content-Type: text/plain; charset=\x01"),
    ],
)
def test_broken_headers(line, header):
    answer = line.post(header + b"\r\n")

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


def test_a_folded_header_is_refused(line):
    """RFC 9112 has a server refuse a line break before a blank, or read it as blanks."""
    answer = line.post(b"X-A: a\r\n b\r\n")

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


@pytest.mark.parametrize(
    "header", [b"X-A: " + b"a" * 1_000_000, b"\r\n".join(b"X-%d: a" % number for number in range(10_000))]
)
def test_endless_headers(line, header):
    raw = line.talk(line.head(header + b"\r\n", method=b"GET", target=b"/health"))

    assert raw.startswith(b"HTTP/1.1 431 ")
    assert raw.endswith(b'{"error": "Request Header Fields Too Large"}')


@pytest.mark.parametrize("trailer", [b"X-A: " + b"a" * 1_000_000, b"X-A: a\r\n" * 10_000, b"5;" + b"a" * 1_000_000])
def test_endless_trailers(line, trailer):
    last_chunk = b"" if trailer.startswith(b"5;") else b"0\r\n"

    raw = line.talk(line.head(CHUNKED) + last_chunk + trailer)

    assert raw.startswith(b"HTTP/1.1 431 ")


def test_two_hundred_headers_are_not_too_many(line):
    assert line.post(b"".join(b"X-%d: a\r\n" % number for number in range(200))).status == 201


@pytest.mark.parametrize(
    "headers",
    [
        "X_Tracen_Key: {key}\r\n",
        "x_tracen-key: {key}\r\n",
        "Authorization: Bearer {key}\r\nAuthorization: Bearer {key}\r\n",
        "Authorization: Bearer {key}\r\nAuthorization: Basic eDp5\r\n",
        "X-Tracen-Key: {key}\r\nX-Tracen-Key: {key}\r\n",
        "Authorization: Bearer {key}\r\nX-Tracen-Key: other\r\n",
        "Authorization: Bearer \u00e9\r\n",
    ],
)
def test_headers_that_are_no_key(line, key, headers):
    answer = line.post(headers.format(key=key).encode("latin-1"), key=False)

    assert (answer.status, answer.json) == (401, {"error": "Invalid API key"})
    assert answer.headers["WWW-Authenticate"] == "Bearer"


ODD_HEADERS = (
    *(
        b"Range: bytes=0-1",
        b"Range: bytes=9-1",
        b"If-None-Match: *",
        b"If-Modified-Since: x",
        b'If-None-Match: "\xff',
        b'If-Match: "x"',
    ),
    *(
        b"If-Modified-Since: Sat, 01 Jan 99999 00:00:00 GMT",
        b"If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT",
        b"Accept: \xff",
    ),
    *(
        b"Accept-Encoding: gzip;q=x,\xff",
        b"Accept-Language: \xff," + b"x-" * 500,
        b"Cookie: \xff=\xff; sessionid=\xff\xff\xff\xff\xff\xff\xff\xff",
    ),
    *(
        b"Referer: \xff",
        b"Upgrade: websocket",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-For: \xff",
        b"X-Forwarded-Host: evil.example",
    ),
    *(
        b"Forwarded: for=x;host=evil.example",
        b"X-HTTP-Method-Override: DELETE",
        b"Content-Type: multipart/form-data; boundary=\xff",
    ),
    *(
        b"Content-Type: x; charset=hex",
        b"Content-Type: x; charset=\xff",
        b"Origin: \xff",
        b"X-CSRFToken: \xff",
        b"Content-Encoding: \xff",
    ),
)


@pytest.mark.parametrize("header", ODD_HEADERS)
def test_odd_headers_change_no_page(line, header):
    for target in (b"/health", b"/ready", NEXUS.encode(), b"/", b"/accounts/login"):
        assert line.get(target + b"?x=%e9", header + b"\r\n").status == 200
    assert line.get(b"/traces/x", header + b"\r\n").status == 404


# Addresses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        *(
            b"/api/%00",
            b"/api/%zz",
            b"/api/%",
            b"/api//v1/traces",
            b"/api/x:@[",
            b"/api/..;/health",
            b"/api/%2e%2e/health",
        ),
        *(b"/api/v1/traces/%2e%2e%2fhealth", b"/api/v1/traces/" + b"x" * 30_000, b"/api/v1/traces/%F0%28%8C%28"),
    ],
)
def test_odd_addresses_of_the_api(line, target):
    answer = line.get(target)

    assert (answer.status, answer.json["error"]) in [(404, "Not found"), (404, "Trace not found")]


@pytest.mark.parametrize(
    "target",
    [
        *(
            b"//evil.example/health",
            b"/../health",
            b"/%2e%2e/health",
            b"/health%0d%0aX:y",
            b"/traces/%00",
            b"/%",
            b"*",
        ),
        *(
            b"/static/../../etc/passwd",
            b"/static/%2e%2e/%2e%2e/etc/passwd",
            b"/static//etc/passwd",
            b"/static/%00",
            b"/static/" + b"x" * 300,
        ),
        *(
            b"/accounts/confirm-email/%00",
            b"/accounts/password/reset/key/%00-%00",
            b"//[/x",
            b"/traces/x/spans/%00",
            b"/traces/x.json",
        ),
    ],
)
def test_odd_addresses_of_pages(line, target):
    assert line.get(target).status == 404


@pytest.mark.parametrize(
    "target",
    [
        b"/api/\0",
        b"/traces/\0",
        b"\xff",
        b"/\xff",
        b"/api/\xff\xfe",
        b"/api/v1/traces?agent_id=\xff",
        b"http://[::1/health",
        b"http://[/api/x",
    ],
)
def test_addresses_that_are_none(line, target):
    answer = line.get(target)

    assert (answer.status, answer.json) == (400, {"error": "Bad Request"})


@pytest.mark.parametrize(
    "target", [b"http://127.0.0.1/health", b"http://evil.example/health", b"/health?" + b"a" * 30_000, b"/health#x"]
)
def test_other_forms_of_an_address(line, target):
    assert line.get(target).json == {"status": "ok"}


def test_links_never_come_from_the_request(server, line):
    body = json.dumps(tracen_body()).encode()
    head = line.head(
        b"Content-Length: %d\r\nX-Forwarded-Host: evil.example\r\n" % len(body),
        target=b"http://evil.example" + TRACES.encode(),
    )

    answer = line.only_answer(head + body)

    assert str(answer.json["url"]).startswith(f"{server.base_url}/traces/")


@pytest.mark.parametrize(
    "host", [b"", b"Host: evil.example\r\n", b"Host: a\r\nHost: b\r\n", b"Host: 127.0.0.1:x\r\n", b"Host: \xff\r\n"]
)
def test_a_foreign_host(line, host):
    answer = line.only_answer(b"GET /api/v1/traces HTTP/1.1\r\nConnection: close\r\n" + host + b"\r\n")

    assert (answer.status, str(answer.json["error"]).lower()) == (400, "bad request")


# Other protocols ----------------------------------------------------------------------------------------------------


def test_http_1_0(line, key):
    raw = line.talk(f"GET {NEXUS}?limit=1 HTTP/1.0\r\nHost: localhost\r\nX-Tracen-Key: {key}\r\n\r\n".encode())

    assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"transfer-encoding" not in raw
    assert b"connection: close" in raw


def test_this_is_no_proxy(line):
    answer = line.only_answer(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")

    assert (answer.status, answer.json) == (501, {"error": "Not Implemented"})


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/9.9.9\r\n\r\n",
        b"GET /health XYZ\r\n\r\n",
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03" + bytes(200) + b"\r\n\r\n",
        b"\xff\xfe\0\r\n\r\n",
    ],
)
def test_what_is_not_our_http(line, request_bytes):
    assert line.talk(request_bytes).startswith(b"HTTP/1.1 400 ")


def test_silence_costs_nothing(line):
    silent = [line.open() for _ in range(100)]
    time.sleep(0.1)

    assert line.is_healthy()
    for connection in silent:
        connection.close()
