"""The list of an account's traces and their deletion, one or many at once; mounted by traces/list_urls.py."""

import uuid

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, signed_in
from traces.access import parse_id
from traces.models import Trace
from traces.reading.trace_list import (
    agent_choices,
    find_matching,
    find_page,
    read_asked,
    received_choices,
    source_choices,
    status_tabs,
    total_text,
    word_filters,
)
from traces.removal import delete_traces

MAX_DELETED = 200
"""How many traces one request may delete: some pages of rows."""


@require_safe
@signed_in
def traces(request: MemberRequest) -> HttpResponse:
    """The page; with `part=list` the table alone, or 304 while no row has changed, for the script that looks for news."""
    asked = read_asked(request.GET)
    matching = find_matching(request.account, asked)
    page = find_page(request.account, asked, matching)
    etag = quote_etag(page.stamp)
    is_part = request.GET.get("part") == "list"
    # Only the script asks "has it changed?": the page round the table has a count and messages that the stamp omits.
    unchanged = get_conditional_response(request, etag=etag) if is_part else None
    if unchanged:
        return unchanged
    shown = {"asked": asked, "page": page, "total": total_text(matching)}
    if not is_part:
        fields = word_filters(asked)
        shown |= {
            "tabs": status_tabs(asked),
            "agents": agent_choices(request.account, asked),
            "sources": source_choices(asked),
            "received": received_choices(asked),
            "fields": fields,
            "words": [field for field in fields if field.is_current],
        }
    response = render(request, "dashboard/_trace_list.html" if is_part else "dashboard/traces.html", shown)
    response["ETag"] = etag
    return response


@require_POST
@signed_in
def delete(request: MemberRequest) -> HttpResponse:
    """Ask once, listing the traces by name; with `confirmed` delete them and go back to the list they were on."""
    ids = _chosen(request.POST)
    kept = QueryDict(request.POST.get("list", "")).urlencode()
    back = f"{reverse('traces')}?{kept}".rstrip("?")
    own = Trace.objects.filter(account=request.account, pk__in=ids).order_by("-received_at", "-pk")
    if not request.POST.get("confirmed") and own:
        return render(request, "dashboard/delete_traces.html", {"traces": own, "list": kept, "back": back})
    count = delete_traces(request.account, ids)
    said = f"{count:,} trace{'' if count == 1 else 's'} deleted." if count else "No trace was selected."
    messages.info(request, said)
    return redirect(back)


def _chosen(form: QueryDict) -> set[uuid.UUID]:
    return {parse_id(text) for text in form.getlist("id")[:MAX_DELETED]}
