"""The pages of an account's agents: list, trend, rename, delete; mounted by traces/agent_urls.py."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, signed_in
from tracen.lib.waking import wake
from traces.access import agent_for
from traces.agent_forms import AgentNameForm
from traces.agents import AGENTS_PER_PAGE, agents_of, delete_agent, health_of
from traces.failures import latest_failures
from traces.models import Agent, Trace
from traces.overview import RANGES, read_trend
from traces.reading.looks import TRACE_STATUSES
from traces.tasks import refresh_search_names

_TRACES_SHOWN = 20


@require_safe
@signed_in
def agents(request: MemberRequest) -> HttpResponse:
    """`?page=` turns the pages; one that there is not is the nearest."""
    page = Paginator(agents_of(request.account), AGENTS_PER_PAGE).get_page(request.GET.get("page"))
    shown = {
        "page": page,
        "agents": health_of(request.account, list(page.object_list), timezone.now()),
        "limit": request.account.plan.agents,
    }
    return render(request, "dashboard/agents.html", shown)


@require_safe
@signed_in
def agent(request: MemberRequest, agent_id: str) -> HttpResponse:
    chosen = agent_for(request.account, int(agent_id))
    return _agent_page(request, chosen, AgentNameForm(initial={"name": chosen.name}))


@require_POST
@signed_in
def rename(request: MemberRequest, agent_id: str) -> HttpResponse:
    chosen = agent_for(request.account, int(agent_id))
    form = AgentNameForm(request.POST)
    if not form.is_valid() or not form.rename(chosen):
        return _agent_page(request, chosen, form)
    wake(refresh_search_names, chosen.pk)
    messages.success(request, "The agent has its new name, and so have its traces.")
    return redirect("agent", chosen.pk)


@require_POST
@signed_in
def delete(request: MemberRequest, agent_id: str) -> HttpResponse:
    chosen = agent_for(request.account, int(agent_id))
    delete_agent(chosen)
    messages.success(request, f"“{chosen.name}” is deleted. Its traces stayed.")
    return redirect("agents")


def _agent_page(request: MemberRequest, chosen: Agent, form: AgentNameForm) -> HttpResponse:
    now, own = timezone.now(), Trace.objects.filter(account=request.account, agent=chosen)
    (health,) = health_of(request.account, [chosen], now)
    shown = {
        "agent": chosen,
        "health": health,
        "form": form,
        "ranges": RANGES.values(),
        "trend": read_trend(request.account, request.GET.get("range", ""), now, chosen),
        "traces": [
            (trace, TRACE_STATUSES[trace.status]) for trace in own.order_by("-received_at", "-id")[:_TRACES_SHOWN]
        ],
        "failures": latest_failures(request.account, agent=chosen),
    }
    return render(request, "dashboard/agent.html", shown)
