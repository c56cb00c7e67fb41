"""OTLP spans for tests: bare ones made here, and those that real clients sent, from tests/otlp_payloads."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from traces.wire.otlp.export import decode_export
from traces.wire.otlp.litellm_logger import decode_litellm_logger
from traces.wire.otlp.openai_agents import decode_openai_agents
from traces.wire.otlp.reading import read_span
from traces.wire.otlp.span import Event, Export, OtlpSpan
from traces.wire.otlp.usage import UsageSpan, counted
from traces.wire.otlp.words import Reading

PAYLOADS = Path(__file__).parents[3] / "tests" / "otlp_payloads"
STARTED = 1_795_000_000_000_000_000
"""In November 2026."""
TRACE_ID, SPAN_ID = "5b8aa5a2d2c872e8321cf37308d69df2", "051581bf3cb55c13"


def make_span(attributes: dict[str, Any] | None = None, *events: Event, **fields: Any) -> OtlpSpan:
    fields = {"name": "step", "started_ns": STARTED, "ended_ns": STARTED + 10**9, "parent_id": None, **fields}
    return OtlpSpan(TRACE_ID, SPAN_ID, attributes=attributes or {}, events=list(events), **fields)


def make_event(name: str, attributes: dict[str, Any] | None = None, after_ms: int = 0) -> Event:
    return Event(name, STARTED + after_ms * 1_000_000, attributes or {})


def read(attributes: dict[str, Any], *events: Event, **fields: Any) -> Reading:
    return read_both_ways(make_span(attributes, *events, **fields))


def read_both_ways(span: OtlpSpan) -> Reading:
    """The whole reading, after a look at whether the one without contents says all the rest of it."""
    whole = read_span(span)
    contents = ("parameters", "input", "output", "tools", "documents", "first_token_ms", "note")
    left_out = {name: getattr(Reading(), name) for name in contents}
    assert read_span(span, with_contents=False) == replace(whole, **left_out)
    return whole


def says(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def sent_by(client: str) -> list[tuple[OtlpSpan, Reading]]:
    """What a real client sent, decoded and read, in the order in which its spans began."""
    payload = json.loads((PAYLOADS / f"{client}.json").read_text())
    exports = [
        _decode(client, json.dumps(request["export"]).encode())
        for request in payload["requests"]
        if "export" in request
    ]
    assert not any(export.rejected for export in exports)
    spans = sorted((span for export in exports for span in export.spans), key=lambda span: span.started_ns)
    return [(span, read_both_ways(span)) for span in spans]


def counted_among(read_spans: list[tuple[OtlpSpan, Reading]]) -> list[Reading]:
    """The readings whose usage counts, in the order of their spans."""
    ids = counted(
        UsageSpan(span.span_id, span.parent_id, reading.kind, reading.usage, reading.model, reading.response_id)
        for span, reading in read_spans
    )
    return [reading for span, reading in read_spans if span.span_id in ids]


def _decode(client: str, body: bytes) -> Export:
    if client.startswith("openai-agents"):
        return decode_openai_agents(body)
    return decode_litellm_logger(body) if client == "litellm-generic" else decode_export(body, "json")
