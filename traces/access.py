"""Every lookup of a trace by an id from outside: the object, or "not found" without a word why."""

import re
import uuid

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts.models import Account
from traces.errors import TraceNotFound
from traces.models import Agent, ShareLink, Trace, Webhook, WebhookDelivery
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


def agent_for(account: Account, agent_id: int) -> Agent:
    """The account's agent, or Http404."""
    agent = Agent.objects.filter(account=account, pk=agent_id).first()
    if agent is None:
        raise Http404
    return agent


def own_trace(account: Account, trace_id: str) -> Trace:
    """The account's trace with its agent and texts for a member's page, or Http404."""
    try:
        return trace_for(account, trace_id)
    except TraceNotFound as unknown:
        raise Http404 from unknown


def trace_stamp(account: Account, trace_id: str) -> str:
    """The stamp of the account's trace, or Http404: one read by primary key, for who asks every second."""
    found = Trace.objects.filter(account=account, pk=parse_id(trace_id))
    trace = found.only("status", "span_count", "ended_at", "heard_at").first()
    if trace is None:
        raise Http404
    return stamp_of(trace)


def stamp_of(trace: Trace) -> str:
    """A text that is another one as soon as spans came or ended, or the trace's end was told."""
    ended = trace.ended_at.timestamp() if trace.ended_at else ""
    return f"{trace.status}-{trace.span_count}-{ended}-{trace.heard_at.timestamp()}"


def link_of(account: Account, link_id: str) -> ShareLink:
    """A share link of one of the account's traces, live or not, with its trace; or Http404."""
    link = ShareLink.objects.filter(trace__account=account, pk=parse_id(link_id)).select_related("trace").first()
    if link is None:
        raise Http404
    return link


def webhook_of(account: Account, webhook_id: int) -> Webhook:
    """The account's webhook, or Http404."""
    webhook = Webhook.objects.filter(account=account, pk=webhook_id).first()
    if webhook is None:
        raise Http404
    return webhook


def webhook_delivery_of(account: Account, delivery_id: str) -> WebhookDelivery:
    """A delivery of one of the account's webhooks, with the webhook; or Http404."""
    own = WebhookDelivery.objects.filter(webhook__account=account).select_related("webhook")
    delivery = own.filter(pk=parse_id(delivery_id)).first()
    if delivery is None:
        raise Http404
    return delivery


def live_links() -> QuerySet[ShareLink]:
    """The share links that open: neither revoked nor expired."""
    return ShareLink.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), revoked_at=None)


def shared_trace(share_id: str) -> ShareLink:
    """The live share link with its trace, agent and texts; Http404 if unknown, revoked or expired, all alike."""
    links = live_links().filter(pk=parse_id(share_id))
    link = links.select_related("trace__agent", "trace__payload").first()
    if link is None:
        raise Http404
    return link
