"""How a span is kept: the JSON text of what came, and the span read back out of it. Pure."""

import json
from typing import Any

from traces.wire.otlp.failures import events_to_keep
from traces.wire.otlp.reading import read_span
from traces.wire.otlp.span import Event, Link, OtlpSpan

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_text(span: OtlpSpan) -> str:
    """All that came of the span, except for events that only say that a chunk of an answer arrived."""
    events = [
        {"name": event.name, "at_ns": event.at_ns, "attributes": event.attributes} for event in events_to_keep(span)
    ]
    links = [{"trace_id": link.trace_id, "span_id": link.span_id, "attributes": link.attributes} for link in span.links]
    kept: dict[str, Any] = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "started_ns": span.started_ns,
        "ended_ns": span.ended_ns,
        "status_code": span.status_code,
        "status_message": span.status_message,
        "attributes": span.attributes,
        "events": events,
        "links": links,
        "resource": span.resource,
        "scope_name": span.scope_name,
        "scope_version": span.scope_version,
    }
    return _ENCODE({name: value for name, value in kept.items() if value or name in ("started_ns", "ended_ns")})


def read_texts(text: str) -> tuple[str | None, str | None]:
    """What went into the stored span and came out of it, as JSON texts."""
    reading = read_span(from_text(text))
    return _json(reading.input), _json(reading.output)


def from_text(text: str) -> OtlpSpan:
    kept = json.loads(text)
    kept["events"] = [Event(**event) for event in kept.get("events", ())]
    kept["links"] = [Link(**link) for link in kept.get("links", ())]
    return OtlpSpan(**{"parent_id": None, **kept})


def _json(value: Any) -> str | None:
    return None if value is None else _ENCODE(value)
