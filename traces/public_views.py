"""Everything an anonymous visitor may see of a trace, by its share link; mounted by traces/urls.py."""

from typing import TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from traces.access import shared_trace
from traces.reading.document import json_document
from traces.reading.finding import spans_with
from traces.reading.page import row_chunk, shared_page, span_detail
from traces.reading.timeline_view import read_row_number
from traces.sharing import count_view

Answer = TypeVar("Answer", HttpResponse, JsonResponse, StreamingHttpResponse)
# The address is the key to the page, so no other site learns it. "no-referrer" would break our own forms on the page:
# browsers then send `Origin: null`, which the CSRF check refuses.
_HEADERS = {"X-Robots-Tag": "noindex", "Referrer-Policy": "same-origin", "Cache-Control": "private, no-store"}


# A page that takes no form answers 405 to one, with or without a token.
@csrf_exempt
@require_safe
def trace_page(request: HttpRequest, share_id: str) -> HttpResponse:
    """The page. `?span=` chooses a span, `?from=` the first row; with `&part=rows` the rows alone."""
    link = shared_trace(share_id)
    first_row = read_row_number(request.GET.get("from", ""))
    if request.GET.get("part") == "rows":
        rows = row_chunk(link.trace, first_row or 0)
        return _private(render(request, "traces/_rows.html", {"timeline": rows}))
    page = shared_page(link, span_id=request.GET.get("span", ""), first_row=first_row)
    if request.method == "GET":
        count_view(link)
    return _private(render(request, "traces/shared.html", {"page": page, "share_id": link.pk}))


@csrf_exempt
@require_safe
def span_panel(request: HttpRequest, share_id: str, span_id: str) -> HttpResponse:
    """The detail of one span as a piece of HTML for the page's script."""
    link = shared_trace(share_id)
    span = span_detail(link.trace, span_id, is_public=True)
    return _private(render(request, "traces/_span.html", {"span": span, "url": f"/traces/{link.pk}"}))


@csrf_exempt
@require_safe
def find(request: HttpRequest, share_id: str) -> JsonResponse:
    """The ids of the spans that have `?q=` in what went in or out, for the page's script."""
    found = spans_with(shared_trace(share_id).trace, request.GET.get("q", ""), is_public=True)
    return _private(JsonResponse(found, safe=False))


@csrf_exempt
@require_safe
def trace_json(request: HttpRequest, share_id: str) -> StreamingHttpResponse:
    """The whole trace as a file. Its name is made of the id alone: nobody's text belongs into a header."""
    link = shared_trace(share_id)
    response = StreamingHttpResponse(json_document(link.trace, known_as=link.pk), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="trace-{link.pk}.json"'
    return _private(response)


def _private(response: Answer) -> Answer:
    for name, value in _HEADERS.items():
        response[name] = value
    return response
