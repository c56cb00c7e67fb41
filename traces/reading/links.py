"""Live share links as their owners see them: of one trace and of the whole account; called by share_views."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.models import Account
from traces.access import live_links
from traces.models import ShareLink, Trace
from traces.records import Source
from traces.sharing import share_url

LINKS_ON_PAGE = 50
LIFETIMES: dict[str, tuple[str, timedelta | None]] = {
    "never": ("Never", None),
    "1": ("After 1 day", timedelta(days=1)),
    "7": ("After 7 days", timedelta(days=7)),
    "30": ("After 30 days", timedelta(days=30)),
}


@dataclass(frozen=True, slots=True)
class ShownLink:
    """`is_own_address` marks the link whose id is the trace's: the address that the POST of the trace answered with."""

    id: str
    url: str
    created_at: datetime
    expires_at: datetime | None
    views: int
    is_own_address: bool
    trace_id: str
    trace_name: str


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Newest first; `older` is the id to go on behind, empty on the last page."""

    links: tuple[ShownLink, ...]
    older: str


@dataclass(frozen=True, slots=True)
class SharePanel:
    """A trace's live links, newest first, with what a form for another one offers; `new` is the id of the latest."""

    trace_id: str
    trace_name: str
    links: tuple[ShownLink, ...]
    lifetimes: tuple[tuple[str, str], ...]
    new: str
    is_otlp: bool
    """Its spans came with more than a link shows (publishing.py)."""


def share_panel(trace: Trace, new: str = "") -> SharePanel:
    links = tuple(map(_shown, _newest(live_links().filter(trace=trace))))
    lifetimes = tuple((value, label) for value, (label, _) in LIFETIMES.items())
    return SharePanel(str(trace.pk), trace.name, links, lifetimes, new, trace.source == Source.OTLP)


def links_of_account(account: Account, after: ShareLink | None) -> LinkPage:
    """The live links of all traces, from the one behind `after` on."""
    links = _newest(live_links().filter(trace__account=account))
    if after:
        same_moment = Q(created_at=after.created_at, pk__lt=after.pk)
        links = links.filter(Q(created_at__lt=after.created_at) | same_moment)
    found = list(links[: LINKS_ON_PAGE + 1])
    shown = tuple(map(_shown, found[:LINKS_ON_PAGE]))
    return LinkPage(shown, older=shown[-1].id if len(found) > LINKS_ON_PAGE else "")


def _newest(links: QuerySet[ShareLink]) -> QuerySet[ShareLink]:
    return links.select_related("trace").order_by("-created_at", "-pk")


def _shown(link: ShareLink) -> ShownLink:
    return ShownLink(
        id=str(link.pk),
        url=share_url(link.pk),
        created_at=link.created_at,
        expires_at=link.expires_at,
        views=link.view_count,
        is_own_address=link.pk == link.trace_id,
        trace_id=str(link.trace_id),
        trace_name=link.trace.name,
    )
