"""Opening and closing a trace's public addresses, and the list of all that are open; mounted by traces/trace_urls.py."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, signed_in
from traces.access import link_of, live_links, own_trace
from traces.errors import TraceNotFound
from traces.models import Trace
from traces.reading.links import LIFETIMES, links_of_account, share_panel
from traces.sharing import revoke, share

MAX_LIVE_LINKS = 50
"""Of one trace: more are a script's mistake, and nobody could tell them apart."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def share_trace(request: MemberRequest, trace_id: str) -> HttpResponse:
    """The page of a trace's links; a POST opens one more, for as long as `expires` says."""
    trace = own_trace(request.account, trace_id)
    if request.method == "POST":
        return _open_link(request, trace)
    return render(request, "dashboard/share.html", {"share": share_panel(trace, request.GET.get("new", ""))})


@require_safe
@signed_in
def links(request: MemberRequest) -> HttpResponse:
    """Every live link of the account, newest first; `?after=` goes on behind a link."""
    after = request.GET.get("after", "")
    page = links_of_account(request.account, link_of(request.account, after) if after else None)
    return render(request, "dashboard/links.html", {"page": page, "is_first": not after})


@require_POST
@signed_in
def revoke_link(request: MemberRequest, link_id: str) -> HttpResponse:
    """Close the address and go back to the page that `back` names: the trace's links, or the account's."""
    link = link_of(request.account, link_id)
    revoke(link)
    messages.success(request, "The link is revoked. Whoever opens it from now on finds nothing.")
    if request.POST.get("back") == "trace":
        return redirect("share_trace", link.trace_id)
    return redirect("links")


def _open_link(request: MemberRequest, trace: Trace) -> HttpResponse:
    chosen = LIFETIMES.get(request.POST.get("expires", "never"))
    address = reverse("share_trace", args=[trace.pk])
    if chosen is None:
        messages.error(request, "Choose when the link expires.")
    elif live_links().filter(trace=trace).count() >= MAX_LIVE_LINKS:
        messages.error(request, f"A trace has at most {MAX_LIVE_LINKS} live links. Revoke one that is not used.")
    else:
        try:
            address += f"?new={share(trace, chosen[1]).pk}"
        except TraceNotFound as gone:
            raise Http404 from gone
    return redirect(address)
