"""One page of an account's traces as the dashboard shows it: its filter, its rows, the ways on; called by list_views."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Account
from tracen.lib.json_body import repair_text
from tracen.lib.wording import duration_text
from traces.limits import LIST_COUNT_MAX, MAX_NAME_LENGTH
from traces.listing import TraceFilter, after, before, capped_count, find_traces, read_filter, row_of
from traces.models import Agent, Trace
from traces.reading.looks import TRACE_STATUSES, Look
from traces.records import Source, TraceStatus

ROWS_ON_PAGE = 50
AGENTS_OFFERED = 200
"""How many agents the filter offers; a list of more is no help, and the search finds an agent by name."""
RECEIVED = {
    "hour": ("Last hour", timedelta(hours=1)),
    "day": ("Last 24 hours", timedelta(days=1)),
    "week": ("Last 7 days", timedelta(days=7)),
    "month": ("Last 30 days", timedelta(days=30)),
}
SOURCES = {Source.TRACEN: "POST /api/traces", Source.NEXUS: "REST v1", Source.OTLP: "OpenTelemetry"}
_WORDS = {"session": "session", "user": "end_user", "model": "model", "provider": "provider"}
"""Filters by an exact word, such as the one a page of a trace leads to, with the columns that they are about."""
_FILTERS = ("q", "status", "agent_id", "source", "received", "since", "until", *_WORDS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for. `received` is one of RECEIVED or empty; `query` holds the filter's words alone."""

    wanted: TraceFilter
    received: str
    after: str
    before: str
    query: QueryDict
    complaints: dict[str, str]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.wanted or self.received)

    @property
    def is_newest(self) -> bool:
        """Whether the page is the first one, where new traces appear."""
        return not (self.after or self.before)

    def address(self, **changes: str) -> str:
        """The query of the same list with some words changed; an empty value leaves a word out."""
        query = self.query.copy()
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return f"?{query.urlencode()}" if query else "?"


@dataclass(frozen=True, slots=True)
class ListedTrace:
    """One row. `who` is the agent, else the model; a running trace's duration counts from its receipt."""

    id: str
    name: str
    status: Look
    is_running: bool
    who: str
    started_at: datetime
    duration: str
    span_count: int
    input_tokens: int | None
    output_tokens: int | None
    cost_nanodollars: int | None


@dataclass(frozen=True, slots=True)
class TracePage:
    """The rows, newest received first. `newer` and `older` are queries of the neighbouring pages, empty at an end."""

    rows: tuple[ListedTrace, ...]
    newer: str
    older: str
    stamp: str
    """Another text as soon as a row comes, goes or changes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter: a tab with its address, or an option."""

    value: str
    label: str
    is_current: bool
    address: str = ""


def read_asked(query: QueryDict) -> Asked:
    """What the address asks for; a value that means nothing is left out and complained about."""
    complaints: dict[str, str] = {}
    wanted = replace(
        read_filter(query, complaints),
        session=_word(query, "session"),
        end_user=_word(query, "user"),
        model=_word(query, "model"),
        provider=_word(query, "provider"),
    )
    received = query.get("received", "")
    if received and received not in RECEIVED:
        complaints["received"] = f"Must be one of: {', '.join(RECEIVED)}"
        received = ""
    kept = QueryDict(mutable=True)
    kept.update({name: str(query[name]) for name in _FILTERS if query.get(name) and name not in complaints})
    return Asked(wanted, received, query.get("after", ""), query.get("before", ""), kept, complaints)


def _word(query: QueryDict, name: str) -> str:
    return repair_text(query.get(name, ""))[:MAX_NAME_LENGTH]


def find_matching(account: Account, asked: Asked) -> QuerySet[Trace]:
    """All traces that the address asks for, for `find_page` and `total_text`; a text is looked up here, once."""
    traces = find_traces(account, asked.wanted)
    if asked.received:
        traces = traces.filter(received_at__gte=timezone.now() - RECEIVED[asked.received][1])
    return traces


def find_page(account: Account, asked: Asked, traces: QuerySet[Trace]) -> TracePage:
    """The page of `traces` behind or before the named trace, else the newest one: also if that trace is gone."""
    found = _newer_page(account, asked, traces) or _older_page(account, asked, traces)
    if found:
        return found
    rows = list(traces[: ROWS_ON_PAGE + 1])
    return _page(asked, rows[:ROWS_ON_PAGE], has_newer=False, has_older=len(rows) > ROWS_ON_PAGE)


