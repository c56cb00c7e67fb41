"""An account's agents as their owner sees and changes them: health, rename, delete; called by the dashboard's pages.

Agents are made by ingest; here they only change their name or go.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from accounts.models import Account
from traces.charts import Spark, build_spark
from traces.measures import NOTHING, Measured, Numbers, measure_agents
from traces.models import Agent, MonthlyUsage, Trace, TracePayload
from traces.reading.looks import Look
from traces.tallies import Slots

AGENTS_PER_PAGE = 50
FAILING_PERCENT = 10
SLOWER_TIMES = 2
ENOUGH_TO_COMPARE = 5
"""Traces on both days; with fewer, one long run would call an agent slow."""

HEALTHY = Look("circle-check", "Healthy", "ok")
FAILING = Look("circle-x", "Failing", "bad")
SLOW = Look("clock-alert", "Slow", "late")
QUIET = Look("circle-dashed", "Quiet", "faint")
_NONE = Measured([], NOTHING)


@dataclass(frozen=True, slots=True)
class AgentHealth:
    """How an agent did in the last 24 hours; `why` says on what ground it is called so."""

    id: int
    name: str
    last_active: datetime | None
    numbers: Numbers
    look: Look
    why: str
    spark: Spark


class AgentNameTaken(Exception):
    """Another agent of the account has this name."""


def last_day(now: datetime) -> Slots:
    """The 24 hours that end with the one we are in."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    return Slots(hour - timedelta(hours=23), timedelta(hours=1), 24)


def day_before(slots: Slots) -> Slots:
    width = slots.end - slots.start
    return Slots(slots.start - width, width)


def agents_of(account: Account) -> QuerySet[Agent]:
    newest = Trace.objects.filter(account=account, agent=OuterRef("pk")).order_by("-received_at")
    agents = Agent.objects.filter(account=account).annotate(last_active=Subquery(newest.values("received_at")[:1]))
    return agents.order_by(F("last_active").desc(nulls_last=True), "name")


def health_of(account: Account, agents: list[Agent], now: datetime) -> list[AgentHealth]:
    """The health of `agents`, which come from `agents_of`; four queries, however many they are."""
    slots = last_day(now)
    today, before = measure_agents(account, slots), measure_agents(account, day_before(slots))
    return [_health(agent, today.get(agent.pk, _NONE), before.get(agent.pk, _NONE).total) for agent in agents]


def _health(agent: Agent, today: Measured, before: Numbers) -> AgentHealth:
    look, why = judge(today.total, before)
    return AgentHealth(
        id=agent.pk,
        name=agent.name,
        last_active=getattr(agent, "last_active", None),
        numbers=today.total,
        look=look,
        why=why,
        spark=build_spark([(numbers.traces, numbers.failed) for numbers in today.slots]),
    )


def judge(today: Numbers, before: Numbers) -> tuple[Look, str]:
    """The health that a day's numbers mean, and the reason in words."""
    if not today.traces:
        return QUIET, "No trace in the last 24 hours"
    failed = f"{today.failed:,} of {today.traces:,} failed in the last 24 hours"
    if today.failed_percent >= FAILING_PERCENT:
        return FAILING, failed
    if min(today.traces, before.traces) >= ENOUGH_TO_COMPARE and _is_slower(today, before):
        return SLOW, f"The 95th percentile is at least {SLOWER_TIMES} times that of the day before"
    return HEALTHY, failed


def _is_slower(today: Numbers, before: Numbers) -> bool:
    return bool(today.p95_ms and before.p95_ms and today.p95_ms >= SLOWER_TIMES * before.p95_ms)


def rename_agent(agent: Agent, name: str) -> None:
    """Give the agent another name; its traces stay its own. Raises AgentNameTaken.

    A program that still sends the old name makes a new agent, if the plan has room for one.
    """
    try:
        with transaction.atomic():
            Agent.objects.filter(pk=agent.pk).update(name=name)
    except IntegrityError as error:
        raise AgentNameTaken from error


def delete_agent(agent: Agent) -> None:
    """Remove the agent and free its place in the plan; its traces stay, without an agent."""
    with transaction.atomic():
        # A run on its way in holds the account's row of the month from before it looks for its agent until it is
        # stored, so nobody is left with an agent that went meanwhile.
        list(MonthlyUsage.objects.select_for_update().filter(account=agent.account_id).order_by("pk"))
        agent.delete()


def refresh_search_names(agent_id: int) -> None:
    """Write the agent's present name into the searchable names of its traces, so that a search finds them by it."""
    name = Agent.objects.filter(pk=agent_id).values_list("name", flat=True).first()
    if name is None:
        return
    trace_name = Trace.objects.filter(pk=OuterRef("trace_id")).values("name")
    own = TracePayload.objects.filter(trace__agent_id=agent_id)
    for batch in _batches(list(own.values_list("pk", flat=True))):
        TracePayload.objects.filter(pk__in=batch).update(names=Concat(Subquery(trace_name), Value(f"\n{name}")))


def _batches(ids: list[int], size: int = 500) -> list[list[int]]:
    return [ids[first : first + size] for first in range(0, len(ids), size)]
