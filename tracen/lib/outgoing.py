"""Requests to addresses that a user chose; traces/webhooks is the caller. No such request reaches what is not public.

The name is resolved once, every address it has is checked, and the connection goes to a checked address: a second
answer of the name server is never asked for. Only https with a verified certificate, no redirects, limits on time and
size, and nothing of the answer leaves this module but its status.
"""

import http.client
import io
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, cast

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[..., Iterable[tuple[Any, ...]]]

PORTS = (443, 8443)
SECONDS_TO_CONNECT, SECONDS_IN_ALL = 5, 10
MAX_ANSWER_BYTES = 64 * 1024
MAX_URL_LENGTH = 2_000
_ADDRESSES_TRIED = 3

_URL = re.compile(r"https://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?P<path>[/?].*)?", re.I)
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.I
)
_PRINTABLE = re.compile(r"[!-~]+")

_GIVEN_OUT = ip_network("2000::/3")
"""The only IPv6 addresses anybody has: outside are loopback, ::/96, NAT64 (64:ff9b::), fc00::, fe80::, fec0:: and ff00::."""
# What `is_global` of some release lets through.
_CLOSED = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # between a provider and its customers; also Alibaba's metadata
        "168.63.129.16/32",  # Azure's own agent
        "192.0.0.0/24",  # protocol assignments; also Oracle's metadata
        "192.88.99.0/24",  # relays into 6to4
        "224.0.0.0/4",  # multicast
        "2001::/23",  # Teredo and other tunnels, which carry an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which carries an IPv4 address
        "3fff::/20",
    )
)


class Refused(Exception):
    """We do not send there; the text is a sentence for the person who chose the address."""


