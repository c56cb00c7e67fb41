"""Ends the runs that fell silent: a running trace that nothing was heard of becomes a timeout; called by a task.

"Heard of" is by our clock, and how long an account waits is its own setting. Such a trace keeps no end: nobody said
when it was. Its late spans are still taken, and a program that comes back may say how it really ended.

A trace that came by OTLP is no timeout if all of its spans are over and only its root or a parent never came: a part of
it may have gone elsewhere. It is what its spans say, a few minutes after the last of them.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from traces.alerts import FAILURES, raise_alert
from traces.merging import spans_of, status_of
from traces.models import Trace
from traces.records import Source, TraceStatus
from traces.rollups import forget_hours

TIME_FOR_THE_REST = timedelta(minutes=5)
"""Exporters send every few seconds, and try again for a minute."""
_BATCH = 200


def end_silent_traces() -> int:
    """Make timeouts of the running traces that were silent for longer than their account waits; how many."""
    now, ended = timezone.now(), settle_silent_traces()
    for minutes in set(Account.objects.filter(closed_at=None).values_list("silent_minutes", flat=True)):
        silent = _silent_since(now - timedelta(minutes=minutes)).filter(account__silent_minutes=minutes)
        # Whatever is found has left the set afterwards: it was ended, or it has just been heard of.
        while batch := list(silent.filter(account__closed_at=None).values_list("pk", flat=True)[:_BATCH]):
            ended += sum(_end(trace_id, now - timedelta(minutes=minutes)) for trace_id in batch)
    return ended


def settle_silent_traces() -> int:
    """Conclude the OTLP traces of which no span runs and nothing more has come for a while; how many."""
    moment, settled = timezone.now() - TIME_FOR_THE_REST, 0
    waiting = _silent_since(moment).filter(source=Source.OTLP, account__closed_at=None)
    # Those that have an open span stay: each look goes on behind the last one.
    last: uuid.UUID | None = None
    while batch := list((waiting.filter(pk__gt=last) if last else waiting).order_by("pk")[:_BATCH]):
        settled += sum(_settle(trace.pk, moment) for trace in batch)
        last = batch[-1].pk
    return settled


def _settle(trace_id: uuid.UUID, moment: datetime) -> bool:
    with transaction.atomic():
        held = _silent_since(moment).select_for_update(of=("self",)).select_related("account")
        trace = held.filter(pk=trace_id).first()
        spans = spans_of(trace_id) if trace else []
        if trace is None or (status := status_of(spans, is_over=True)) is TraceStatus.RUNNING:
            return False
        ended_at = max(span.ended_at for span in spans if span.ended_at)
        Trace.objects.filter(pk=trace.pk).update(status=status, ended_at=ended_at)
        forget_hours([(trace.account_id, trace.received_at)])
        if status in FAILURES:
            raise_alert(trace.account, trace, status)
    return True


def _silent_since(moment: datetime) -> QuerySet[Trace]:
    """Served by the index of running traces, which are few among all."""
    return Trace.objects.filter(status=TraceStatus.RUNNING, heard_at__lt=moment)


def _end(trace_id: uuid.UUID, moment: datetime) -> bool:
    """End one trace, held as ingest holds it; False if it was heard of in the meantime."""
    with transaction.atomic():
        # Asked again with the row in hand: whoever held it before may have brought news.
        held = _silent_since(moment).select_for_update(of=("self",)).select_related("account")
        trace = held.filter(pk=trace_id).first()
        if trace is None:
            return False
        Trace.objects.filter(pk=trace.pk).update(status=TraceStatus.TIMEOUT)
        forget_hours([(trace.account_id, trace.received_at)])
        raise_alert(trace.account, trace, TraceStatus.TIMEOUT)
    return True
