"""Ends the runs that fell silent: a running trace that nothing was heard of becomes a timeout; called by a task.

"Heard of" is by our clock, and how long an account waits is its own setting. Such a trace keeps no end: nobody said
when it was. Its late spans are still taken, and a program that comes back may say how it really ended.
"""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Account
from traces.alerts import raise_alert
from traces.models import Trace
from traces.records import TraceStatus
from traces.rollups import forget_hours

_BATCH = 200


def end_silent_traces() -> int:
    """Make timeouts of the running traces that were silent for longer than their account waits; how many."""
    now, ended = timezone.now(), 0
    for minutes in set(Account.objects.filter(closed_at=None).values_list("silent_minutes", flat=True)):
        silent = _silent_since(now - timedelta(minutes=minutes)).filter(account__silent_minutes=minutes)
        # Whatever is found has left the set afterwards: it was ended, or it has just been heard of.
        while batch := list(silent.filter(account__closed_at=None).values_list("pk", flat=True)[:_BATCH]):
            ended += sum(_end(trace_id, now - timedelta(minutes=minutes)) for trace_id in batch)
    return ended


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
