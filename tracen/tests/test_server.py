"""The web server with small applications, over real sockets; tests/test_http_level.py asks the product's own."""

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from typing import Any

import pytest

from tests.bring.system import free_port
from tests.test_http_level import receive
from tracen import server
from tracen.lib import turns
from tracen.server import bridge, protocol, spool

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BIG = 8 * 1024 * 1024
"""More than both ends of a connection buffer."""


class Site:
    """An application that answers by its `answer`, on a server of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.answer: Callable[[dict[str, Any]], Iterable[bytes]] = lambda environ: [environ["PATH_INFO"].encode()]
        self.headers: list[tuple[str, str]] = []
        self.is_brief: Callable[[dict[str, Any], int], bool] = lambda scope, length: False
        self.server = server.bind(
            self._application, "127.0.0.1", self.port, is_brief=lambda *said: self.is_brief(*said)
        )
        self._thread = threading.Thread(target=self.server.run, daemon=True)
        self._thread.start()

    def _application(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", list(self.headers))
        return self.answer(environ)

    def open(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def get(self, path: str = "/") -> bytes:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def stop(self) -> bool:
        self.server.should_exit = True
        self._thread.join(20)
        return not self._thread.is_alive()


@pytest.fixture
def site(monkeypatch) -> Iterator[Site]:
    monkeypatch.setattr(server, "_TICKS_BETWEEN_SWEEPS", 1)
    made = Site()
    yield made
    assert made.stop()


def receive_until(line: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        part = line.recv(65_536)
        assert part, received
        received += part
    return received


def packets_received(line: socket.socket) -> int:
    """Those with data in them: tcpi_data_segs_in of linux/tcp.h."""
    told = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    return int.from_bytes(told[152:156], sys.byteorder)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Requests -----------------------------------------------------------------------------------------------------------


def test_brief_requests_share_a_thread_and_others_have_theirs(site):
    site.is_brief = lambda scope, length: scope["path"].startswith("/brief") and length == 0
    site.answer = lambda _: [threading.current_thread().name.encode()]
    assert {site.get("/brief/1"), site.get("/brief/2")} == {b"web-brief"}
    assert site.get("/long") != b"web-brief"


def test_brief_requests_go_on_while_one_waits_and_are_answered_in_the_end(site):
    both = threading.Barrier(2)

    def answer(environ):
        turns.let_others_go_first()
        return [environ["PATH_INFO"].encode()]

    site.is_brief, site.answer = lambda scope, length: True, answer

    def ask(path):
        both.wait(20)
        return [site.get(path) for _ in range(50)]

    with ThreadPoolExecutor(2) as clients:
        assert list(clients.map(ask, ["/a", "/b"])) == [[b"/a"] * 50, [b"/b"] * 50]


def test_while_one_brief_request_hangs_others_are_told_to_try_again_and_then_get_threads(site, monkeypatch):
    monkeypatch.setattr(bridge, "SECONDS_TO_WAIT", 2)
    go_on, begun = threading.Event(), []

    def answer(environ):
        begun.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/hangs":
            go_on.wait(20)
        return [b"well"]

    site.is_brief, site.answer = lambda scope, length: True, answer
    with ThreadPoolExecutor(1) as clients:
        hanging = clients.submit(site.get, "/hangs")
        wait_for(lambda: begun)
        assert json.loads(site.get("/behind")) == {"error": "Service temporarily unavailable"}
        assert site.get("/later") == b"well"
        assert json.loads(hanging.result()) == {"error": "Service temporarily unavailable"}
    go_on.set()
    monkeypatch.setattr(bridge, "SECONDS_WITHOUT_TURNS", 0)
    site.get("/last")
    assert begun == ["/hangs", "/later", "/last"], "what was given up before it began is not done"


def test_what_the_server_answers_itself_can_be_read_by_a_page_of_another_origin(site, monkeypatch):
    monkeypatch.setattr(bridge, "SECONDS_TO_WAIT", 0.1)
    go_on = threading.Event()
    site.is_brief, site.answer = lambda scope, length: True, lambda _: [b"late"] if go_on.wait(20) else []
    for asked, status in ((GET, b"503"), (b"garbage\r\n\r\n", b"400")):
        with site.open() as line:
            line.sendall(asked)
            line.shutdown(socket.SHUT_WR)
            head = receive(line).partition(b"\r\n\r\n")[0].lower()
        assert head.startswith(b"http/1.1 " + status)
        for header in (b"access-control-allow-origin: *", b"access-control-expose-headers: retry-after", b"no-store"):
            assert header in head
    go_on.set()


def test_a_brief_request_that_fails_is_answered_and_the_next_one_too(site):
    def answer(_):
        raise SystemExit("not even this ends the thread")

    site.is_brief, site.answer = lambda scope, length: True, answer
    assert site.get() == b"Internal Server Error"
    site.answer = lambda _: [b"well"]
    assert site.get() == b"well"


@pytest.mark.parametrize("size", [0, 1, spool.IN_MEMORY - 1, spool.IN_MEMORY + 1, BIG])
def test_a_body_of_any_size_is_read_whole(site, size):
    body = bytes(range(256)) * (size // 256 + 1)
    site.answer = lambda environ: [environ["wsgi.input"].read(), environ["CONTENT_LENGTH"].encode()]
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=20)) as connection:
        connection.request("POST", "/", body[:size])
        assert connection.getresponse().read() == body[:size] + str(size).encode()


def test_a_client_that_has_said_all_and_closed_its_side_gets_its_answer(site, monkeypatch):
    closed, hear = threading.Event(), protocol.Protocol.eof_received
    monkeypatch.setattr(protocol.Protocol, "eof_received", lambda line: (hear(line), closed.set())[0])
    # What comes before that is known does not say that the connection closes.
    site.answer = lambda environ: [environ["PATH_INFO"].encode()] if closed.wait(20) else []
    with site.open() as line:
        line.sendall(GET)
        line.shutdown(socket.SHUT_WR)
        assert receive(line).endswith(b"content-length: 1\r\nconnection: close\r\n\r\n/")


@pytest.mark.parametrize(
    "broken", [b"garbage\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
)
def test_after_what_is_no_request_the_answer_before_it_still_comes(site, broken):
    go_on = threading.Event()
    site.answer = lambda _: [b"slow"] if go_on.wait(20) else []
    with site.open() as line:
        line.sendall(GET + broken)
        go_on.set()
        first, _, second = receive(line).partition(b"slow")
    assert (first[:15], second.split(b"\r\n")[0]) == (b"HTTP/1.1 200 OK", b"HTTP/1.1 400 Bad Request")


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("later", [b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"])
def test_a_slow_answer_is_not_lost_to_half_a_request_after_it(site, monkeypatch, later, is_closed):
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.1)
    site.answer = lambda _: [b"late"] if not time.sleep(0.6) else []
    with site.open() as line:
        line.sendall(GET + later)
        if is_closed:
            line.shutdown(socket.SHUT_WR)
        assert receive_until(line, b"\r\n\r\nlate")


def test_who_asks_faster_than_they_can_be_answered_is_stopped(site):
    go_on = threading.Event()
    site.answer = lambda _: [b"."] if go_on.wait(20) else []
    with site.open() as line:
        line.sendall(GET * 10 * protocol.MAX_IN_A_ROW)
        go_on.set()
        received = receive(line)
    assert received.count(b"HTTP/1.1 200 OK") == protocol.MAX_IN_A_ROW
    assert received.split(b"HTTP/1.1 ")[-1].startswith(b"429 ")


def test_offers_in_a_row_are_read_one_after_another(site):
    offer = GET[:-2] + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n"
    with site.open() as line:
        line.sendall(offer * 1_200)
        assert receive(line).count(b"HTTP/1.1 200 OK") == protocol.MAX_IN_A_ROW


def test_who_hangs_up_on_several_answers_leaves_no_word_in_the_log(site, caplog):
    begun, go_on = threading.Event(), threading.Event()
    site.answer = lambda _: [b"."] if not begun.set() and go_on.wait(20) else []
    with site.open() as line:
        line.sendall(GET * 2)
        assert begun.wait(20)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: not site.server.server_state.connections)
    go_on.set()
    wait_for(lambda: not site.server.server_state.tasks)
    assert caplog.records == []


def test_an_offer_of_another_protocol_is_passed_over(site):
    """As curl makes it with --http2."""
    site.answer = lambda environ: [environ["REQUEST_METHOD"].encode(), environ["wsgi.input"].read(), b";"]
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
    with site.open() as line:
        for _ in range(2):
            line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + offer + b"Content-Length: 4\r\n\r\nbody")
            assert receive_until(line, b"\r\n\r\nPOSTbody;")
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + offer + b"\r\n")
            assert receive_until(line, b"\r\n\r\nGET;")


def test_headers_become_those_of_wsgi(site):
    site.answer = lambda environ: [
        repr({name: environ.get(name) for name in ("HTTP_X_A", "HTTP_X_B", "CONTENT_TYPE", "REMOTE_ADDR")}).encode()
    ]
    sent = b"X-A: 1\r\nX-A: 2\r\nX_B: 3\r\nContent-Type: text/plain\r\n"
    with site.open() as line:
        line.sendall(b"GET / HTTP/1.0\r\n" + sent + b"\r\n")
        assert receive(line).endswith(
            b"{'HTTP_X_A': '1,2', 'HTTP_X_B': None, 'CONTENT_TYPE': 'text/plain', 'REMOTE_ADDR': '127.0.0.1'}"
        )


# Answers ------------------------------------------------------------------------------------------------------------


def pieces(size: int) -> Iterator[bytes]:
    for number in range(size // 1024):
        yield bytes([number % 256]) * 1024


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much came in how many packets")
def test_the_head_of_an_answer_travels_with_its_body(site):
    with site.open() as line:
        for _ in range(20):
            line.sendall(GET)
            receive_until(line, b"\r\n\r\n/")
        assert packets_received(line) == 20


@pytest.mark.parametrize("last", [b"", b"Connection: close\r\n"])
def test_a_head_that_nothing_follows_is_sent(site, last):
    site.headers, site.answer = [("Content-Length", "6")], lambda _: []
    with site.open() as line:
        for more in (b"", last):
            line.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
            assert line.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        assert not last or line.recv(65_536) == b""


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("has_length", [False, True])
def test_an_answer_in_pieces_comes_whole(site, version, has_length):
    """With chunks if its length is not known and the client knows chunks."""
    site.answer = lambda _: pieces(BIG)
    site.headers = [("Content-Length", str(BIG))] if has_length else []
    with site.open() as line:
        line.sendall(b"GET / HTTP/" + version + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = receive(line).partition(b"\r\n\r\n")
    has_chunks = version == b"1.1" and not has_length
    assert (b"transfer-encoding: chunked" in head) == has_chunks
    assert has_chunks or body == b"".join(pieces(BIG))
    assert has_chunks or b"content-length: %d" % BIG in head
    assert site.get() == b"".join(pieces(BIG))


def test_clients_that_do_not_read_hold_no_thread(site):
    site.answer = lambda environ: pieces(BIG) if environ["PATH_INFO"] == "/big" else [b"small"]
    lines = [site.open() for _ in range(2 * bridge.THREADS)]
    for line in lines:
        line.sendall(GET.replace(b"/", b"/big", 1).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert [site.get() for _ in range(20)] == [b"small"] * 20
    for line in lines:
        assert len(receive(line)) > BIG
        line.close()


def test_an_answer_for_a_client_that_left_is_given_up(site):
    given_up = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
                time.sleep(0.001)
        finally:
            given_up.set()

    site.answer = lambda _: endless()
    with site.open() as line:
        line.sendall(GET)
        line.recv(1)
    assert given_up.wait(20)


def test_an_answer_that_breaks_off_is_no_whole_answer(site):
    def broken() -> Iterator[bytes]:
        yield from pieces(BIG)
        raise OSError("the disk is gone")

    site.answer = lambda _: broken()
    with pytest.raises(IncompleteRead):
        site.get()
    with site.open() as line:
        line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert receive(line).startswith(b"HTTP/1.1 500 ")


def test_an_empty_answer_to_http_1_0_has_no_chunks(site):
    site.answer = lambda _: []
    with site.open() as line:
        line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert receive(line).endswith(b"\r\n\r\n")


def test_an_application_that_ends_by_an_accident_is_a_500(site):
    def accident() -> list[bytes]:
        raise StopIteration

    site.answer = lambda _: accident()
    with site.open() as line:
        line.sendall(GET)
        assert line.recv(65_536).startswith(b"HTTP/1.1 500 ")


# Time ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHos", GET.replace(b"GET", b"POST")[:-2] + b"Content-Length: 9\r\n\r\nx"],
)
def test_who_says_nothing_more_is_hung_up_on(site, monkeypatch, said):
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.2)
    with site.open() as line:
        line.sendall(said)
        assert receive(line) == b""
    assert site.get() == b"/"


def test_who_reads_nothing_is_hung_up_on(site, monkeypatch):
    monkeypatch.setattr(protocol, "SECONDS_WITHOUT_READING", 0.2)
    site.answer = lambda _: pieces(4 * BIG)
    with site.open() as line:
        line.sendall(GET)
        wait_for(lambda: len(site.server.server_state.connections) == 1)
        wait_for(lambda: not site.server.server_state.connections)


def test_who_sends_but_does_not_read_is_hung_up_on(site, monkeypatch):
    monkeypatch.setattr(protocol, "SECONDS_WITHOUT_READING", 0.3)
    site.answer = lambda _: pieces(4 * BIG)
    with site.open() as line:
        line.sendall(GET)
        wait_for(lambda: site.server.server_state.connections)
        with pytest.raises(ConnectionError):  # noqa: PT012 - it is the sending that ends
            for _ in range(200):
                line.sendall(b"\r\n")
                time.sleep(0.05)


def test_who_waits_for_a_slow_answer_is_not_hung_up_on(site, monkeypatch):
    monkeypatch.setattr(protocol, "IDLE_SECONDS", 0.1)
    site.answer = lambda _: [b"late"] if not time.sleep(0.8) else []
    assert site.get() == b"late"


def test_beyond_the_most_connections_there_is_no_place(site, monkeypatch):
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 3)
    lines = [site.open() for _ in range(3)]
    wait_for(lambda: len(site.server.server_state.connections) == 3)
    with pytest.raises(ConnectionError):
        site.get()
    lines.pop().close()
    wait_for(lambda: len(site.server.server_state.connections) == 2)
    assert site.get() == b"/"
    for line in lines:
        line.close()


def test_the_end_waits_for_what_has_begun(site):
    begun = threading.Event()

    def slow() -> Iterator[bytes]:
        begun.set()
        time.sleep(0.5)
        yield b"whole"

    site.answer = lambda _: slow()
    with site.open() as line:
        line.sendall(GET)
        assert begun.wait(20)
        assert site.stop()
        assert b"whole" in receive(line)
