"""OTLP/HTTP requests in protobuf, made by hand: what the other products take in; the client and peers.py use it.

The standard span is an LLM call with 512 bytes in and 512 bytes out, under the attributes that both products read.
"""

import os
import struct
import time

PAYLOAD = "The parcel left the warehouse on Monday and the customer asks for a refund of the delivery fee. "
_TEXT = (PAYLOAD * 6)[:512]
_LENGTH_DELIMITED, _FIXED64, _VARINT = 2, 1, 0


def request(spans: int) -> tuple[bytes, str]:
    """One trace of so many spans under fresh ids, and the trace's id in hex."""
    trace_id = os.urandom(16)
    now = time.time_ns()
    encoded = b"".join(_field(2, _span(trace_id, now)) for _ in range(spans))
    return _field(1, _RESOURCE + _field(2, encoded)), trace_id.hex()


def _span(trace_id: bytes, now: int) -> bytes:
    times = _tag(7, _FIXED64) + struct.pack("<Q", now - 10**9) + _tag(8, _FIXED64) + struct.pack("<Q", now)
    return _field(1, trace_id) + _field(2, os.urandom(8)) + _NAME + times + _ATTRIBUTES


def _field(number: int, value: bytes) -> bytes:
    return _tag(number, _LENGTH_DELIMITED) + _varint(len(value)) + value


def _tag(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _attribute(key: str, text: str) -> bytes:
    return _field(1, key.encode()) + _field(2, _field(1, text.encode()))


_NAME = _field(5, b"llm_call") + _tag(6, _VARINT) + _varint(1)
_ATTRIBUTES = b"".join(
    _field(9, _attribute(key, text))
    for key, text in (
        ("openinference.span.kind", "LLM"),
        ("gen_ai.request.model", "gpt-4o"),
        ("input.value", _TEXT),
        ("output.value", _TEXT),
    )
)
_RESOURCE = _field(1, _field(1, _attribute("service.name", "bench")))
