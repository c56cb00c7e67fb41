"""Reads the JSON body of an API request within limits; the viewsets are its callers.

Django and DRF cannot do this part: under WSGI they see an empty body when a request is chunked, they never inflate
gzip, they accept NaN, endless numbers and any depth, and they pass on NUL and lone surrogates, which PostgreSQL
refuses and SQLite stores as rows that nobody can read again.
"""

import json
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO

from django.http import HttpRequest

TOO_LARGE = "Request body too large"
_CHUNK = 64 * 1024
_GZIP_WINDOW, _ZLIB_WINDOW = 31, 15
_DAMAGED = "The compressed data is damaged"
_JSON_TYPES = ("", "application/json", "text/plain")
CHARSETS = ("", "utf-8", "utf8", "us-ascii", "ascii")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much of a body is read: bytes after decompression, levels, values, the largest integer."""

    max_bytes: int
    max_depth: int
    max_values: int
    max_integer: int


class BodyTooLarge(Exception):
    def __init__(self, limit: int) -> None:
        super().__init__(TOO_LARGE)
        self.limit = limit


class UnsupportedBody(Exception):
    """The body is in a media type, charset or encoding that is not read; the message says which are."""


class InvalidJson(Exception):
    """The body is not JSON, or JSON beyond what is accepted; `detail` says what, where there is more to say."""

    def __init__(self, detail: str = "", limit: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.limit = limit


class NotAnObject(Exception):
    """The body is JSON, but not an object."""


def read_json_object(request: HttpRequest, limits: BodyLimits) -> dict[str, Any]:
    """The object in the request's body, its text repaired; raises the exceptions above, the size first (413, 415, 400)."""
    raw = read_bytes(request, limits.max_bytes)
    _check_media_type(request)
    value = parse_json(raw, limits)
    if not isinstance(value, dict):
        raise NotAnObject
    return value


def parse_json(raw: bytes, limits: BodyLimits) -> Any:
    """The value in `raw` (UTF-8, a byte order mark is allowed by RFC 8259), or InvalidJson."""
    try:
        text = raw.decode("utf-8-sig")
        value = _decoder(limits.max_integer).decode(text)
    except RecursionError:
        raise _too_deep(limits) from None
    except ValueError:
        raise InvalidJson from None
    # With fewer brackets and commas no body can be over a limit, so that most are spared the walk.
    if text.count("[") + text.count("{") > limits.max_depth or text.count(",") >= limits.max_values - limits.max_depth:
        _check_shape(value, limits)
    if "\\u0000" in text or "\\ud" in text or "\\uD" in text:
        value = repair_value(value)
    return value


@cache
def _decoder(max_integer: int) -> json.JSONDecoder:
    digits = len(str(max_integer)) + 1

    def integer(text: str) -> int:
        if len(text) > digits or not -max_integer - 1 <= (number := int(text)) <= max_integer:
            raise InvalidJson("Integer out of range; send it as a string", max_integer)
        return number

    return json.JSONDecoder(parse_int=integer, parse_float=_finite, parse_constant=_refuse_constant)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidJson("Number out of range; send it as a string")
    return number


def _refuse_constant(_: str) -> float:
    raise InvalidJson


def _too_deep(limits: BodyLimits) -> InvalidJson:
    return InvalidJson(f"Nested deeper than {limits.max_depth} levels", limits.max_depth)


def _check_shape(value: Any, limits: BodyLimits) -> None:
    """Walk level by level, not by recursion, which ends at about 1,000 levels."""
    level, depth, count = [value], 0, 0
    while level:
        count += len(level)
        if count > limits.max_values:
            raise InvalidJson(f"More than {limits.max_values} values", limits.max_values)
        containers = [node for node in level if isinstance(node, dict | list)]
        depth += bool(containers)
        if depth > limits.max_depth:
            raise _too_deep(limits)
        level = [child for node in containers for child in (node.values() if isinstance(node, dict) else node)]


def repair_text(text: str) -> str:
    """The text with U+FFFD for what cannot be stored, so that a search for it finds what was stored of it."""
    return _UNSTORABLE.sub("\ufffd", text)


def repair_value(value: Any) -> Any:
    """Put U+FFFD where a string or key has a NUL or half a surrogate pair: the rest of a trace is worth keeping."""
    if isinstance(value, str):
        return repair_text(value)
    if isinstance(value, list):
        return [repair_value(item) for item in value]
    if isinstance(value, dict):
        return {repair_value(key): repair_value(item) for key, item in value.items()}
    return value


def read_bytes(request: HttpRequest, limit: int, *, may_be_deflated: bool = False) -> bytes:
    """The request's body, decompressed and at most `limit` bytes long, whether it came with a length or in chunks."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    chunks = _chunks(request)
    if encoding in ("gzip", "x-gzip"):
        return _inflate(chunks, limit, _GZIP_WINDOW)
    if encoding == "deflate" and may_be_deflated:
        return _inflate(chunks, limit, _ZLIB_WINDOW)
    body = _take(chunks, limit)
    if encoding not in ("", "identity"):
        raise UnsupportedBody(f"Content-Encoding must be gzip{', deflate' if may_be_deflated else ''} or absent")
    return body


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    # A server that ends the input itself may have no Content-Length for us (chunked); Django then reads nothing.
    ends_itself = request.META.get("wsgi.input_terminated")
    stream: BinaryIO = request.META["wsgi.input"] if ends_itself else request  # type: ignore[assignment]  # it has read()
    return iter(lambda: stream.read(_CHUNK), b"")


def _take(chunks: Iterator[bytes], limit: int) -> bytes:
    parts, total = [], 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            _drain(chunks, limit)
            raise BodyTooLarge(limit)
        parts.append(chunk)
    return b"".join(parts)


def _inflate(chunks: Iterator[bytes], limit: int, window: int) -> bytes:
    inflater, parts, total, read = zlib.decompressobj(window), [], 0, 0
    for chunk in chunks:
        rest, read = chunk, read + len(chunk)
        while rest:
            if inflater.eof:
                # RFC 1952 allows one file after another, and zeros behind the last.
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                inflater = zlib.decompressobj(window)
            part = _decompress(inflater, rest, limit + 1 - total)
            parts.append(part)
            total += len(part)
            if max(total, read) > limit or inflater.unconsumed_tail:
                _drain(chunks, limit)
                raise BodyTooLarge(limit)
            rest = inflater.unused_data
    if not inflater.eof:
        raise InvalidJson(_DAMAGED)
    return b"".join(parts)


def _decompress(inflater: "zlib._Decompress", data: bytes, most: int) -> bytes:
    try:
        return inflater.decompress(data, most)
    except zlib.error:
        raise InvalidJson(_DAMAGED) from None


def _drain(chunks: Iterator[bytes], limit: int) -> None:
    """Read on for a while: a client that is cut off in the middle of sending sees a broken pipe, not the answer."""
    dropped = 0
    for chunk in chunks:
        dropped += len(chunk)
        if dropped > limit:
            return


def _check_media_type(request: HttpRequest) -> None:
    charset = (request.content_params or {}).get("charset", "").strip("\"' ").lower()
    if request.content_type not in _JSON_TYPES:
        raise UnsupportedBody("Content-Type must be application/json")
    if charset not in CHARSETS:
        raise UnsupportedBody("The charset must be UTF-8")
