"""The only place that compares a limit: the monthly quota, the agent limit and the hourly window of a key.

Each limit is a row that is locked in the transaction which stores what it counts, so that any number of clients and
processes at a limit get exactly the limit: counting first and inserting later let 1,026 of 1,000 through. Each class
here serves one transaction: it takes the lock once, counts any number of works, and writes the count once.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import Account, ApiKey
from accounts.plans import FREE
from traces.errors import AgentLimitReached, MonthlyLimitReached, RateLimited
from traces.limits import RATE_WINDOW_REQUESTS, RATE_WINDOW_SECONDS
from traces.models import Agent, MonthlyUsage, RateWindow
from traces.rows import update_rows

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


class Month:
    """An account's traces of this calendar month (UTC, server time), held until the transaction ends."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._now = timezone.now()
        self._month, self._resets_at = _month_of(self._now)
        self._limit = account.plan.traces_per_month
        self._stored = 0 if self._limit is None else self._held()
        self._taken = 0

    def check(self) -> None:
        """Raise MonthlyLimitReached if not one more trace fits."""
        if self._limit is not None and self._stored + self._taken >= self._limit:
            raise MonthlyLimitReached(
                limit=self._limit,
                current=self._stored + self._taken + 1,
                can_upgrade=self._account.plan == FREE,
                resets_at=self._resets_at,
                now=self._now,
            )

    def take(self) -> None:
        """Count one more trace."""
        self._taken += 1

    def store(self) -> None:
        """Write what was taken."""
        if self._taken and not self._row().update(traces=F("traces") + self._taken):
            self._open()
            self._row().update(traces=F("traces") + self._taken)

    def _row(self) -> QuerySet[MonthlyUsage]:
        return MonthlyUsage.objects.filter(account=self._account, month=self._month)

    def _held(self) -> int:
        held = self._row().select_for_update()
        row = held.first()
        if row is None:
            self._open()
            row = held.get()
        return row.traces

    def _open(self) -> None:
        MonthlyUsage.objects.bulk_create(
            [MonthlyUsage(account=self._account, month=self._month)], ignore_conflicts=True
        )


class Agents:
    """Agents by account and name, made on first use."""

    def __init__(self, wanted: Iterable[tuple[Account, str]]) -> None:
        """Find those that there are, with one query for any number of them."""
        names = {(account.pk, name) for account, name in wanted}
        found = Agent.objects.filter(account__in={pk for pk, _ in names}, name__in={name for _, name in names})
        self._ids: dict[tuple[int, str], int] = {
            (account_id, name): pk for pk, account_id, name in found.values_list("pk", "account_id", "name")
        }

    def find_or_make(self, account: Account, name: str) -> int:
        """The id of the account's agent of that name, or AgentLimitReached."""
        known = self._ids.get((account.pk, name))
        if known is None:
            known = self._ids[account.pk, name] = self._make(account, name)
        return known

    def _make(self, account: Account, name: str) -> int:
        # Only a new agent waits for the account's row: two first uses at once must not both pass the count.
        Account.objects.select_for_update().filter(pk=account.pk).first()
        limit, agents = account.plan.agents, Agent.objects.filter(account=account)
        known = agents.filter(name=name).values_list("pk", flat=True).first()
        if known is not None:
            return known
        if limit is not None and agents.count() >= limit:
            raise AgentLimitReached(plan=account.plan.name, limit=limit)
        return Agent.objects.create(account=account, name=name).pk


class Windows:
    """The requests of the last hour made with each of some keys: rolling windows, not buckets; held until the end."""

    def __init__(self, key_ids: Iterable[int]) -> None:
        wanted = sorted(set(key_ids))
        self._hits = self._held(wanted)
        missing = [pk for pk in wanted if pk not in self._hits]
        if missing:
            RateWindow.objects.bulk_create([RateWindow(api_key_id=pk) for pk in missing], ignore_conflicts=True)
            self._hits |= self._held(missing)
        self._changed: set[int] = set()

    def check(self, key_id: int) -> None:
        """Raise RateLimited if there were 100 requests in the 3,600 s before this moment."""
        live = self._hits[key_id] = _live(self._hits[key_id])
        if len(live) >= RATE_WINDOW_REQUESTS:
            wait = live[-RATE_WINDOW_REQUESTS] + _WINDOW - _moment_after(live)
            raise RateLimited(limit=RATE_WINDOW_REQUESTS, retry_after=max(1, -(-wait // 1_000_000)))

    def hit(self, key_id: int) -> None:
        """Count one request."""
        self._hits[key_id].append(_moment_after(self._hits[key_id]))
        self._changed.add(key_id)

    def store(self) -> None:
        """Write what was counted."""
        changed = [(self._hits[key_id].tobytes(), key_id) for key_id in sorted(self._changed)]
        update_rows(RateWindow, ("hits",), changed)

    def _held(self, key_ids: list[int]) -> "dict[int, array[int]]":
        held = RateWindow.objects.select_for_update().filter(pk__in=key_ids).order_by("pk")
        return {pk: array("q", bytes(hits)) for pk, hits in held.values_list("pk", "hits")}


def hit_rate_window(key: ApiKey) -> None:
    """Count one request made with `key`, or raise RateLimited: for a request that stores nothing."""
    with transaction.atomic():
        windows = Windows([key.pk])
        windows.check(key.pk)
        windows.hit(key.pk)
        windows.store()


def _moment_after(hits: "array[int]") -> int:
    """Now in microseconds, but never before the last hit: a clock set back must not reopen the window."""
    return max([int(timezone.now().timestamp() * 1_000_000), *hits[-1:]])


def _live(hits: "array[int]") -> "array[int]":
    start = _moment_after(hits) - _WINDOW
    return hits if not hits or hits[0] > start else array("q", (hit for hit in hits if hit > start))


def _month_of(now: datetime) -> tuple[date, datetime]:
    """The first day of the month (UTC) and the moment the next one begins."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.date(), (first + timedelta(days=32)).replace(day=1)
