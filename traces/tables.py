"""In which columns records are stored: rows for tracen/lib/rows.py; the modules that ingest consists of are the callers."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TypeAlias

from django.db import connection

from accounts.models import Account
from tracen.lib.rows import Row, insert_rows, update_rows
from traces.alerts import raise_alert
from traces.models import Span, Trace, TracePayload
from traces.packs import Texts
from traces.records import SpanRecord, TraceRecord, TraceStatus
from traces.search_words import ready_words
from traces.span_texts import insert_texts, rewrite_texts

Placed: TypeAlias = tuple[uuid.UUID, int, SpanRecord]
"""A span with its trace and its place in it."""

TRACE_COLUMNS = (
    "id", "account_id", "agent_id", "source", "name", "status", "started_at", "ended_at", "received_at", "heard_at",
    "provider", "model", "session", "end_user", "input_tokens", "output_tokens", "cost_nanodollars", "span_count",
)  # fmt: skip
TEXT_COLUMNS = ("trace_id", "names", "metadata", "prompt", "response", "error")
_SPAN_COLUMNS = (
    "name", "kind", "status", "started_at", "ended_at", "provider", "model", "input_tokens", "output_tokens",
    "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost_nanodollars", "priced_on", "is_counted",
    "response_id", "parent_id",
)  # fmt: skip


def searchable_names(trace: str, agent: str | None, *more: str) -> str:
    """What the search finds a trace by, beside its texts."""
    return "\n".join(word for word in (trace, agent, *more) if word)


def insert_traces(records: Sequence[tuple[TraceRecord, int, int | None]], now: datetime) -> None:
    """Runs without their spans, each with its account and its agent."""
    insert_rows(Trace, TRACE_COLUMNS, [_trace_row(record, account, agent, now) for record, account, agent in records])
    texts = [
        (
            record.id,
            searchable_names(record.name, record.agent),
            record.metadata,
            record.prompt,
            record.response,
            record.error,
        )
        for record, _, _ in records
    ]
    insert_texts_of_traces(texts)


def insert_texts_of_traces(rows: Sequence[Row]) -> None:
    """Texts in the order of TEXT_COLUMNS, with the words that PostgreSQL finds them by."""
    if connection.vendor != "postgresql":
        insert_rows(TracePayload, TEXT_COLUMNS, rows)
        return
    with_words = [
        (trace_id, names, metadata, prompt, response, error, ready_words((names, prompt, response, metadata)))
        for trace_id, names, metadata, prompt, response, error in rows
    ]
    insert_rows(TracePayload, (*TEXT_COLUMNS, "words"), with_words)


def insert_spans(placed: Sequence[Placed]) -> None:
    # The texts first: PostgreSQL stores them while we make the rows of the spans.
    insert_texts((trace_id, ordinal, _texts_of(span)) for trace_id, ordinal, span in placed)
    rows = [(trace_id, span.id, ordinal, *_span_row(span)) for trace_id, ordinal, span in placed]
    insert_rows(Span, ("trace_id", "id", "ordinal", *_SPAN_COLUMNS), rows)


def rewrite_spans(spans: Sequence[tuple[int, SpanRecord]]) -> None:
    """Stored spans, by their rows, as they are said to be now. The caller holds the rows of their traces."""
    update_rows(Span, _SPAN_COLUMNS, [(*_span_row(span), key) for key, span in spans])
    rewrite_texts({key: _texts_of(span) for key, span in spans})


def alert(account: Account, trace_id: uuid.UUID, agent_id: int | None, status: TraceStatus) -> None:
    raise_alert(account, Trace(id=trace_id, account=account, agent_id=agent_id), status)


def _texts_of(span: SpanRecord) -> Texts:
    return Texts(span.input, span.output, span.error, span.raw)


def _trace_row(record: TraceRecord, account_id: int, agent_id: int | None, now: datetime) -> Row:
    return (
        record.id, account_id, agent_id, record.source, record.name, record.status, record.started_at, record.ended_at,
        now, now, record.provider, record.model, record.session, record.end_user, record.input_tokens,
        record.output_tokens, record.cost_nanodollars, len(record.spans),
    )  # fmt: skip


def _span_row(span: SpanRecord) -> Row:
    return (
        span.name, span.kind, span.status, span.started_at, span.ended_at, span.provider, span.model, span.input_tokens,
        span.output_tokens, span.cache_read_tokens, span.cache_write_tokens, span.reasoning_tokens,
        span.cost_nanodollars, span.priced_on, span.is_counted, span.response_id, span.parent_id,
    )  # fmt: skip
