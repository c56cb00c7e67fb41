"""The pages that belong to no app: landing, demo, theme and errors; named by tracen.urls and by the settings."""

import sys
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.plans import FREE, PRO
from tracen.context import THEMES
from tracen.lib.storage_trouble import is_storage_trouble
from tracen.middleware import is_api_path
from traces.access import shared_trace
from traces.demo import DEMO_SHARE_ID, demo_timeline, demo_trace
from traces.reading.error_text import reason_of

_YEAR_S = 365 * 86_400
_API_ERRORS = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    500: "Internal server error",
    503: "Service temporarily unavailable",
}


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    demo = demo_timeline()
    error = demo.panel.error if demo.panel else None
    told = {"name": demo_trace().name, "reason": reason_of(error.title) if error else ""}
    return render(request, "landing.html", {"demo": demo, "told": told, "plans": (FREE, PRO)})


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Lead to the stored demo trace; an operator who deleted it still has the one on the landing page."""
    try:
        shared_trace(DEMO_SHARE_ID)
    except Http404:
        return redirect("/#live")
    return redirect("shared_trace", DEMO_SHARE_ID)


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep `theme` (light, dark, toggle; auto forgets it) in a cookie and go back to where the visitor was."""
    theme = _chosen_theme(request)
    if theme not in (*THEMES, "auto"):
        return bad_request(request)
    answer = HttpResponseRedirect(_way_back(request))
    if theme == "auto":
        answer.delete_cookie("theme", samesite="Lax")
    else:
        answer.set_cookie("theme", theme, max_age=_YEAR_S, samesite="Lax", secure=settings.IS_HTTPS, httponly=True)
    return answer


def _chosen_theme(request: HttpRequest) -> str:
    theme = request.POST.get("theme", "")
    if theme == "toggle":
        return "light" if request.COOKIES.get("theme") == "dark" else "dark"
    return theme


def _way_back(request: HttpRequest) -> str:
    """The page that the form stood on, if it is one of ours: both places where it is named are anybody's text."""
    for address in (request.POST.get("next", ""), request.headers.get("Referer", "")):
        if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
            return address
    return "/"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _api_error(request, 400) or plain_error_page(400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _api_error(request, 403) or render(request, "403.html", status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _api_error(request, 403) or render(request, "403_csrf.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _api_error(request, 404) or render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while it handles the exception: a database that is away is no defect of ours, and passes."""
    status = 503 if is_storage_trouble(sys.exception()) else 500
    response = _api_error(request, status) or plain_error_page(status)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = "1"
    return response


def plain_error_page(status: int) -> HttpResponse:
    """A page drawn without the request, so without session, account and database: they may be what broke."""
    return HttpResponse(render_to_string(f"{status}.html"), status=status)


def _api_error(request: HttpRequest, status: int) -> HttpResponse | None:
    """A client of the API gets JSON, whatever it says it accepts."""
    return JsonResponse({"error": _API_ERRORS[status]}, status=status) if is_api_path(request.path) else None
