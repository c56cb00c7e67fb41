"""A real HTTPS server on this machine, with a certificate authority of its own; for tests of what the product sends."""

import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from tracen.lib import outgoing

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


@dataclass(frozen=True)
class Taken:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    server_name: str | None

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Notes each connection and each request, and answers them with `statuses` in turn, the last one for ever."""

    port: int = 0
    certificate: Path = Path()
    statuses: list[int] = field(default_factory=lambda: [200])
    location: str = ""
    before_answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"https://receiver.test:{self.port}/hook"

    @property
    def address_url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def wait_for(self, count: int, seconds: float = 30) -> list[Taken]:
        """The requests, once there are `count` of them."""
        until = time.monotonic() + seconds
        while len(self.taken) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.taken) >= count, f"{len(self.taken)} requests came"
        return self.taken

    def resolve(self, *_args: Any, **_options: Any) -> list[tuple[Any, ...]]:
        """Stands in for a name server that knows the receiver, whatever it is asked for."""
        return found("127.0.0.1")


def found(*addresses: str) -> list[tuple[Any, ...]]:
    """What getaddrinfo returns for a host with these addresses."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]


def trust(monkeypatch: pytest.MonkeyPatch, made: Receiver) -> Receiver:
    """Have this process trust the receiver's authority, and its network, as an operator can."""
    context = ssl.create_default_context(cafile=str(made.certificate))
    monkeypatch.setattr(outgoing, "_tls", lambda: context)
    monkeypatch.setattr(settings, "WEBHOOK_NETWORKS", LOOPBACK)
    return made


@contextmanager
def receiver(folder: Path, host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Runs one until the block ends."""
    made = Receiver(certificate=folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    (folder / "ca.pem").write_bytes(_authority()[0])
    (folder / "server.pem").write_bytes(_authority()[1])
    context.load_cert_chain(folder / "server.pem")
    context.sni_callback = lambda connection, name, _context: setattr(connection, "asked_name", name)
    server = _Server((host, 0), _handler(made), context, made)
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, place: tuple[str, int], handler: Any, context: ssl.SSLContext, made: Receiver) -> None:
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, handler)
        self._context, self._made = context, made

    def get_request(self) -> tuple[Any, Any]:
        connection, address = self.socket.accept()
        self._made.connections += 1
        connection.settimeout(20)
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_args: Any) -> None:
        """A client that hangs up, as it should with a certificate that it does not trust, is no news."""


def _handler(made: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            name = getattr(self.connection, "asked_name", None)
            made.taken.append(Taken(self.path, dict(self.headers), body, name))
            if made.before_answer:
                made.before_answer(self)
            self.send_response(made.next_status())
            if made.location:
                self.send_header("Location", made.location)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: Any) -> None:
            """Nothing: a test reads `taken`."""

    return Handler


@cache
def _authority() -> tuple[bytes, bytes]:
    """An authority's certificate, and the certificate with key of `receiver.test` that it signed, as PEM."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    authority = (
        _certificate(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = [x509.DNSName("receiver.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.test")])
    certificate = (
        _certificate(subject, issuer, key)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    return authority.public_bytes(pem), certificate.public_bytes(pem) + secret


def _certificate(subject: x509.Name, issuer: x509.Name, key: Any) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
    )
