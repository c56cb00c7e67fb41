"""Requests to addresses that a user chose: what is never reached, and how those are sent that may go."""

import re
import threading
import time
from ipaddress import ip_address

import pytest

from tests.name_server import name_server
from tests.receiver import LOOPBACK, Receiver, found, receiver, trust
from tracen.lib import outgoing
from tracen.lib.outgoing import PORTS, Refused, Unanswered, check_target, is_public, parse_target, post

CLOSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
OPEN = ["1.1.1.1", "8.8.8.8", "192.0.1.1", "100.128.0.1", "223.255.255.254", "2606:4700::1111", "::ffff:8.8.8.8"]

# Each is an attempt to reach the canary on this machine; PORT is the one it listens on.
HOSTILE = [
    "https://127.0.0.1:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://0:PORT/",
    "https://0.0.0.0:PORT/",
    "https://2130706433:PORT/",
    "https://0x7f000001:PORT/",
    "https://0x7f.1:PORT/",
    "https://0x7f.0x0.0x0.0x1:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://017700000001:PORT/",
    "https://127.0.0.01:PORT/",
    "https://①②⑦.⓪.⓪.①:PORT/",
    "https://１２７.０.０.１:PORT/",
    "https://127。0。0。1:PORT/",
    "https://[::1]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/",
    "https://[::]:PORT/",
    "https://[::127.0.0.1]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[64:ff9b::7f00:1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://[::1%25lo]:PORT/",
    "https://[fe80::1%25lo]:PORT/",
    "https://[127.0.0.1]:PORT/",
    "https://localhost:PORT/",
    "https://LOCALHOST:PORT/",
    "https://localhost.:PORT/",
    "https://localhost.localdomain:PORT/",
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/",
    "https://loc%61lhost:PORT/",
    "https://%31%32%37.0.0.1:PORT/",
    "https://example.com@127.0.0.1:PORT/",
    "https://example.com:443@127.0.0.1:PORT/",
    "https://user:word@127.0.0.1:PORT/",
    "https://example.com%40127.0.0.1:PORT/",
    "https://example.com\\@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT\\@example.com/",
    "https://127.0.0.1:PORT#@example.com/",
    "https://127.0.0.1:PORT?@example.com/",
    "https://127.0.0.1:PORT\t/",
    "https://127.0.0.1:PORT/\r\nHost: example.com",
    "https://127.0.0.1:PORT/ HTTP/1.1",
    "\thttps://127.0.0.1:PORT/",
    "https:127.0.0.1:PORT/",
    "https:/127.0.0.1:PORT/",
    "https:///127.0.0.1:PORT/",
    "https://:PORT/",
    "https:\\\\127.0.0.1:PORT\\",
    "//127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/",
    "HTTPS://127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_x",
    "file:///etc/passwd",
    "",
]


@pytest.fixture
def canary(tmp_path):
    """Listens on this machine; nothing may come."""
    with receiver(tmp_path) as listening:
        yield listening


@pytest.fixture
def canary6(tmp_path):
    with receiver(tmp_path, "::1") as listening:
        yield listening


@pytest.fixture
def trusting(canary, monkeypatch) -> Receiver:
    """The receiver, with its authority trusted."""
    return trust(monkeypatch, canary)


def send(listening: Receiver, url: str = "", resolve=None, **headers: str) -> outgoing.Answer:
    """To the receiver, with this machine's networks opened as an operator would open them."""
    return post(url or listening.url, b"{}", headers, LOOPBACK, resolve or listening.resolve)


