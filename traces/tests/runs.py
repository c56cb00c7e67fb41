"""Small runs for the tests of what readers see: records with little to say, and their way into the database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from tracen.lib import journeys
from traces.ingest import record_trace
from traces.models import ShareLink, Trace
from traces.records import Source, SpanKind, SpanRecord, SpanStatus, TraceRecord, TraceStatus
from traces.sharing import share

START = datetime(2026, 4, 6, 12, tzinfo=UTC)


@contextmanager
def exactly_queries(count: int) -> Iterator[None]:
    """So many, with those that tracen/lib/rows.py sends to PostgreSQL: Django does not see them."""
    with CaptureQueriesContext(connection) as seen, patch.object(journeys, "run", wraps=journeys.run) as sent:
        yield
    statements = [*(query["sql"] for query in seen), *(call.args[0] for call in sent.call_args_list)]
    assert len(statements) == count, "\n".join(statements)


def at(ms: float) -> datetime:
    return START + timedelta(milliseconds=ms)


def span(name: str, start: float = 0, end: float | None = 100, **more: Any) -> SpanRecord:
    """A step; `input` and `output` are values here, and JSON text in the record."""
    for key in ("input", "output"):
        if key in more:
            more[key] = json.dumps(more[key], ensure_ascii=False)
    values = {"kind": SpanKind.TOOL, "status": SpanStatus.OK, **more}
    return SpanRecord(name=name, started_at=at(start), ended_at=None if end is None else at(end), **values)


def failed(name: str, start: float = 0, end: float | None = 100, **more: Any) -> SpanRecord:
    return span(name, start, end, status=SpanStatus.ERROR, **more)


def run(*spans: SpanRecord, until: float | None = 100, **more: Any) -> TraceRecord:
    values = {"source": Source.NEXUS, "name": "user-query", "status": TraceStatus.SUCCESS, "agent": "assistant", **more}
    return TraceRecord(started_at=START, ended_at=None if until is None else at(until), spans=spans, **values)


def big_run(count: int) -> TraceRecord:
    """A finished run of `count` spans, four levels deep, each with something that went in and out."""
    spans = [span("orchestrate", 0, count * 10, kind=SpanKind.AGENT)]
    for number in range(1, count):
        parent = spans[(number - 1) // 10]
        kind = (SpanKind.LLM, SpanKind.TOOL, SpanKind.HTTP)[number % 3]
        start = number * 10
        step = span(f"step {number}", start, start + number % 900, kind=kind, input={"page": number}, output="fetched")
        spans.append(replace(step, parent_id=parent.id))
    return run(*spans, until=count * 10)


def call(*spans: SpanRecord, **more: Any) -> TraceRecord:
    """One call of a model with its steps, public at once."""
    values = {
        "source": Source.TRACEN,
        "agent": None,
        "provider": "openai",
        "model": "gpt-4o",
        "is_public": True,
        **more,
    }
    return run(*spans, **values)


def shared(account: Account, record: TraceRecord) -> ShareLink:
    """Store the run and open its page."""
    record_trace(account, record)
    trace = Trace.objects.get(pk=record.id)
    return ShareLink.objects.get(trace=trace) if record.is_public else share(trace)
