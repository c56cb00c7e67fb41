"""What the decoders of exports that are not OTLP share: their ids, times and tokens, made into OTLP's. Pure."""

import hashlib
import re
from typing import Any

from traces.times import parse_time
from traces.wire.otlp.span import Attributes, BadSpan
from traces.wire.otlp.words import Usage

_HEX = re.compile(r"[0-9a-f]+")
_NS = 10**9
_USAGE = {
    "input": "gen_ai.usage.input_tokens",
    "output": "gen_ai.usage.output_tokens",
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "cache_write": "gen_ai.usage.cache_write.input_tokens",
    "reasoning": "gen_ai.usage.reasoning.output_tokens",
}


def foreign_id(sent: Any, length: int, what: str) -> str:
    """An id of `length` hex digits: the sent one without prefix and dashes if it fits, else a digest, always the same."""
    if not isinstance(sent, str) or not sent.strip():
        raise BadSpan(f"A span has no {what}.")
    bare = sent.rpartition("_")[2].replace("-", "").lower()
    if len(bare) == length and _HEX.fullmatch(bare) and bare.strip("0"):
        return bare
    return hashlib.blake2b(sent.encode("utf-8", "replace"), digest_size=length // 2).hexdigest()


def nanoseconds(sent: Any) -> int:
    """A time as RFC 3339 or in seconds; 0 for nothing."""
    if isinstance(sent, str) and (moment := parse_time(sent, zone_may_be_missing=True)):
        return round(moment.timestamp() * 1_000_000) * 1000
    if isinstance(sent, bool) or not isinstance(sent, int | float) or not 0 <= sent < _NS * 10:
        return 0
    # To the microsecond, which is as exact as a float of seconds is these days.
    return round(sent * 1_000_000) * 1000


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def usage_attributes(usage: Usage | None) -> Attributes:
    """The tokens by the names of OpenTelemetry's conventions."""
    told = usage._asdict() if usage else {}
    return {_USAGE[name]: count for name, count in told.items() if count is not None}