@pytest.mark.parametrize("text", CLOSED)
def test_an_address_that_is_nobodys_on_the_internet_is_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OPEN)
def test_an_address_on_the_internet_is_public(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("port", ["its own", "443"])
@pytest.mark.parametrize("url", HOSTILE)
def test_no_spelling_of_this_machine_reaches_it(canary, canary6, monkeypatch, url, port):
    reached = []
    monkeypatch.setattr(outgoing.socket, "create_connection", lambda place, _timeout: reached.append(place))
    for listening in (canary, canary6):
        where = str(listening.port) if port == "its own" else port
        with pytest.raises((Refused, Unanswered)):
            post(url.replace("PORT", where), b"{}", {})
    assert reached == []


@pytest.mark.parametrize("url", HOSTILE)
def test_no_connection_from_any_spelling_arrives(canary, canary6, url):
    for listening in (canary, canary6):
        with pytest.raises((Refused, Unanswered)):
            post(url.replace("PORT", str(listening.port)), b"{}", {})
    assert (canary.connections, canary6.connections) == (0, 0)


@pytest.mark.parametrize("closed", CLOSED)
def test_a_name_that_leads_to_a_closed_address_is_refused(canary, closed):
    with pytest.raises(Refused, match="not a public one"):
        post("https://example.com/", b"{}", {}, resolve=lambda *_, **__: found(closed))


def test_one_closed_address_among_public_ones_is_enough_to_refuse(canary):
    with pytest.raises(Refused, match="not a public one"):
        post("https://example.com/", b"{}", {}, resolve=lambda *_, **__: found("1.1.1.1", "127.0.0.1"))


def test_a_name_is_asked_for_once_and_the_connection_goes_to_that_answer(canary, monkeypatch):
    """A name server that says something harmless first and this machine at the second time is not asked again."""
    reached = []

    def connect(place, _timeout):
        reached.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(outgoing.socket, "create_connection", connect)
    with (
        name_server("93.184.215.14", "127.0.0.1") as names,
        pytest.raises(Unanswered, match="Could not connect"),
    ):
        post("https://rebinding.example/", b"{}", {}, resolve=names.resolve)

    assert reached == [("93.184.215.14", 443)]
    assert names.asked == ["rebinding.example"]


def test_a_name_that_leads_here_at_the_second_time_is_refused_then(canary, monkeypatch):
    def refuse(_place, _timeout):
        raise ConnectionRefusedError

    monkeypatch.setattr(outgoing.socket, "create_connection", refuse)
    with name_server("93.184.215.14", "127.0.0.1") as names:
        for trouble, words in ((Unanswered, "Could not connect"), (Refused, "not a public one")):
            with pytest.raises(trouble, match=words):
                post(f"https://rebinding.example:{PORTS[1]}/", b"{}", {}, resolve=names.resolve)

    assert len(names.asked) == 2
    assert canary.connections == 0


@pytest.mark.parametrize("port", [1, 22, 25, 80, 444, 3306, 6379, 8000, 65535])
def test_other_ports_are_closed_on_public_addresses_too(port):
    with pytest.raises(Refused, match=re.escape("Only the ports 443 and 8443 are allowed.")):
        post(f"https://example.com:{port}/", b"{}", {}, resolve=lambda *_, **__: found("1.1.1.1"))


def test_a_port_that_there_is_not_is_refused():
    with pytest.raises(Refused, match="no such port"):
        parse_target("https://example.com:65536/")


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://example.com:22/"])
def test_what_is_plainly_closed_is_refused_before_any_name_is_asked_for(url):
    with pytest.raises(Refused):
        check_target(parse_target(url))


def test_a_network_that_the_operator_opened_is_reached_on_any_port(trusting):
    assert send(trusting).status == 200
    assert len(trusting.taken) == 1


def test_an_open_network_opens_no_other(canary):
    with pytest.raises(Refused, match="not a public one"):
        post("https://10.0.0.1/", b"{}", {}, LOOPBACK)


def test_the_host_and_the_name_in_the_handshake_are_those_of_the_url(trusting):
    send(trusting, f"https://Receiver.TEST:{trusting.port}/a%20b?c=d#e")

    (taken,) = trusting.taken
    assert taken.server_name == "receiver.test"
    assert taken.headers["Host"] == f"receiver.test:{trusting.port}"
    assert taken.path == "/a%20b?c=d"


def test_headers_and_body_arrive_as_given(trusting):
    post(trusting.url, b'{"a": 1}', {"Content-Type": "application/json"}, LOOPBACK, trusting.resolve)

    (taken,) = trusting.taken
    assert taken.body == b'{"a": 1}'
    assert taken.headers["Content-Type"] == "application/json"


def test_a_redirect_is_an_answer_and_not_followed(trusting, canary6):
    trusting.statuses, trusting.location = [307], f"https://[::1]:{canary6.port}/"

    assert send(trusting).status == 307
    assert canary6.connections == 0


def test_a_certificate_of_an_unknown_authority_is_not_trusted(canary):
    with pytest.raises(Unanswered, match="certificate is not valid"):
        send(canary)
    assert canary.taken == []


def test_a_certificate_of_another_name_is_not_trusted(trusting):
    with pytest.raises(Unanswered, match="certificate is not valid"):
        send(trusting, f"https://somebody-else.test:{trusting.port}/")
    assert trusting.taken == []


def test_a_host_that_there_is_not_is_said_to_be_unknown():
    def unknown(*_, **__):
        raise outgoing.socket.gaierror

    with pytest.raises(Unanswered, match="The host was not found"):
        post("https://example.com/", b"{}", {}, resolve=unknown)


def test_a_name_server_that_does_not_answer_ends_with_the_time(monkeypatch):
    monkeypatch.setattr(outgoing, "SECONDS_TO_CONNECT", 0.2)
    ended = threading.Event()
    began = time.monotonic()
    with pytest.raises(Unanswered, match="not found in time"):
        post("https://example.com/", b"{}", {}, resolve=lambda *_, **__: [ended.wait(5)][:0])
    assert time.monotonic() - began < 4
    ended.set()


def test_the_next_address_is_tried_when_one_takes_no_connection(trusting):
    assert send(trusting, resolve=lambda *_, **__: found("127.0.0.2", "127.0.0.1")).status == 200


def test_an_answer_that_drips_ends_with_the_time(trusting, monkeypatch):
    monkeypatch.setattr(outgoing, "SECONDS_IN_ALL", 0.6)

    def drip(handler):
        for _ in range(100):
            handler.wfile.write(b"H")
            time.sleep(0.05)

    trusting.before_answer = drip
    began = time.monotonic()
    with pytest.raises(Unanswered, match="No answer in time"):
        send(trusting)
    assert 0.5 < time.monotonic() - began < 4


def test_a_server_that_says_nothing_ends_with_the_time(trusting, monkeypatch):
    monkeypatch.setattr(outgoing, "SECONDS_IN_ALL", 0.4)
    trusting.before_answer = lambda _: time.sleep(2)

    with pytest.raises(Unanswered, match="No answer in time"):
        send(trusting)


def test_headers_without_end_are_cut_off(trusting):
    sent = []

    def flood(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(90):
            handler.wfile.write(f"X-{number}: {'a' * 4_000}\r\n".encode())
            sent.append(number)

    trusting.before_answer = flood
    assert send(trusting).status == 200


def test_no_more_than_the_limit_is_read_of_a_large_answer(trusting, monkeypatch):
    read = []
    readinto = outgoing._Stream.readinto
    monkeypatch.setattr(
        outgoing._Stream, "readinto", lambda self, buffer: read.append(readinto(self, buffer)) or read[-1]
    )

    def pour(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
        handler.wfile.write(b"a" * 10_000_000)

    trusting.before_answer = pour
    assert send(trusting).status == 200
    assert sum(read) == outgoing.MAX_ANSWER_BYTES


def test_an_answer_that_is_not_http_is_said_to_be_none(trusting):
    trusting.before_answer = lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")

    with pytest.raises(Unanswered, match="not HTTP"):
        send(trusting)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX"])
def test_a_header_cannot_carry_another(trusting, value):
    with pytest.raises(ValueError, match="Invalid header value"):
        send(trusting, **{"X-Name": value})
    assert trusting.taken == []
