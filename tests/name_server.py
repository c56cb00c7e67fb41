"""A real name server over UDP on this machine that says another address each time it is asked, and a client of it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address
from typing import Any

from tests.receiver import found

_HEADER = struct.Struct("!6H")
_ASKED, _ANSWERED = 0x0100, 0x8180
_A, _IN = 1, 1


class NameServer:
    """Answers every name with the next of `addresses`, the last one for ever, each to be forgotten at once (TTL 0)."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))

    def serve(self) -> None:
        while True:
            try:
                query, sender = self._socket.recvfrom(512)
                if not query:
                    return
                self._socket.sendto(self._answer(query), sender)
            except OSError:
                return

    def close(self) -> None:
        # Closing alone does not wake who waits for a datagram. Linux complains that nobody is connected, and wakes.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def resolve(self, host: str, *_args: Any, **_options: Any) -> list[tuple[Any, ...]]:
        """Ask over the wire; in place of socket.getaddrinfo, which asks the machine's own name server."""
        question = b"".join(bytes([len(part)]) + part.encode() for part in host.split(".")) + b"\0"
        query = _HEADER.pack(1, _ASKED, 1, 0, 0, 0) + question + struct.pack("!2H", _A, _IN)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.sendto(query, self._socket.getsockname())
            return found(str(IPv4Address(client.recv(512)[-4:])))

    def _answer(self, query: bytes) -> bytes:
        self.asked.append(_name(query[_HEADER.size :]))
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        head = _HEADER.pack(struct.unpack_from("!H", query)[0], _ANSWERED, 1, 1, 0, 0)
        # 0xC00C points back to the name in the question.
        record = struct.pack("!3HIH", 0xC00C, _A, _IN, 0, 4) + IPv4Address(address).packed
        return head + query[_HEADER.size :] + record


def _name(question: bytes) -> str:
    parts, place = [], 0
    while length := question[place]:
        parts.append(question[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(parts)


@contextmanager
def name_server(*addresses: str) -> Iterator[NameServer]:
    """Runs one until the block ends."""
    server = NameServer(*addresses)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)
