"""Traces taken away for good, with all that hangs on them: members' pages and retention call it; the month's count stays."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.models import Account
from traces.access import live_links
from traces.models import Alert, ShareLink, Span, SpanPack, Trace, TracePayload, WebhookDelivery
from traces.rollups import forget_hours


def delete_traces(account: Account, trace_ids: Collection[uuid.UUID]) -> int:
    """Delete those of the traces that are the account's, in one transaction; how many they were."""
    with transaction.atomic():
        return _delete(account, _hold(account, trace_ids))


def delete_unshared(account: Account, trace_ids: Collection[uuid.UUID]) -> int:
    """The same, but a trace that has a live share link by now stays."""
    with transaction.atomic():
        held = _hold(account, trace_ids)
        shared = set(live_links().filter(trace__in=list(held)).values_list("trace_id", flat=True))
        return _delete(account, {pk: received_at for pk, received_at in held.items() if pk not in shared})


def _hold(account: Account, trace_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime]:
    """The rows of the traces, locked, so that no span and no link arrives while they are deleted; when each was received."""
    own = Trace.objects.select_for_update().filter(account=account, pk__in=trace_ids).order_by("pk")
    return dict(own.values_list("pk", "received_at"))


def _delete(account: Account, held: dict[uuid.UUID, datetime]) -> int:
    """Children go by one statement each, however many they are: Django's own cascade would ask for each kind in batches."""
    trace_ids = list(held)
    WebhookDelivery.objects.filter(alert__trace__in=trace_ids).delete()
    for children in (Span, SpanPack, TracePayload, ShareLink, Alert):
        children.objects.filter(trace__in=trace_ids).delete()
    Trace.objects.filter(pk__in=trace_ids).delete()
    forget_hours((account.pk, received_at) for received_at in held.values())
    return len(trace_ids)
