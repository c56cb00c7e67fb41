"""The only place that compares a limit: the monthly quota, the agent limit and the hourly window of a key.

Each limit is a row that is locked in the transaction which stores what it counts, so that any number of clients and
processes at a limit get exactly the limit: counting first and inserting later let 1,026 of 1,000 through. Each class
here serves one transaction: it takes the lock once, counts any number of works, and writes the count once.
"""

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Account, ApiKey
from accounts.plans import FREE
from tracen.lib.rows import Asked, ask_rows, update_rows
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


class Months:
    """The traces of this calendar month (UTC, server time) of some accounts, held until the transaction ends.

    It is only asked for them at first, together with what else is asked for a batch (tracen/lib/rows.py); `open` comes
    before what is counted.
    """

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._now = timezone.now()
        self._month, self._resets_at = _month_of(self._now)
        self._asked = self._ask({account.pk for account in accounts})
        self._rows: dict[int, tuple[int, int]] = {}
        """By account its row and what it has used."""
        self._taken: Counter[int] = Counter()

    def open(self, accounts: Iterable[Account]) -> None:
        """Make the months that are not there yet, of some of the accounts."""
        self._rows = _by_account(self._asked)
        # In the same order everywhere: two processes that open the same months must not wait for each other.
        missing = sorted({account.pk for account in accounts} - self._rows.keys())
        if missing:
            opened = [MonthlyUsage(account_id=pk, month=self._month) for pk in missing]
            MonthlyUsage.objects.bulk_create(opened, ignore_conflicts=True)
            self._rows |= _by_account(self._ask(missing))

    def check(self, account: Account) -> None:
        """Raise MonthlyLimitReached if not one more trace fits."""
        limit, used = account.plan.traces_per_month, self._rows[account.pk][1] + self._taken[account.pk]
        if limit is not None and used >= limit:
            raise MonthlyLimitReached(
                limit=limit,
                current=used + 1,
                can_upgrade=account.plan == FREE,
                resets_at=self._resets_at,
                now=self._now,
            )

    def take(self, account: Account) -> None:
        """Count one more trace."""
        self._taken[account.pk] += 1

    def store(self) -> None:
        """Write what was taken."""
        taken = [(self._rows[pk], count) for pk, count in sorted(self._taken.items())]
        update_rows(MonthlyUsage, ("traces",), [(used + count, row) for (row, used), count in taken])

    def _ask(self, accounts: Iterable[int]) -> Asked:
        columns = ("account_id", "id", "traces")
        return ask_rows(MonthlyUsage, columns, {"account_id": accounts, "month": [self._month]}, held=True)


def _by_account(asked: Asked) -> dict[int, tuple[int, int]]:
    return {account_id: (row, used) for account_id, row, used in asked.rows()}


class Agents:
    """Agents by account and name, made on first use."""

    def __init__(self, wanted: Iterable[tuple[Account, str]]) -> None:
        """Ask which of them there are: one query for any number of them."""
        named = {(account.pk, name) for account, name in wanted}
        among: dict[str, set[Any]] = {"account_id": {pk for pk, _ in named}, "name": {name for _, name in named}}
        self._asked = ask_rows(Agent, ("account_id", "name", "id"), among)
        self._ids: dict[tuple[int, str], int] | None = None

    def find_or_make(self, account: Account, name: str) -> int:
        """The id of the account's agent of that name, or AgentLimitReached."""
        if self._ids is None:
            self._ids = {(account_id, known_as): pk for account_id, known_as, pk in self._asked.rows()}
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
    """The requests of the last hour made with each of some keys: rolling windows, not buckets; held until the end.

    Asked for and opened as the months are.
    """

    def __init__(self, key_ids: Iterable[int]) -> None:
        self._asked = _ask_hits(key_ids)
        self._hits: dict[int, array[int]] = {}
        self._changed: set[int] = set()

    def open(self, key_ids: Iterable[int]) -> None:
        """Make the windows that are not there yet, of some of the keys."""
        self._hits = _by_key(self._asked)
        missing = sorted(set(key_ids) - self._hits.keys())
        if missing:
            RateWindow.objects.bulk_create([RateWindow(api_key_id=pk) for pk in missing], ignore_conflicts=True)
            self._hits |= _by_key(_ask_hits(missing))

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


def _ask_hits(key_ids: Iterable[int]) -> Asked:
    return ask_rows(RateWindow, ("api_key_id", "hits"), {"api_key_id": set(key_ids)}, held=True)


def _by_key(asked: Asked) -> "dict[int, array[int]]":
    return {pk: array("q", bytes(hits)) for pk, hits in asked.rows()}


def hit_rate_window(key: ApiKey) -> None:
    """Count one request made with `key`, or raise RateLimited: for a request that stores nothing."""
    with transaction.atomic():
        windows = Windows([key.pk])
        windows.open([key.pk])
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