def total_text(traces: QuerySet[Trace]) -> str:
    """How many there are: "61", "10,000+"."""
    total = capped_count(traces)
    return f"{LIST_COUNT_MAX:,}+" if total > LIST_COUNT_MAX else f"{total:,}"


def status_tabs(asked: Asked) -> list[Choice]:
    current = asked.wanted.status
    words = [("", "All"), *((status.value, TRACE_STATUSES[status].label) for status in TraceStatus)]
    return [Choice(word, label, (current or "") == word, asked.address(status=word)) for word, label in words]


def agent_choices(account: Account, asked: Asked) -> list[Choice]:
    """The account's agents by name; the one asked for is among them even if there is none of that name."""
    names = list(Agent.objects.filter(account=account).order_by("name").values_list("name", flat=True)[:AGENTS_OFFERED])
    if asked.wanted.agent and asked.wanted.agent not in names:
        names.append(asked.wanted.agent)
    return [Choice(name, name, name == asked.wanted.agent) for name in names]


def source_choices(asked: Asked) -> list[Choice]:
    return [Choice(source.value, label, source == asked.wanted.source) for source, label in SOURCES.items()]


def received_choices(asked: Asked) -> list[Choice]:
    return [Choice(word, label, word == asked.received) for word, (label, _) in RECEIVED.items()]


def word_filters(asked: Asked) -> list[Choice]:
    """The exact words that a list can be narrowed down to, each with the address of the list without it."""
    said = ((name, getattr(asked.wanted, column)) for name, column in _WORDS.items())
    return [Choice(word, name.capitalize(), bool(word), asked.address(**{name: ""})) for name, word in said]


def _newer_page(account: Account, asked: Asked, traces: QuerySet[Trace]) -> TracePage | None:
    first = row_of(account, asked.before) if asked.before else None
    rows = list(before(traces, first)[: ROWS_ON_PAGE + 1]) if first else []
    # Fewer than a page of newer ones: that is the newest page, and it deserves to be whole.
    if len(rows) <= ROWS_ON_PAGE:
        return None
    return _page(asked, rows[:ROWS_ON_PAGE][::-1], has_newer=True, has_older=True)


def _older_page(account: Account, asked: Asked, traces: QuerySet[Trace]) -> TracePage | None:
    last = row_of(account, asked.after) if asked.after else None
    rows = list(after(traces, last)[: ROWS_ON_PAGE + 1]) if last else []
    if not rows:
        return None
    return _page(asked, rows[:ROWS_ON_PAGE], has_newer=True, has_older=len(rows) > ROWS_ON_PAGE)


def _page(asked: Asked, traces: list[Trace], *, has_newer: bool, has_older: bool) -> TracePage:
    now = timezone.now()
    return TracePage(
        rows=tuple(_listed(trace, now) for trace in traces),
        newer=asked.address(before=str(traces[0].pk)) if has_newer else "",
        older=asked.address(after=str(traces[-1].pk)) if has_older else "",
        stamp=_stamp(traces),
    )


def _listed(trace: Trace, now: datetime) -> ListedTrace:
    is_running = trace.status == TraceStatus.RUNNING
    return ListedTrace(
        id=str(trace.pk),
        name=trace.name,
        status=TRACE_STATUSES[trace.status],
        is_running=is_running,
        who=trace.agent.name if trace.agent else " / ".join(filter(None, (trace.provider, trace.model))),
        started_at=trace.started_at,
        duration=duration_text(_milliseconds(trace, now if is_running else trace.ended_at)),
        span_count=trace.span_count,
        input_tokens=trace.input_tokens,
        output_tokens=trace.output_tokens,
        cost_nanodollars=trace.cost_nanodollars,
    )


def _milliseconds(trace: Trace, end: datetime | None) -> float | None:
    if end is None:
        return None
    # A client's clock may be years off; while a trace runs only ours says how long it has been here.
    start = trace.received_at if trace.status == TraceStatus.RUNNING else trace.started_at
    return max((end - start).total_seconds() * 1_000, 0)


def _stamp(traces: list[Trace]) -> str:
    marks = "".join(f"{trace.pk}{trace.status}{trace.span_count}{trace.ended_at}{trace.heard_at}" for trace in traces)
    return hashlib.sha256(marks.encode()).hexdigest()[:32]