class Unanswered(Exception):
    """No answer that can be read came back; the text is a few words for a log."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an answer: its status, and how long it took."""

    status: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points to: a name or an address in canonical form, and what follows it."""

    host: str
    port: int
    path: str

    @property
    def address(self) -> Address | None:
        """The address that the URL itself names, if it names one."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[0] else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """The one reading of the URL. Raises Refused for whatever two programs could read in two ways."""
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise Refused("Write the address in plain ASCII, without spaces: names in their xn-- form, the rest %-encoded.")
    match = _URL.fullmatch(url)
    if match is None or len(url) > MAX_URL_LENGTH:
        raise Refused("That is not an address we can send to; it must look like https://example.com/hooks/tracen.")
    port = int(match["port"] or PORTS[0])
    if not 0 < port < 65_536:
        raise Refused("There is no such port.")
    path, _, _ = (match["path"] or "/").partition("#")
    return Target(_host(match["host"].lower()), port, path if path.startswith("/") else f"/{path}")


def check_target(target: Target, trusted: Sequence[Network] = ()) -> None:
    """Refuse what can be told without asking a name server; sending checks the rest."""
    if target.address is not None:
        _check(target, target.address, trusted)
    elif target.port not in PORTS and not trusted:
        raise Refused(_WRONG_PORT)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    trusted: Sequence[Network] = (),
    resolve: Resolver = socket.getaddrinfo,
    seconds: float | None = None,
) -> Answer:
    """POST `body` to `url` and return the answer's status. Raises Refused, Unanswered.

    `trusted` are networks that the operator opened: their addresses and ports are not checked. `seconds` is for who
    cannot give all the time there is.
    """
    began = time.monotonic()
    target = parse_target(url)
    addresses = _resolve(target, resolve)
    for address in addresses:
        _check(target, address, trusted)
    try:
        with _connect(target, addresses, began + (seconds or SECONDS_IN_ALL)) as stream:
            status = _exchange(stream, target, body, headers)
    except (OSError, http.client.HTTPException) as trouble:
        raise Unanswered(_words(trouble)) from trouble
    return Answer(status, round((time.monotonic() - began) * 1000))


def is_public(address: Address) -> bool:
    """Whether the address belongs to somebody on the internet, as far as can be known from it."""
    if isinstance(address, IPv6Address) and address not in _GIVEN_OUT:
        return address.ipv4_mapped is not None and is_public(address.ipv4_mapped)
    return address.is_global and not any(address in network for network in _CLOSED)


_WRONG_PORT = f"Only the ports {' and '.join(map(str, PORTS))} are allowed."


def _host(written: str) -> str:
    """The host in its one form. `0x7f.1`, `2130706433` and `127.1` are names to us, and no such name can exist."""
    if _NAME.fullmatch(written):
        return written
    try:
        return str(IPv6Address(written[1:-1]) if written.startswith("[") else IPv4Address(written))
    except ValueError as error:
        raise Refused("That is neither the name of a host nor an address in its usual form.") from error


def _resolve(target: Target, resolve: Resolver) -> list[Address]:
    """All addresses of the host, in the order in which to try them; it is asked once."""
    if target.address is not None:
        return [target.address]
    addresses = [ip_address(place[0]) for *_, place in _ask(target, resolve)]
    if not addresses:
        raise Unanswered("The host was not found")
    return list(dict.fromkeys(addresses))


def _ask(target: Target, resolve: Resolver) -> list[tuple[Any, ...]]:
    """What the resolver says. It knows no limit of time, so it is asked in a thread that is left behind if it is late."""
    told: queue.SimpleQueue[list[tuple[Any, ...]]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            told.put(list(resolve(target.host, target.port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError):
            told.put([])

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        return told.get(timeout=SECONDS_TO_CONNECT)
    except queue.Empty as error:
        raise Unanswered("The host was not found in time") from error


def _check(target: Target, address: Address, trusted: Sequence[Network]) -> None:
    if any(address in network for network in trusted):
        return
    if not is_public(address):
        # One sentence for all of them: it must not tell what is where in a network that is not the reader's.
        raise Refused("The host's address is not a public one.")
    if target.port not in PORTS:
        raise Refused(_WRONG_PORT)


@contextmanager
def _connect(target: Target, addresses: Sequence[Address], deadline: float) -> Iterator["_Stream"]:
    """A TLS connection to one of the checked addresses, with the certificate of the name."""
    with _reach(target, addresses, deadline) as bare:
        bare.settimeout(_seconds_until(deadline))
        with _tls().wrap_socket(bare, server_hostname=target.host) as guarded:
            yield _Stream(guarded, deadline)


def _reach(target: Target, addresses: Sequence[Address], deadline: float) -> socket.socket:
    """A connection to the first address that takes one."""
    until = min(time.monotonic() + SECONDS_TO_CONNECT, deadline)
    trouble = OSError("no address")
    for address in addresses[:_ADDRESSES_TRIED]:
        try:
            return socket.create_connection((str(address), target.port), _seconds_until(until))
        except OSError as error:
            trouble = error
    raise trouble


def _exchange(stream: "_Stream", target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """Send the request; the status of its answer."""
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = cast(socket.socket, stream)
    connection.request("POST", target.path, body, {**headers, "Host": target.host_header, "Connection": "close"})
    answer = connection.getresponse()
    # The rest is read as far as it goes, so that the other side is not cut off in the middle, and thrown away.
    with suppress(OSError, http.client.HTTPException):
        answer.read(MAX_ANSWER_BYTES)
    return answer.status


class _Stream(io.RawIOBase):
    """The connection as http.client uses it, with one deadline for all of it and an end to what is read."""

    def __init__(self, connection: ssl.SSLSocket, deadline: float) -> None:
        self._connection, self._deadline, self._left = connection, deadline, MAX_ANSWER_BYTES

    def sendall(self, data: bytes) -> None:
        self._connection.settimeout(_seconds_until(self._deadline))
        self._connection.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            return 0
        self._connection.settimeout(_seconds_until(self._deadline))
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def close(self) -> None:
        """Nothing: http.client lets go before the answer is read, and whoever opened the connection closes it."""


def _seconds_until(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@cache
def _tls() -> ssl.SSLContext:
    """The system's certificates, or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


def _words(trouble: Exception) -> str:
    match trouble:
        case TimeoutError():
            return "No answer in time"
        case ssl.SSLCertVerificationError():
            return "Its certificate is not valid"
        case ssl.SSLError():
            return "No TLS connection"
        case http.client.HTTPException():
            return "Its answer was not HTTP"
        case _:
            return "Could not connect"
