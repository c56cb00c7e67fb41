"""Lists of an account's traces: one set of filters and one way to page, for the API and for the pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from accounts.models import Account
from tracen.lib.json_body import repair_text
from traces.access import parse_id
from traces.limits import LIST_COUNT_MAX
from traces.models import Agent, Trace
from traces.records import Source, TraceStatus
from traces.search import having_text
from traces.times import NOT_TIME, parse_time

STATUSES = {"ok": TraceStatus.SUCCESS, **{status.value: status for status in TraceStatus}}
SOURCES = {source.value: source for source in Source}
_NO_WORD = RawSQL("''", ())


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """What a list is narrowed down to; empty fields narrow nothing. `since` and `until` are of `started_at`."""

    status: TraceStatus | None = None
    agent: str = ""
    source: Source | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    session: str = ""
    end_user: str = ""
    model: str = ""
    provider: str = ""

    def __bool__(self) -> bool:
        return self != TraceFilter()


def read_filter(query: QueryDict, complaints: dict[str, str]) -> TraceFilter:
    """The filter in an address's query, the same words for the API and the pages. A bad value is left out and told."""
    return TraceFilter(
        status=_read(query, "status", STATUSES.get, f"Must be one of: {', '.join(STATUSES)}", complaints),
        agent=repair_text(query.get("agent_id", "")),
        source=_read(query, "source", SOURCES.get, f"Must be one of: {', '.join(Source)}", complaints),
        since=_read(query, "since", _time, NOT_TIME, complaints),
        until=_read(query, "until", _time, NOT_TIME, complaints),
        text=repair_text(query.get("q", "")).strip(),
    )


def find_traces(account: Account, wanted: TraceFilter) -> QuerySet[Trace]:
    """The account's traces that match, newest received first, with their agents."""
    traces = Trace.objects.filter(account=account).select_related("agent").order_by("-received_at", "-id")
    equal = {"status": wanted.status, "source": wanted.source}
    ranges = {"started_at__gte": wanted.since, "started_at__lte": wanted.until}
    traces = traces.filter(**{lookup: value for lookup, value in {**equal, **ranges}.items() if value})
    if wanted.agent:
        # The id and not a join by name: with it the database walks the index of the agent's own traces.
        named = Agent.objects.filter(account=account, name=wanted.agent)
        traces = traces.filter(agent=Subquery(named.values("pk")))
    for field_name in ("session", "end_user", "model", "provider"):
        if word := getattr(wanted, field_name):
            # The indexes are of rows that have a word. SQLite sees that it may use one if the statement says so, and
            # says it without a parameter.
            traces = traces.exclude(**{field_name: _NO_WORD}).filter(**{field_name: word})
    return having_text(traces, wanted.text) if wanted.text else traces


def after(traces: QuerySet[Trace], last: Trace) -> QuerySet[Trace]:
    """The rest of a list behind its row `last`: a keyset, so that a deep page costs what the first one does."""
    # By the first condition alone the database finds the place in its index.
    rest = traces.filter(received_at__lte=last.received_at)
    return rest.filter(Q(received_at__lt=last.received_at) | Q(pk__lt=last.pk))


def before(traces: QuerySet[Trace], first: Trace) -> QuerySet[Trace]:
    """What stands before the row `first`, nearest first: reverse a page of it to show it."""
    newer = traces.filter(received_at__gte=first.received_at)
    newer = newer.filter(Q(received_at__gt=first.received_at) | Q(pk__gt=first.pk))
    return newer.order_by("received_at", "id")


def row_of(account: Account, trace_id: str) -> Trace | None:
    """The row that a page is counted from, whatever the filter."""
    return Trace.objects.filter(account=account, pk=parse_id(trace_id)).only("pk", "received_at").first()


def capped_count(traces: QuerySet[Trace]) -> int:
    """How many there are, or LIST_COUNT_MAX + 1 for any number beyond LIST_COUNT_MAX."""
    return traces.order_by()[: LIST_COUNT_MAX + 1].count()


def _read(query: QueryDict, name: str, parse: Callable[[str], Any], sentence: str, complaints: dict[str, str]) -> Any:
    text = query.get(name)
    if not text:
        return None
    value = parse(text)
    if value is None:
        complaints[name] = sentence
    return value


def _time(text: str) -> datetime | None:
    # An unescaped "+02:00" arrives as " 02:00".
    return parse_time(text) or parse_time("+".join(text.rsplit(" ", 1)))
