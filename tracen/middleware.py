"""What is put around every answer: the API's headers on one side, the pages' on the other; named by settings."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from tracen.lib.content_policy import content_policy

Handler = Callable[[HttpRequest], HttpResponse]

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After, X-Total-Count, Idempotent-Replayed",
}
API_HEADERS = {
    **_CORS,
    # No answer is ever kept by a cache, and a browser that opens one as a page has nothing to show.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Of every answer of the API, those that the web server gives itself among them."""
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, X-Tracen-Key, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "86400",
}


def is_api_path(path: str) -> bool:
    """Whether everything at `path`, errors included, is answered in JSON (contract §3)."""
    return path.startswith(("/api/", "/v1/", "/otel/", "/health", "/ready")) or path in ("/api", "/v1", "/otel")


class ApiBoundary:
    """First in line: preflights need no key and no view, and no answer of the API is ever kept by a cache."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_api_path(request.path_info):
            return self.get_response(request)
        if request.method == "OPTIONS":
            return _preflight()
        response = _in_json(self.get_response(request))
        for name, value in API_HEADERS.items():
            response[name] = value
        return response


def _preflight() -> HttpResponse:
    response = HttpResponse(status=204, headers={**_CORS, **_PREFLIGHT, "Cache-Control": "no-store"})
    del response["Content-Type"]
    return response


def _in_json(response: HttpResponse) -> HttpResponse:
    """Errors that no view of the API made (a wrong method on /health, a foreign Host) in the API's shape."""
    if response.status_code < HTTPStatus.BAD_REQUEST or response.headers.get("Content-Type") == "application/json":
        return response
    answer = JsonResponse({"error": HTTPStatus(response.status_code).phrase.capitalize()}, status=response.status_code)
    if "Allow" in response.headers:
        answer["Allow"] = response["Allow"]
    return answer


class PageHeaders:
    """A page may load its own files and nothing else, and is kept by nobody unless its view says so."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not response.content:
            response = _explained(request, response)
        response.headers.setdefault("Content-Security-Policy", content_policy())
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def _explained(request: HttpRequest, refusal: HttpResponse) -> HttpResponse:
    """A page in place of nothing for who opens the address of a form."""
    page = render(request, "405.html", status=refusal.status_code)
    page["Allow"] = refusal["Allow"]
    return page
