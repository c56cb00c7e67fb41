"""What a run is, in our own words: the only thing a dialect may return and the only thing ingest takes.

Pure values: no Django, no dialect's field names. Times are aware datetimes in UTC, JSON payloads are JSON texts.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Source(StrEnum):
    """The dialect a trace came in by."""

    NEXUS = "nexus"
    TRACEN = "tracen"
    OTLP = "otlp"


class TraceStatus(StrEnum):
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"


class SpanStatus(StrEnum):
    OK = "ok"
    ERROR = "error"


class SpanKind(StrEnum):
    """What a step is; the names are OpenTelemetry's and OpenInference's where they have one."""

    AGENT = "agent"
    LLM = "llm"
    TOOL = "tool"
    RETRIEVER = "retriever"
    EMBEDDING = "embedding"
    CHAIN = "chain"
    GUARDRAIL = "guardrail"
    HTTP = "http"
    EVENT = "event"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One step. `input` and `output` are JSON texts (None where nothing was sent); `error` is plain text."""

    name: str
    kind: SpanKind
    status: SpanStatus
    started_at: datetime
    ended_at: datetime | None
    input: str | None = None
    output: str | None = None
    error: str | None = None
    parent_id: uuid.UUID | None = None
    model: str = ""
    provider: str = ""
    input_tokens: int | None = None
    """With what was read from and written to the cache."""
    output_tokens: int | None = None
    """With the reasoning."""
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_nanodollars: int | None = None
    """None where there is no price, which is not a price of zero."""
    priced_on: date | None = None
    """From when the price is; None for a cost that the sender reckoned."""
    is_counted: bool = True
    """Whether its tokens and cost are part of the trace's: an agent's span may sum up those of its calls."""
    response_id: str = ""
    """The vendor's name for the answer, by which two recordings of one call are known."""
    raw: str | None = None
    """The span as it came, where that is more than the other fields say; JSON text that its dialect reads again."""
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """One run. `agent` is the name it is known by, or None; `metadata` is the JSON text of an object or None."""

    source: Source
    name: str
    status: TraceStatus
    started_at: datetime
    ended_at: datetime | None
    agent: str | None = None
    metadata: str | None = None
    prompt: str | None = None
    response: str | None = None
    error: str | None = None
    provider: str = ""
    model: str = ""
    session: str = ""
    """The conversation that the run is a part of, by its sender's name for it."""
    end_user: str = ""
    """Whom the run was for, by its sender's name for them."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nanodollars: int | None = None
    spans: tuple[SpanRecord, ...] = ()
    is_public: bool = False
    """Store a share link whose id is the trace's own id in the same transaction."""
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFragment:
    """What one message tells of a run that comes in pieces, in any order and perhaps twice.

    `spans` without an end are still running. The other fields are None where this piece does not tell: the piece with
    the root says what the run is called and whose it is, and others only stand in until it comes. `prompt` and
    `response` are the root's own; `asked` and `answered`, of the piece's first and last call of a model, stand in.
    """

    id: uuid.UUID
    name: str
    spans: tuple[SpanRecord, ...]
    agent: str | None = None
    session: str | None = None
    end_user: str | None = None
    metadata: str | None = None
    prompt: str | None = None
    response: str | None = None
    asked: str | None = None
    answered: str | None = None
    search_words: str = ""
    """What else finds the run, such as its id in the sender's words."""


class Unchanged:
    """The type of `UNCHANGED`: a field that the sender did not mention, as opposed to one set to None."""


UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True)
class TraceEnd:
    """What a later message says about how a run went on; untouched fields are `UNCHANGED`."""

    status: TraceStatus | Unchanged = UNCHANGED
    ended_at: datetime | Unchanged | None = UNCHANGED
