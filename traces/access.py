"""Every lookup of a trace by an id from outside: the object, or "not found" without a word why."""

import re
import uuid

from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from accounts.models import Account
from traces.errors import TraceNotFound
from traces.models import ShareLink, Trace
from traces.records import Source

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def parse_id(text: str) -> uuid.UUID:
    """The UUID in its one canonical form, upper or lower case; for any other text the nil UUID, which nothing has."""
    return uuid.UUID(text) if _UUID.fullmatch(text) else uuid.UUID(int=0)


def trace_for(account: Account, trace_id: str) -> Trace:
    """The account's trace with its agent and texts, or TraceNotFound."""
    found = Trace.objects.filter(account=account, pk=parse_id(trace_id)).select_related("agent", "payload").first()
    if found is None:
        raise TraceNotFound
    return found


def growing_trace_id(account: Account, trace_id: str) -> uuid.UUID:
    """The id of a trace of the account that may still change (a Tracen trace may not), or TraceNotFound."""
    found = Trace.objects.filter(account=account, pk=parse_id(trace_id)).exclude(source=Source.TRACEN)
    pk = found.values_list("pk", flat=True).first()
    if pk is None:
        raise TraceNotFound
    return pk


def shared_trace(share_id: str) -> ShareLink:
    """The live share link with its trace, agent and texts; Http404 if unknown, revoked or expired, all alike."""
    live = Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
    links = ShareLink.objects.filter(live, pk=parse_id(share_id))
    link = links.select_related("trace__agent", "trace__payload").first()
    if link is None:
        raise Http404
    return link
