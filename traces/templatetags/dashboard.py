"""What the shell of the signed-in pages needs: its navigation and the meter of the month's use."""

import re
from dataclasses import dataclass
from typing import Any, cast

from django import template
from django.template import RequestContext
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from traces.models import Trace
from traces.quotas import Usage, usage_of

register = template.Library()

_UNIT = re.compile("( ?)([A-Za-z]+)")
_NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
_PAGES = (("dashboard", "Overview"), ("traces", "Traces"), ("agents", "Agents"), ("keys", "Keys"), ("docs", "Docs"))


@dataclass(frozen=True, slots=True)
class NavItem:
    """A way to a page; `current` is the value of aria-current, empty where the visitor is elsewhere."""

    address: str
    label: str
    current: str


@register.inclusion_tag("dashboard/_nav.html", takes_context=True)
def dashboard_nav(context: RequestContext) -> dict[str, Any]:
    path = context["request"].path.rstrip("/")
    pages = ((name, reverse(name), label) for name, label in _PAGES)
    return {"items": [NavItem(address, label, _current(path, name, address)) for name, address, label in pages]}


def _current(path: str, name: str, address: str) -> str:
    """The page itself is "page"; what lies below it (one agent, one trace) is "true". The overview has no below."""
    if path == address:
        return "page"
    return "true" if name != "dashboard" and path.startswith(f"{address}/") else ""


@register.simple_tag(takes_context=True)
def month_usage(context: RequestContext) -> Usage | None:
    """What the account has used of its plan; asked for once a page, however many parts of it show it."""
    request = context["request"]
    if not hasattr(request, "month_usage"):
        account = getattr(request, "account", None)
        request.month_usage = usage_of(account) if account else None
    return cast(Usage | None, request.month_usage)


@register.inclusion_tag("dashboard/_usage.html", takes_context=True)
def usage_meter(context: RequestContext) -> dict[str, Any]:
    """Nothing on a page that is not about one account."""
    usage = month_usage(context)
    if usage is None:
        return {}
    return {"usage": usage, "filled": min(100, round(100 * usage.traces / usage.limit, 1)) if usage.limit else 0}


@register.filter
def units(text: str) -> SafeString:
    """Set the units of a figure lighter than its digits, and never on another line: "3 m 05 s", "2.4M"."""
    return mark_safe(_UNIT.sub(_lighter, escape(text)))  # noqa: S308 - escaped just before


def _lighter(unit: re.Match[str]) -> str:
    return f'<span class="u">{_NARROW_SPACE if unit[1] else ""}{unit[2]}</span>'


@register.filter
def lasted(trace: Trace) -> float | None:
    """How long the trace took in milliseconds; None while it runs, nothing where the clocks differed."""
    if trace.ended_at is None:
        return None
    return max(0.0, (trace.ended_at - trace.started_at).total_seconds() * 1000)
