"""What will go when, for the members of an account; mounted by traces/retention_urls.py."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import MemberRequest, signed_in
from accounts.plans import PRO
from traces import retention

_DAYS_SHOWN = 14


@require_safe
@signed_in
def retention_page(request: MemberRequest) -> HttpResponse:
    plan, outlook = request.account.plan, retention.outlook(request.account, _DAYS_SHOWN)
    shown = {
        "plan": plan,
        "outlook": outlook,
        "days_shown": _DAYS_SHOWN,
        "most": max((day.traces for day in outlook.leaving), default=0),
        "longer": PRO if outlook.days_kept < (PRO.retention_days or 0) else None,
    }
    return render(request, "dashboard/retention.html", shown)
