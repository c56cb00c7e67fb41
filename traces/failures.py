"""The latest failed traces of an account, each with the span and the words that explain it; read by the dashboard."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from tracen.lib.wording import duration_text
from traces.models import Agent, Span, Trace
from traces.reading.error_text import reason_of
from traces.reading.looks import TRACE_STATUSES, Look
from traces.records import SpanStatus, TraceStatus
from traces.span_texts import with_texts
from traces.tallies import FAILED

_ERRORS_READ = 1_000
"""A run may have 10,000 failed spans; the latest explain it as well."""


@dataclass(frozen=True, slots=True)
class Failure:
    """`reason` is what went wrong; `span`, if known, is the name of the step where, and `span_id` its id."""

    trace_id: uuid.UUID
    name: str
    agent: str
    received_at: datetime
    look: Look
    reason: str
    span: str = ""
    span_id: uuid.UUID | None = None


def latest_failures(account: Account, count: int = 5, agent: Agent | None = None) -> list[Failure]:
    """The last `count` traces that ended in an error or a timeout, newest received first."""
    own = Trace.objects.filter(account=account, **({"agent": agent} if agent else {}))
    # One status at a time, since each is a walk of its own along the index.
    found = [
        trace
        for status in FAILED
        for trace in own.filter(status=status).select_related("agent", "payload").order_by("-received_at")[:count]
    ]
    latest = sorted(found, key=lambda trace: trace.received_at, reverse=True)[:count]
    culprits = _culprits(latest)
    return [_failure(trace, culprits.get(trace.pk)) for trace in latest]


def _culprits(traces: list[Trace]) -> dict[uuid.UUID, tuple[Span, str]]:
    """For each trace the last failed span that has no failed child, and its error: where the trouble began."""
    failed = Span.objects.filter(trace__in=traces, status=SpanStatus.ERROR).order_by("-pk_in_order")[:_ERRORS_READ]
    spans = list(failed)
    parents = {(span.trace_id, span.parent_id) for span in spans}
    first: dict[uuid.UUID, Span] = {}
    for span in spans:
        if (span.trace_id, span.id) not in parents:
            first.setdefault(span.trace_id, span)
    return {span.trace_id: (span, texts.error or "") for span, texts in with_texts(first.values())}


def _failure(trace: Trace, culprit: tuple[Span, str] | None) -> Failure:
    span, error = culprit or (None, "")
    return Failure(
        trace_id=trace.pk,
        name=trace.name,
        agent=trace.agent.name if trace.agent else trace.model,
        received_at=trace.received_at,
        look=TRACE_STATUSES[trace.status],
        reason=reason_of(trace.payload.error) or reason_of(error) or _without_words(trace),
        span=span.name if span else "",
        span_id=span.id if span else None,
    )


def _without_words(trace: Trace) -> str:
    if trace.status != TraceStatus.TIMEOUT:
        return "Failed without a message"
    if trace.ended_at is None:
        return "Fell silent"
    if trace.ended_at <= trace.started_at:
        return "Timed out"
    return f"Timed out after {duration_text((trace.ended_at - trace.started_at).total_seconds() * 1000)}"
