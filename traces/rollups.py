"""What is counted of hours that are over, kept for the charts: built by a task, read by traces/measures.py.

The stored traces are the truth and a summary is a cache of them: whoever changes or deletes a trace calls `forget_hours`
in the same transaction, and an hour without a summary is counted from its traces. Long lists of durations are rounded,
by at most `tallies.LARGEST_ERROR`.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account
from traces.models import Agent, HourSummary, MonthlyUsage
from traces.tallies import Slots, Stretch, Tally, add_up, count_traces, round_duration

HOUR = timedelta(hours=1)
SETTLED_AFTER = timedelta(minutes=5)
"""A trace says when it was received before it is committed; no transaction lasts this long (settings.py)."""
_KEPT_EXACT = 16
"""So many different durations are kept as they are: the numbers of a small account stay exact."""
_SUMS = ("traces", "failed", "input_tokens", "output_tokens", "cost_nanodollars")
"""What a summary and a tally have in common, in the order in which a tally takes it."""
_LOOKED_AT = 20_000
"""Of how many traces at once it is asked in which hours they were received."""
_LOCK = "SELECT pg_advisory_xact_lock(%s, hour) FROM unnest(%s::int[]) AS hour"
_LOCK_SHARED = "SELECT pg_advisory_xact_lock_shared(%s, hour) FROM unnest(%s::int[]) AS hour"

Summaries = list[tuple[datetime, int | None, Tally]]


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def read_summaries(account: Account, slots: Slots, agent: Agent | None, *, by_agent: bool) -> Summaries:
    """The summaries of the hours in `slots` with their agents; those of the whole account are always among them."""
    rows = HourSummary.objects.filter(account=account, hour__gte=slots.start, hour__lt=slots.end)
    if not by_agent:
        rows = rows.filter(Q(agent=None) | Q(agent=agent)) if agent else rows.filter(agent=None)
    figures = rows.values_list("hour", "agent", *_SUMS, "durations")
    return [
        (hour, agent_id, Tally(traces, failed, tokens_in, tokens_out, cost, _unpack(durations)))
        for hour, agent_id, traces, failed, tokens_in, tokens_out, cost, durations in figures
    ]


def uncounted(start: datetime, end: datetime, counted: Collection[datetime]) -> list[Stretch]:
    """What of the time from `start` to `end` has no summary: as few stretches as possible, newest first."""
    stretches, until = [], end
    for hour in sorted(counted, reverse=True):
        if hour + HOUR < until:
            stretches.append((hour + HOUR, until))
        until = hour
    return [*stretches, (start, until)] if start < until else stretches


# Forgetting ---------------------------------------------------------------------------------------------------------


def forget_hours(changed: Iterable[tuple[int, datetime]]) -> None:
    """Drop what is counted of the hours in which traces were received that the current transaction changes or deletes.

    `changed` holds their accounts' ids and times of receipt. Costs nothing in the hour that we are in.
    """
    current = hour_of(timezone.now())
    hours: dict[int, set[datetime]] = {}
    for account_id, received_at in changed:
        if received_at < current:
            hours.setdefault(account_id, set()).add(hour_of(received_at))
    for account_id in sorted(hours):
        _hold(account_id, hours[account_id], is_shared=True)
        HourSummary.objects.filter(account=account_id, hour__in=hours[account_id]).delete()


def _hold(account_id: int, hours: Iterable[datetime], *, is_shared: bool) -> None:
    """Keep building and changing apart until the transaction ends: who builds sees every change, or is seen by it.

    Many may change traces of an hour at once. On SQLite each transaction that writes is alone anyway.
    """
    if connection.vendor != "postgresql":
        return
    numbers = sorted(int(hour.timestamp()) // 3600 for hour in hours)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_SHARED if is_shared else _LOCK, [account_id % 2**31, numbers])


# Building -----------------------------------------------------------------------------------------------------------


def summarise_hours() -> int:
    """Count the hours that are over and not counted, of every account that may look at them; how many they were."""
    end = hour_of(timezone.now() - SETTLED_AFTER)
    start = _first_of_month_before(end)
    active = MonthlyUsage.objects.filter(month__gte=start.date(), account__closed_at=None)
    accounts = active.order_by("account").values_list("account", flat=True).distinct()
    return sum(_summarise_account(account_id, start, end) for account_id in list(accounts))


def _summarise_account(account_id: int, start: datetime, end: datetime) -> int:
    HourSummary.objects.filter(account=account_id, hour__lt=start).delete()
    built = 0
    while waiting := _uncounted_hours(account_id, start, end):
        new = sum(summarise_hour(account_id, hour) for hour in waiting)
        if not new:
            break
        built += new
    return built


def summarise_hour(account_id: int, hour: datetime) -> bool:
    """Count one hour that is over; False if it has been done, or there is nothing to count."""
    with transaction.atomic():
        # The account before the hour: ingest, too, makes agents (which takes the account's row) before it forgets hours.
        # A closed account is being erased.
        open_account = Account.objects.select_for_update(no_key=True).filter(pk=account_id, closed_at=None)
        if open_account.first() is None:
            return False
        _hold(account_id, [hour], is_shared=False)
        if HourSummary.objects.filter(account=account_id, hour=hour).exists():
            return False
        tallies = _count_hour(account_id, hour)
        HourSummary.objects.bulk_create(_summary(account_id, hour, *tally) for tally in tallies.items())
    return bool(tallies)


def _count_hour(account_id: int, hour: datetime) -> dict[int | None, Tally]:
    """Its traces by agent, and all of them under None; empty if there are none."""
    found: dict[int | None, Tally] = {}
    for agent_id, _, tally in count_traces(account_id, [(hour, hour + HOUR)], Slots(hour, HOUR), by_agent=True):
        found.setdefault(agent_id, Tally()).add(tally)
    # Among the total are the traces of no agent, which stood under None until now.
    return {**found, None: add_up(found.values())} if found else {}


def _uncounted_hours(account_id: int, start: datetime, end: datetime) -> list[datetime]:
    """Hours with traces and without a summary, found from the newest of those traces."""
    counted = HourSummary.objects.filter(account=account_id, agent=None, hour__gte=start, hour__lt=end)
    stretches = uncounted(start, end, list(counted.values_list("hour", flat=True)))
    found = count_traces(account_id, stretches, Slots(start, HOUR), at_most=_LOOKED_AT)
    return sorted({start + HOUR * slot for _, slot, _ in found}, reverse=True)


def _summary(account_id: int, hour: datetime, agent_id: int | None, tally: Tally) -> HourSummary:
    return HourSummary(
        account_id=account_id,
        agent_id=agent_id,
        hour=hour,
        **{name: getattr(tally, name) for name in _SUMS},
        durations=_pack(tally.durations),
    )


def _pack(durations: Counter[int]) -> str:
    kept = durations
    if len(durations) > _KEPT_EXACT:
        kept = Counter()
        for ms, count in durations.items():
            kept[round_duration(ms)] += count
    return json.dumps([number for pair in sorted(kept.items()) for number in pair], separators=(",", ":"))


def _unpack(text: str) -> Counter[int]:
    numbers = json.loads(text)
    return Counter(dict(zip(numbers[::2], numbers[1::2], strict=True)))


def _first_of_month_before(moment: datetime) -> datetime:
    """As far back as a page looks: last month, to compare this one with."""
    first = moment.replace(day=1, hour=0)
    return (first - HOUR).replace(day=1, hour=0)
