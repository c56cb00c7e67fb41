"""One trace as its owners see it: the page, its parts for the script, the download; mounted by traces/trace_urls.py."""

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, signed_in
from accounts.models import Account
from traces.access import own_trace, stamp_of, trace_stamp
from traces.listing import TraceFilter, after, before, find_traces
from traces.models import Trace
from traces.reading.document import json_document
from traces.reading.finding import spans_with
from traces.reading.links import share_panel
from traces.reading.page import grown_page, owner_page, row_chunk, span_detail
from traces.reading.timeline_view import read_row_number
from traces.records import TraceStatus
from traces.retention import kept_until

MAX_LIVE_ROWS = 2_000
"""Up to how many rows the script has drawn anew while a run goes on; beyond, it offers to load the page again."""


@require_safe
@signed_in
def trace_page(request: MemberRequest, trace_id: str) -> HttpResponse:
    """The page. `?span=` chooses a span, `?from=` the first row; with `&part=rows` the rows alone."""
    trace = own_trace(request.account, trace_id)
    first_row = read_row_number(request.GET.get("from", ""))
    if request.GET.get("part") == "rows":
        return render(request, "traces/_rows.html", {"timeline": row_chunk(trace, first_row or 0)})
    neighbours = _neighbours(request.account, trace)
    shown = {
        "page_id": trace.pk,
        "page": owner_page(trace, span_id=request.GET.get("span", ""), first_row=first_row),
        "share": share_panel(trace),
        "kept_until": kept_until(request.account, trace),
        "is_running": trace.status == TraceStatus.RUNNING,
        "etag": quote_etag(stamp_of(trace)),
        "max_live_rows": MAX_LIVE_ROWS,
        "has_neighbours": any(neighbours.values()),
        **neighbours,
    }
    return render(request, "dashboard/trace.html", shown)


@require_safe
@signed_in
def live(request: MemberRequest, trace_id: str) -> HttpResponse:
    """What changes on the page of a run that goes on: `rows` of them from `from` on; 304 while nothing has changed."""
    etag = quote_etag(trace_stamp(request.account, trace_id))
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged:
        return unchanged
    trace = own_trace(request.account, trace_id)
    first_row, rows = (read_row_number(request.GET.get(name, "")) or 0 for name in ("from", "rows"))
    page = grown_page(trace, first_row, min(rows, MAX_LIVE_ROWS))
    shown = {"page": page, "is_running": trace.status == TraceStatus.RUNNING}
    response = render(request, "dashboard/_trace_live.html", shown)
    response["ETag"] = etag
    return response


@require_safe
@signed_in
def span_panel(request: MemberRequest, trace_id: str, span_id: str) -> HttpResponse:
    """The detail of one span as a piece of HTML for the page's script."""
    trace = own_trace(request.account, trace_id)
    shown = {"span": span_detail(trace, span_id), "url": reverse("trace", args=[trace.pk])}
    return render(request, "traces/_span.html", shown)


@require_safe
@signed_in
def find(request: MemberRequest, trace_id: str) -> JsonResponse:
    """The ids of the spans that have `?q=` in what went in or out, for the page's script."""
    return JsonResponse(spans_with(own_trace(request.account, trace_id), request.GET.get("q", "")), safe=False)


@require_safe
@signed_in
def trace_json(request: MemberRequest, trace_id: str) -> StreamingHttpResponse:
    """The whole trace as a file. Its name is made of the id alone: nobody's text belongs into a header."""
    trace = own_trace(request.account, trace_id)
    response = StreamingHttpResponse(json_document(trace), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="trace-{trace.pk}.json"'
    return response


def _neighbours(account: Account, trace: Trace) -> dict[str, Trace | None]:
    """The traces that came right after and right before, as in the list."""
    traces = find_traces(account, TraceFilter())
    return {"newer": before(traces, trace).first(), "older": after(traces, trace).first()}
