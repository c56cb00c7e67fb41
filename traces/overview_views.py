"""The overview and, until the first trace arrives, the guide to it; mounted by traces/overview_urls.py."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import condition, require_http_methods, require_safe

from accounts.access import MemberRequest, account_of, signed_in
from accounts.key_forms import SENT_BEFORE, KeyForm
from accounts.models import Account, ApiKey
from traces.agents import agents_of, health_of
from traces.failures import latest_failures
from traces.models import Trace
from traces.overview import RANGES, read_trend
from traces.quotas import usage_of

_AGENTS_SHOWN = 5
_KEY_NAME = "First trace"


@require_safe
@signed_in
def overview(request: MemberRequest) -> HttpResponse:
    """`?range=` is 24h, 7d or month; anything else is 24h."""
    account, now = request.account, timezone.now()
    if not Trace.objects.filter(account=account).exists():
        return _guide(request)
    agents = agents_of(account)
    shown = {
        "trend": read_trend(account, request.GET.get("range", ""), now),
        "ranges": RANGES.values(),
        "usage": usage_of(account),
        "agents": health_of(account, list(agents[:_AGENTS_SHOWN]), now),
        "agent_count": agents.count(),
        "failures": latest_failures(account),
    }
    return render(request, "dashboard/overview.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def first_key(request: MemberRequest) -> HttpResponse:
    """Make a key and show it once, filled into the guide's snippets. Any other visit leads to the overview."""
    form = KeyForm({**request.POST.dict(), "name": _KEY_NAME})
    if request.method != "POST" or not form.is_valid():
        return redirect("dashboard")
    if form.was_sent_before(request.session):
        messages.info(request, SENT_BEFORE)
        return redirect("dashboard")
    made = form.create_key(request.account, request.session)
    if made is None:
        messages.error(request, str(form.non_field_errors()[0]))
        return redirect("keys")
    return _guide(request, made[1])


def _first_trace(account: Account) -> Trace | None:
    return Trace.objects.filter(account=account).order_by("-received_at").first()


def _first_trace_tag(request: HttpRequest) -> str | None:
    if not request.user.is_authenticated:
        return None
    trace = _first_trace(account_of(request.user))
    return f'"{trace.pk}"' if trace else '"none"'


@require_safe
@condition(etag_func=_first_trace_tag)
@signed_in
def first_trace(request: MemberRequest) -> JsonResponse:
    """What the guide waits for: the address and name of a trace, both null while there is none."""
    trace = _first_trace(request.account)
    if trace is None:
        return JsonResponse({"url": None, "name": None})
    return JsonResponse({"url": reverse("trace", args=[trace.pk]), "name": trace.name})


def _guide(request: MemberRequest, text: str = "") -> HttpResponse:
    newest = ApiKey.objects.filter(account=request.account, revoked_at=None).order_by("-created_at", "-pk").first()
    return render(request, "dashboard/first_run.html", {"text": text, "newest": newest, "form": KeyForm()})
