"""What one span of an OTLP export carries, whichever way it was encoded; decoders make it and dialects read it. Pure."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Attributes: TypeAlias = dict[str, Any]
"""Names with plain JSON values. Doubles that JSON lacks and integers beyond 64 bits are texts, bytes are base64."""


class MalformedExport(Exception):
    """The body is no OTLP export at all; the message is a sentence for its sender."""


class BadSpan(Exception):
    """One span cannot be stored; the message says why. Its neighbours are not concerned."""


@dataclass(slots=True)
class Event:
    name: str
    at_ns: int
    attributes: Attributes


@dataclass(slots=True)
class Link:
    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(slots=True)
class OtlpSpan:
    """Ids are lower-case hex, times nanoseconds since 1970; `resource` is one object for all spans of a process."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    started_ns: int
    ended_ns: int
    """0 while the span is not over."""
    kind: int = 0
    attributes: Attributes = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    status_code: int = 0
    """0 is unset, 1 is ok, 2 is an error."""
    status_message: str = ""
    resource: Attributes = field(default_factory=dict)
    scope_name: str = ""
    scope_version: str = ""


@dataclass(slots=True)
class Export:
    """The spans that can be stored. `complaints` is a sentence about the others, for partialSuccess, or empty."""

    spans: list[OtlpSpan] = field(default_factory=list)
    rejected: int = 0
    complaints: str = ""

    def reject(self, reason: str, count: int = 1) -> None:
        """Count spans that are left out; only the first reason is told, for a sender repeats its mistakes."""
        self.rejected += count
        self.complaints = self.complaints or reason
