"""The only writer of agents, traces and spans: records in, one transaction each, and a return means committed.

The dialects (traces/wire) make the records and the viewsets (traces/api) call these three functions; nothing here
knows which dialect a run came in by, except that it stores the name.
"""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from traces.alerts import FAILURES, raise_alert
from traces.errors import SpanLimitReached, TraceNotFound, UnknownParent
from traces.limits import MAX_SPANS_PER_TRACE
from traces.models import ShareLink, Span, SpanPayload, Trace, TracePayload
from traces.quotas import reserve_agent, reserve_trace
from traces.records import Source, SpanRecord, TraceEnd, TraceRecord, Unchanged


def record_trace(account: Account, record: TraceRecord) -> None:
    """Store a run whole: quota, agent, trace, spans, its share link if it is public, its alert if it failed; or nothing.

    Raises MonthlyLimitReached, AgentLimitReached, SpanLimitReached.
    """
    if len(record.spans) > MAX_SPANS_PER_TRACE:
        raise SpanLimitReached(MAX_SPANS_PER_TRACE)
    with transaction.atomic():
        reserve_trace(account)
        agent = reserve_agent(account, record.agent) if record.agent is not None else None
        trace = Trace.objects.create(
            id=record.id,
            account=account,
            agent=agent,
            source=record.source,
            name=record.name,
            status=record.status,
            started_at=record.started_at,
            ended_at=record.ended_at,
            provider=record.provider,
            model=record.model,
            input_tokens=record.input_tokens,
            output_tokens=record.output_tokens,
            span_count=len(record.spans),
        )
        _store_texts(trace, record)
        _store_spans(trace, record.spans, first_ordinal=0)
        if record.is_public:
            ShareLink.objects.create(id=record.id, trace=trace)
        if record.status in FAILURES:
            raise_alert(account, trace, record.status)


def append_spans(account: Account, trace_id: uuid.UUID, spans: Sequence[SpanRecord]) -> None:
    """Add spans to a run that can still grow, even after its end: late telemetry is normal.

    Raises TraceNotFound, UnknownParent, SpanLimitReached; in each case nothing is stored.
    """
    with transaction.atomic():
        trace = _lock_growing_trace(account, trace_id)
        if trace.span_count + len(spans) > MAX_SPANS_PER_TRACE:
            raise SpanLimitReached(MAX_SPANS_PER_TRACE)
        _check_parents(trace, spans)
        _store_spans(trace, spans, first_ordinal=trace.span_count)
        Trace.objects.filter(pk=trace.pk).update(span_count=trace.span_count + len(spans), heard_at=timezone.now())


def end_trace(account: Account, trace_id: uuid.UUID, end: TraceEnd) -> None:
    """Change what `end` mentions; any transition is allowed. Raises TraceNotFound."""
    changes = {
        field: value
        for field, value in (("status", end.status), ("ended_at", end.ended_at))
        if not isinstance(value, Unchanged)
    }
    with transaction.atomic():
        trace = _lock_growing_trace(account, trace_id)
        Trace.objects.filter(pk=trace.pk).update(**changes, heard_at=timezone.now())
        if not isinstance(end.status, Unchanged) and end.status in FAILURES:
            raise_alert(account, trace, end.status)


def _lock_growing_trace(account: Account, trace_id: uuid.UUID) -> Trace:
    """The account's trace, held until the transaction ends. A Tracen trace came finished and stays as it is."""
    growing = Trace.objects.select_for_update(of=("self",)).filter(account=account, pk=trace_id)
    trace = growing.exclude(source=Source.TRACEN).first()
    if trace is None:
        raise TraceNotFound
    return trace


def _check_parents(trace: Trace, spans: Sequence[SpanRecord]) -> None:
    named = {span.parent_id for span in spans if span.parent_id} - {span.id for span in spans}
    if named and Span.objects.filter(trace=trace, id__in=named).count() != len(named):
        raise UnknownParent


def _store_texts(trace: Trace, record: TraceRecord) -> None:
    TracePayload.objects.create(
        trace=trace,
        names=searchable_names(record.name, record.agent),
        metadata=record.metadata,
        prompt=record.prompt,
        response=record.response,
        error=record.error,
    )


def searchable_names(trace: str, agent: str | None) -> str:
    return f"{trace}\n{agent}" if agent else trace


def _store_spans(trace: Trace, spans: Sequence[SpanRecord], first_ordinal: int) -> None:
    rows = Span.objects.bulk_create(
        Span(
            trace=trace,
            id=span.id,
            parent_id=span.parent_id,
            ordinal=ordinal,
            name=span.name,
            kind=span.kind,
            status=span.status,
            started_at=span.started_at,
            ended_at=span.ended_at,
            provider=span.provider,
            model=span.model,
            input_tokens=span.input_tokens,
            output_tokens=span.output_tokens,
        )
        for ordinal, span in enumerate(spans, first_ordinal)
    )
    SpanPayload.objects.bulk_create(
        SpanPayload(span=row, input=span.input, output=span.output, error=span.error)
        for row, span in zip(rows, spans, strict=True)
        if span.input is not None or span.output is not None or span.error is not None
    )
