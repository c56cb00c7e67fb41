"""What one span says in our words: `Said` is what a dialect returns, `Reading` what is made of all of them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias, TypedDict

from traces.records import SpanKind
from traces.wire.otlp.span import OtlpSpan


class Usage(NamedTuple):
    """Tokens; None where nothing was said. `input` includes both kinds of cache, `output` includes the reasoning."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    type: str = ""
    message: str = ""
    stacktrace: str = ""


Later: TypeAlias = Callable[[], Any]
"""Reads what is said at length, which few spans are asked for: a list and a tree need none of it."""


class Said(TypedDict, total=False):
    """What one dialect read in a span; a field that is missing or None was not said. For the meaning see Reading."""

    kind: SpanKind | None
    name: str | None
    provider: str | None
    model: str | None
    model_requested: str | None
    parameters: Later
    input: Later
    output: Later
    tools: Later
    documents: Later
    usage: Usage | None
    reported_cost: Decimal | None
    finish_reason: str | None
    response_id: str | None
    first_token_ms: Later
    session: str | None
    user: str | None
    tags: tuple[str, ...] | None
    environment: str | None
    release: str | None
    agent: str | None
    metadata: dict[str, Any] | None
    error: Failure | None
    is_pending: bool | None
    real_span_id: str | None
    real_parent_id: str | None
    is_log: bool | None
    content_switch: str | None
    """The setting of the sender without which its spans have no content."""


class Dialect(NamedTuple):
    """How one library or convention writes spans. It is asked about spans that have an attribute or event whose name
    begins with one of `heads` (the part before the first dot); without heads it is asked about every span."""

    read: Callable[[OtlpSpan], Said]
    heads: frozenset[str] = frozenset()


@dataclass(slots=True)
class Reading:
    kind: SpanKind = SpanKind.OTHER
    name: str | None = None
    """What to show instead of the span's own name: the tool's, the agent's, the model's."""
    provider: str | None = None
    model: str | None = None
    """The model that answered, else the one that was asked for."""
    model_requested: str | None = None
    parameters: dict[str, Any] | None = None
    input: Any = None
    """Messages by OpenTelemetry's GenAI schema (see messages.py), or any JSON value."""
    output: Any = None
    tools: list[Any] | None = None
    """The tools that the model was offered."""
    documents: list[dict[str, Any]] | None = None
    """What a retriever found: id, content, score, metadata, as far as they are known."""
    usage: Usage | None = None
    reported_cost: Decimal | None = None
    """US dollars, as the sender reckoned them."""
    finish_reason: str | None = None
    response_id: str | None = None
    first_token_ms: int | None = None
    session: str | None = None
    user: str | None = None
    tags: tuple[str, ...] = ()
    environment: str | None = None
    release: str | None = None
    agent: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    error: Failure | None = None
    is_pending: bool = False
    """The span only announces one that is still running: `real_span_id` below `real_parent_id`."""
    real_span_id: str | None = None
    real_parent_id: str | None = None
    is_log: bool = False
    """A moment rather than a duration."""
    note: str | None = None
    """A sentence for the reader, for instance which switch brings the content."""
