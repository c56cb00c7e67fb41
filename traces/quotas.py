"""The only place that compares a limit: the monthly quota, the agent limit and the hourly window of a key.

Each reservation is one locked row in the transaction that stores its effect, so that any number of clients and
processes at a limit get exactly the limit: counting first and inserting later let 1,026 of 1,000 through.
"""

from array import array
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Account, ApiKey
from accounts.plans import FREE
from traces.errors import AgentLimitReached, MonthlyLimitReached, RateLimited
from traces.limits import RATE_WINDOW_REQUESTS, RATE_WINDOW_SECONDS
from traces.models import Agent, MonthlyUsage, RateWindow

_WINDOW = RATE_WINDOW_SECONDS * 1_000_000
_TOLD_FROM_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account has used of its plan this month."""

    traces: int
    limit: int | None
    resets_at: datetime

    @property
    def is_near_limit(self) -> bool:
        """Whether it is time to tell: so much is used that a busy week may use the rest."""
        return self.limit is not None and self.traces * 100 >= self.limit * _TOLD_FROM_PERCENT

    @property
    def is_at_limit(self) -> bool:
        return self.limit is not None and self.traces >= self.limit


def usage_of(account: Account) -> Usage:
    month, resets_at = _month_of(timezone.now())
    used = MonthlyUsage.objects.filter(account=account, month=month).values_list("traces", flat=True).first()
    return Usage(traces=used or 0, limit=account.plan.traces_per_month, resets_at=resets_at)


def reserve_trace(account: Account) -> None:
    """Count one more trace in this month (UTC, server time), or raise MonthlyLimitReached.

    Must run in the transaction that stores the trace; it holds the account's usage row until that ends.
    """
    now = timezone.now()
    month, resets_at = _month_of(now)
    limit = account.plan.traces_per_month
    usage = MonthlyUsage.objects.filter(account=account, month=month)
    below = usage if limit is None else usage.filter(traces__lt=limit)
    if below.update(traces=F("traces") + 1):
        return
    MonthlyUsage.objects.bulk_create([MonthlyUsage(account=account, month=month)], ignore_conflicts=True)
    if below.update(traces=F("traces") + 1):
        return
    stored = usage.values_list("traces", flat=True).get()
    raise MonthlyLimitReached(
        limit=limit or 0, current=stored + 1, can_upgrade=account.plan == FREE, resets_at=resets_at, now=now
    )


def reserve_agent(account: Account, name: str) -> Agent:
    """The account's agent of that name, made on first use, or AgentLimitReached. Runs in the caller's transaction."""
    agent = Agent.objects.filter(account=account, name=name).first()
    if agent:
        return agent
    # Only a new agent waits for the account's row: two first uses at once must not both pass the count.
    Account.objects.select_for_update().filter(pk=account.pk).first()
    limit = account.plan.agents
    agent = Agent.objects.filter(account=account, name=name).first()
    if agent:
        return agent
    if limit is not None and Agent.objects.filter(account=account).count() >= limit:
        raise AgentLimitReached(plan=account.plan.name, limit=limit)
    return Agent.objects.create(account=account, name=name)


def hit_rate_window(key: ApiKey) -> None:
    """Count one request made with `key`, or raise RateLimited if there were 100 in the 3,600 s before it.

    A refused request does not count. Stores the exact time of each counted request: a rolling window, not a bucket.
    """
    with transaction.atomic():
        window = RateWindow.objects.select_for_update().filter(pk=key.pk).first() or _open_window(key)
        hits = array("q", bytes(window.hits))
        # A clock set back must not reopen the window.
        now = max([int(timezone.now().timestamp() * 1_000_000), *hits[-1:]])
        live = array("q", (hit for hit in hits if hit > now - _WINDOW))
        if len(live) >= RATE_WINDOW_REQUESTS:
            wait = live[-RATE_WINDOW_REQUESTS] + _WINDOW - now
            raise RateLimited(limit=RATE_WINDOW_REQUESTS, retry_after=max(1, -(-wait // 1_000_000)))
        live.append(now)
        RateWindow.objects.filter(pk=key.pk).update(hits=live.tobytes())


def _open_window(key: ApiKey) -> RateWindow:
    RateWindow.objects.bulk_create([RateWindow(api_key=key)], ignore_conflicts=True)
    return RateWindow.objects.select_for_update().get(pk=key.pk)


def _month_of(now: datetime) -> tuple[date, datetime]:
    """The first day of the month (UTC) and the moment the next one begins."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.date(), (first + timedelta(days=32)).replace(day=1)
