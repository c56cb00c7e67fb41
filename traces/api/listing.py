"""The list of an account's traces for the Nexus API: its query, its page, its total."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.models import Account
from traces.access import parse_id
from traces.archive import stored_row
from traces.errors import InvalidFields
from traces.limits import LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX
from traces.models import Trace
from traces.records import TraceStatus
from traces.wire.fields import NOT_TIME, parse_time
from traces.wire.nexus_v1 import render_row

_STATUSES = {"ok": TraceStatus.SUCCESS, **{status.value: status for status in TraceStatus}}


@dataclass(frozen=True, slots=True)
class ListPage:
    """Rendered rows, newest received first, and how many traces match in all."""

    rows: list[str]
    total: int


def list_page(account: Account, query: QueryDict) -> ListPage:
    """Page by keyset: `after` is the id of the last trace of the page before. InvalidFields for a bad query."""
    complaints: dict[str, str] = {}
    matching = Trace.objects.filter(_filters(query, complaints), account=account)
    limit = _limit(query, complaints)
    rest = _after(account, matching, query, complaints)
    if complaints:
        raise InvalidFields(complaints, error="Invalid query parameters")
    traces = rest.select_related("agent", "payload").order_by("-received_at", "-id")[:limit]
    return ListPage([render_row(stored_row(trace), trace.span_count) for trace in traces], matching.count())


def _filters(query: QueryDict, complaints: dict[str, str]) -> Q:
    found = Q()
    if agent := query.get("agent_id"):
        # PostgreSQL refuses a NUL, and in names it was repaired on their way in.
        found &= Q(agent__name=agent.replace("\0", "\ufffd"))
    if status := query.get("status"):
        if status in _STATUSES:
            found &= Q(status=_STATUSES[status])
        else:
            complaints["status"] = f"Must be one of: {', '.join(_STATUSES)}"
    for name, lookup in (("since", "started_at__gte"), ("until", "started_at__lte")):
        if text := query.get(name):
            # An unescaped "+02:00" arrives as " 02:00".
            moment = parse_time(text) or parse_time("+".join(text.rsplit(" ", 1)))
            if moment:
                found &= Q(**{lookup: moment})
            else:
                complaints[name] = NOT_TIME
    return found


def _limit(query: QueryDict, complaints: dict[str, str]) -> int:
    text = query.get("limit") or str(LIST_LIMIT_DEFAULT)
    if text.isascii() and text.isdigit() and len(text) <= len(str(LIST_LIMIT_MAX)) and 1 <= int(text) <= LIST_LIMIT_MAX:
        return int(text)
    complaints["limit"] = f"Must be an integer from 1 to {LIST_LIMIT_MAX}"
    return LIST_LIMIT_DEFAULT


def _after(account: Account, traces: QuerySet[Trace], query: QueryDict, complaints: dict[str, str]) -> QuerySet[Trace]:
    text = query.get("after")
    if not text:
        return traces
    last: Any = Trace.objects.filter(account=account, pk=parse_id(text)).values_list("received_at", "pk").first()
    if last is None:
        complaints["after"] = "Must be the id of one of your traces"
        return traces
    received_at, pk = last
    return traces.filter(Q(received_at__lt=received_at) | Q(received_at=received_at, pk__lt=pk))
