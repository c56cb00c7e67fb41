"""A whole run as JSON: the download, and the section of a narrow sheet that shows it; page.py and the views call it."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from tracen.lib.wording import iso_z
from traces.archive import stored_row, stored_span, stored_spans
from traces.models import Span, Trace
from traces.packs import NO_TEXTS
from traces.reading.payload import read_value
from traces.reading.publishing import published_run, published_span
from traces.reading.spending import dollars
from traces.records import SpanRecord, TraceRecord

MAX_STEPS = 200
"""How many steps the value of a sheet holds; the download has all."""


def json_document(trace: Trace, known_as: uuid.UUID | None = None) -> Iterator[str]:
    """The whole trace as the text of one JSON object, in pieces: ten thousand payloads never stand in memory at once.

    `known_as` is the id it says: a reader of a share link learns that link's id and not the trace's own.
    """
    run, is_public = stored_row(trace), known_as is not None
    if known_as is not None:
        run = published_run(replace(run, id=known_as))
    head = json.dumps(_header_values(run), ensure_ascii=False)
    yield head[:-1] + ', "spans": ['
    for place, stored in enumerate(stored_spans(trace)):
        span = published_span(stored) if is_public else stored
        yield (",\n" if place else "\n") + json.dumps(_span_values(span), ensure_ascii=False)
    yield "\n]}\n"


def short_document(trace: Trace, run: TraceRecord) -> dict[str, Any]:
    """The run and the heads of its first steps as one value."""
    spans = Span.objects.filter(trace=trace).order_by("started_at", "ordinal")[:MAX_STEPS]
    steps = [_step_values(stored_span(span, NO_TEXTS)) for span in spans]
    return {**_header_values(run), "steps": steps}


def _header_values(run: TraceRecord) -> dict[str, Any]:
    """What the viewer may see of the run: nothing of the account, of the agent its name alone."""
    return {
        "id": str(run.id),
        "name": run.name,
        "status": run.status,
        "started_at": iso_z(run.started_at),
        "ended_at": _moment(run.ended_at),
        "agent": run.agent,
        "provider": run.provider or None,
        "model": run.model or None,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "cost_usd": dollars(run.cost_nanodollars),
        **({"session": run.session} if run.session else {}),
        **({"user": run.end_user} if run.end_user else {}),
        "prompt": run.prompt,
        "response": run.response,
        "error": run.error,
        "metadata": read_value(run.metadata),
    }


def _step_values(span: SpanRecord) -> dict[str, Any]:
    values = _span_values(span)
    return {key: values[key] for key in ("name", "kind", "status", "started_at", "ended_at")}


def _span_values(span: SpanRecord) -> dict[str, Any]:
    return {
        "id": str(span.id),
        "parent_id": str(span.parent_id) if span.parent_id else None,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "started_at": iso_z(span.started_at),
        "ended_at": _moment(span.ended_at),
        "provider": span.provider or None,
        "model": span.model or None,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
        **_usage_values(span),
        "input": read_value(span.input),
        "output": read_value(span.output),
        "error": span.error,
        **({"otlp": read_value(span.raw)} if span.raw else {}),
    }


def _usage_values(span: SpanRecord) -> dict[str, Any]:
    """What is known of the tokens beside their number, and the cost; a span without tokens has nothing of it."""
    parts = {name: getattr(span, name) for name in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")}
    known: dict[str, Any] = {name: count for name, count in parts.items() if count is not None}
    if span.cost_nanodollars is not None:
        known["cost_usd"] = dollars(span.cost_nanodollars)
        known["priced_on"] = span.priced_on.isoformat() if span.priced_on else None
    return known if span.is_counted else {**known, "is_counted": False}


def _moment(moment: datetime | None) -> str | None:
    return iso_z(moment) if moment else None
