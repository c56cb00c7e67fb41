"""The documentation's pages, the OpenAPI document and the operator's legal texts; mounted by tracen/guides/urls.py."""

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import account_of
from accounts.plans import FREE, PRO
from tracen.guides.examples import AGENT, EXAMPLES, NEXUS_CREATE, OTLP_EXPORT, TRACE_ID, TRACEN_POST
from tracen.guides.libraries import BY_SLUG, LIBRARIES, OTLP_ADDRESS, shell_lines
from tracen.guides.openapi import document
from tracen.guides.webhooks import guide
from traces import limits
from traces.pricing import LISTED_ON
from traces.timeouts import TIME_FOR_THE_REST

PAGES = (
    ("docs", "Quickstart"),
    ("docs_api", "API reference"),
    ("docs_errors", "Errors and limits"),
    ("docs_sdks", "SDKs"),
    ("docs_tracing", "Tracing libraries"),
    ("docs_webhooks", "Webhooks"),
)


def _context(current: str, **more: Any) -> dict[str, Any]:
    numbers = {name.lower(): value for name, value in vars(limits).items() if name.isupper()}
    return {
        "pages": PAGES,
        "current": current,
        "libraries": LIBRARIES,
        "limits": numbers,
        "free": FREE,
        "pro": PRO,
        **more,
    }


@require_safe
def quickstart(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/quickstart.html", _context("docs", example=TRACEN_POST))


@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    calls = [(example, example.curl(settings.BASE_URL)) for example in EXAMPLES]
    more = {"calls": calls, "playground": _playground(request), "trace_id": TRACE_ID}
    more |= {"otlp": OTLP_EXPORT, "otlp_curl": OTLP_EXPORT.curl(settings.BASE_URL)}
    more |= {"settled_after": TIME_FOR_THE_REST.seconds // 60, "prices_of": LISTED_ON}
    return render(request, "docs/api_reference.html", _context("docs_api", **more))


def _playground(request: HttpRequest) -> list[dict[str, str]]:
    """The calls as the script needs them, naming an agent that the visitor has: a second one could be over the plan."""
    agent = account_of(request.user).agents.order_by("pk").first() if request.user.is_authenticated else None
    name = json.dumps(agent.name)[1:-1] if agent else AGENT
    return [
        {
            "slug": call.slug,
            "method": call.method,
            "path": call.path,
            "body": call.body_text.replace(f'"agent_id": "{AGENT}"', f'"agent_id": "{name}"'),
        }
        for call in EXAMPLES
    ]


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/errors.html", _context("docs_errors"))


@require_safe
def sdks(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/sdks.html", _context("docs_sdks", example=NEXUS_CREATE))


@require_safe
def tracing(request: HttpRequest) -> HttpResponse:
    """Every library that has a guide, and what is the same for all of them."""
    lines = shell_lines(OTLP_ADDRESS, settings.BASE_URL)
    return render(request, "docs/tracing.html", _context("docs_tracing", environment=lines))


@require_safe
def library(request: HttpRequest, slug: str) -> HttpResponse:
    found = BY_SLUG.get(slug)
    if found is None:
        raise Http404
    snippets = [(snippet, shell_lines(snippet.variables, settings.BASE_URL)) for snippet in found.snippets]
    return render(request, found.template, _context("docs_tracing", library=found, snippets=snippets))


@require_safe
def webhooks(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/webhooks.html", _context("docs_webhooks", **guide()))


@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    return JsonResponse(document(settings.BASE_URL), json_dumps_params={"ensure_ascii": False})


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    return render(request, "pricing.html", {"plans": (FREE, PRO)})


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "terms.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy.html")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    closed = ("/accounts/", "/api/", "/dashboard", "/traces/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
