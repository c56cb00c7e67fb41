"""The Nexus dialect, `/api/v1`: a run step by step (shared reference "Nexus REST API", contract §4)."""

import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from traces.errors import InvalidFields
from traces.records import (
    UNCHANGED,
    Source,
    SpanRecord,
    SpanStatus,
    TraceEnd,
    TraceRecord,
    TraceStatus,
)
from traces.times import render_time
from traces.wire.calls import with_usage
from traces.wire.fields import ENDS_BEFORE_START, FieldReader, json_text
from traces.wire.kinds import guess_kind

PARENT_FIELD = "parent_span_id"
UNKNOWN_PARENT = "Must be the id of a span of this trace"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def parse_trace(body: dict[str, Any]) -> TraceRecord:
    """A run to begin: "agent_id, name, status, started_at: Yes; ended_at string | null, metadata object | null: No"."""
    fields = FieldReader(body)
    record = TraceRecord(
        source=Source.NEXUS,
        agent=fields.text("agent_id"),
        name=fields.text("name"),
        status=fields.word("status", TraceStatus),
        started_at=fields.time("started_at"),
        ended_at=fields.optional_time("ended_at"),
        metadata=fields.object_text("metadata"),
    )
    _check_order(fields, record)
    fields.finish()
    return record


def parse_span(body: dict[str, Any]) -> SpanRecord:
    """A step: "name, status, started_at: Yes; ended_at, input, output, error, parent_span_id: No"."""
    fields = FieldReader(body)
    name = fields.text("name")
    record = SpanRecord(
        name=name,
        kind=guess_kind(name),
        status=fields.word("status", SpanStatus),
        started_at=fields.time("started_at"),
        ended_at=fields.optional_time("ended_at"),
        input=fields.any_text("input"),
        output=fields.any_text("output"),
        error=fields.optional_text("error"),
        parent_id=_parent(fields),
    )
    _check_order(fields, record)
    fields.finish()
    return with_usage(record, body.get("input"), body.get("output"))


def parse_end(body: dict[str, Any]) -> TraceEnd:
    """How it ended: "only provided fields are updated"; a null end clears it, a null status is refused."""
    fields = FieldReader(body)
    if fields.has("status") and fields.value("status") in (None, ""):
        fields.complain("status", f"Must be one of: {', '.join(TraceStatus)}")
    end = TraceEnd(
        status=fields.word("status", TraceStatus) if fields.has("status") else UNCHANGED,
        ended_at=fields.optional_time("ended_at") if fields.has("ended_at") else UNCHANGED,
    )
    fields.finish()
    return end


def refuse_parent() -> InvalidFields:
    return InvalidFields({PARENT_FIELD: UNKNOWN_PARENT})


def render_trace(trace: TraceRecord, spans: Iterable[SpanRecord]) -> Iterator[str]:
    """The documented object, its keys in the documented order, as pieces of JSON text: stored payloads are spliced in
    unparsed, and the spans are asked for one after the other."""
    head = {
        "id": str(trace.id),
        "agent_id": trace.agent,
        "name": trace.name,
        "status": trace.status,
        "started_at": render_time(trace.started_at),
        "ended_at": render_time(trace.ended_at),
    }
    yield f'{json_text(head)[:-1]},"metadata":{trace.metadata or "null"},"spans":['
    for place, span in enumerate(spans):
        yield f",{_render_span(span)}" if place else _render_span(span)
    yield "]}"


def render_row(trace: TraceRecord, span_count: int) -> str:
    """One line of the list, which the reference does not describe and its clients use (contract §4)."""
    row = {
        "id": str(trace.id),
        "agent_name": trace.agent,
        "agent_id": trace.agent,
        "name": trace.name,
        "status": trace.status,
        "started_at": render_time(trace.started_at),
        "ended_at": render_time(trace.ended_at),
        "duration_ms": _duration_ms(trace),
        "span_count": span_count,
    }
    return f'{json_text(row)[:-1]},"metadata":{trace.metadata or "null"}}}'


def render_rows(rows: Iterable[str]) -> str:
    return f"[{','.join(rows)}]"


def _render_span(span: SpanRecord) -> str:
    head = {
        "id": str(span.id),
        "name": span.name,
        "status": span.status,
        "started_at": render_time(span.started_at),
        "ended_at": render_time(span.ended_at),
    }
    tail = {"error": span.error, "parent_span_id": str(span.parent_id) if span.parent_id else None}
    payloads = f'"input":{span.input or "null"},"output":{span.output or "null"}'
    return f"{json_text(head)[:-1]},{payloads},{json_text(tail)[1:]}"


def _duration_ms(trace: TraceRecord) -> int | None:
    """Whole milliseconds; an end before the start (two clocks) counts as no time at all."""
    if trace.ended_at is None:
        return None
    return max(0, round((trace.ended_at - trace.started_at).total_seconds() * 1000))


def _parent(fields: FieldReader) -> uuid.UUID | None:
    text = fields.optional_text(PARENT_FIELD)
    if text is None:
        return None
    if not _UUID.fullmatch(text):
        fields.complain(PARENT_FIELD, UNKNOWN_PARENT)
        return None
    return uuid.UUID(text)


def _check_order(fields: FieldReader, record: TraceRecord | SpanRecord) -> None:
    both_read = not {"started_at", "ended_at"} & fields.complaints.keys()
    if both_read and record.ended_at is not None and record.ended_at < record.started_at:
        fields.complain("ended_at", ENDS_BEFORE_START)
