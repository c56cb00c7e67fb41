"""What has been kept for as long as the plan says goes; the worker's hourly task and `prune_traces` call it.

Age counts from the time of receipt. A trace with a live share link stays, whatever its age, and goes with the first
pruning after its last link has closed.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Account
from accounts.plans import Plan
from traces.access import live_links
from traces.models import ShareLink, Trace
from traces.removal import delete_unshared

_TRACES_AT_ONCE = 200
_SPANS_AT_ONCE = 5_000
"""A transaction deletes no more than this, so that it is over in a tenth of a second and nobody waits for it."""
_REST = 1.0
"""Between two of them the worker rests for as long as the last one took: others write, too."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """How many traces of an account go on one day (UTC)."""

    day: date
    traces: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an account's retention means today: what goes soon, and what stays because it is shared."""

    days_kept: int
    oldest: datetime | None
    """When the oldest trace that is not spared was received."""
    due: int
    """Traces that go with the next pruning."""
    leaving: list[Leaving]
    spared: int
    """Traces that would go within the days of `leaving`, or would be gone already, if they were not shared."""


def days_kept(plan: Plan) -> int:
    return settings.RETENTION_DAYS if plan.retention_days is None else plan.retention_days


def kept_until(account: Account, trace: Trace) -> datetime:
    """When the trace goes, unless it is shared then."""
    return trace.received_at + timedelta(days=days_kept(account.plan))


def expired(account: Account) -> QuerySet[Trace]:
    """The account's traces that retention removes now."""
    return _unshared(account).filter(received_at__lt=_cutoff(account, timezone.now()))


def prune(account: Account) -> int:
    """Remove what has expired, in small transactions; returns how many traces that was. May run twice at once."""
    removed = 0
    for batch in _batches(account):
        began = time.monotonic()
        removed += delete_unshared(account, batch)
        time.sleep(_REST * (time.monotonic() - began))
    return removed


def outlook(account: Account, days: int = 14) -> Outlook:
    """What goes today and on the days after it, `days` in all (UTC), for the account's page."""
    now = timezone.now()
    cutoff, kept = _cutoff(account, now), timedelta(days=days_kept(account.plan))
    soon = Q(received_at__lt=_midnight(cutoff + timedelta(days=days)))
    unshared = _unshared(account)
    by_day = (
        unshared.filter(soon, received_at__gte=cutoff)
        .order_by()
        .annotate(day=TruncDate("received_at"))
        .values_list("day")
        .annotate(traces=Count("pk"))
        .order_by("day")
    )
    return Outlook(
        days_kept=kept.days,
        oldest=unshared.aggregate(oldest=Min("received_at"))["oldest"],
        due=unshared.filter(received_at__lt=cutoff).count(),
        leaving=[Leaving(day + kept, traces) for day, traces in by_day],
        spared=Trace.objects.filter(soon, Exists(_links_of_row()), account=account).count(),
    )


def _cutoff(account: Account, now: datetime) -> datetime:
    return now - timedelta(days=days_kept(account.plan))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _links_of_row() -> QuerySet[ShareLink]:
    return live_links().filter(trace=OuterRef("pk"))


def _unshared(account: Account) -> QuerySet[Trace]:
    return Trace.objects.filter(~Exists(_links_of_row()), account=account)


def _batches(account: Account) -> Iterator[list[uuid.UUID]]:
    """Expired traces, oldest first, as many at a time as one transaction should delete."""
    while found := list(expired(account).order_by("received_at").values_list("pk", "span_count")[:_TRACES_AT_ONCE]):
        spans = accumulate(count for _, count in found)
        fitting = [pk for (pk, _), total in zip(found, spans, strict=True) if total <= _SPANS_AT_ONCE]
        yield fitting or [found[0][0]]
