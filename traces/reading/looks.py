"""How kinds and statuses look: icon, word and tone, never colour alone; pure, for every page that shows runs."""

from dataclasses import dataclass

from traces.records import SpanKind, SpanStatus, TraceStatus


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is the CSS word after `k-` for kinds; for statuses it is ok, bad, run or late."""

    icon: str
    label: str
    tone: str


KINDS: dict[str, Look] = {
    SpanKind.AGENT: Look("bot", "Agent", "agent"),
    SpanKind.LLM: Look("message-square", "LLM", "llm"),
    SpanKind.TOOL: Look("wrench", "Tool", "tool"),
    SpanKind.RETRIEVER: Look("database", "Retrieval", "retrieval"),
    SpanKind.EMBEDDING: Look("binary", "Embedding", "retrieval"),
    SpanKind.CHAIN: Look("workflow", "Chain", "step"),
    SpanKind.GUARDRAIL: Look("shield-check", "Guardrail", "step"),
    SpanKind.HTTP: Look("globe", "HTTP", "http"),
    SpanKind.EVENT: Look("flag", "Event", "step"),
    SpanKind.OTHER: Look("layers", "Step", "step"),
}
RUNNING = Look("loader-circle", "Running", "run")
TRACE_STATUSES: dict[str, Look] = {
    TraceStatus.RUNNING: RUNNING,
    TraceStatus.SUCCESS: Look("circle-check", "Success", "ok"),
    TraceStatus.ERROR: Look("circle-x", "Error", "bad"),
    TraceStatus.TIMEOUT: Look("clock-alert", "Timeout", "late"),
}
SPAN_STATUSES: dict[str, Look] = {
    SpanStatus.OK: Look("circle-check", "OK", "ok"),
    SpanStatus.ERROR: Look("circle-x", "Error", "bad"),
}


def kind_look(kind: str) -> Look:
    """The look of a kind; a word that this release does not know looks like any other step."""
    return KINDS.get(kind, KINDS[SpanKind.OTHER])
