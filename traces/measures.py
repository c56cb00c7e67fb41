"""Counts, failures, tokens, cost and percentiles of an account's traces, by slots of server time; read by the dashboard.

Hours that are over are read from their summaries (traces/rollups.py), all others from the traces themselves, of which
no more than `MAX_MEASURED` are read. A percentile is the nearest rank: a duration that some trace really had, or one
that is at most 2.5 % away from it.
"""

from collections import defaultdict
from dataclasses import dataclass

from accounts.models import Account
from traces.models import Agent
from traces.rollups import read_summaries, uncounted
from traces.tallies import Slots, Tally, add_up, count_traces

MAX_MEASURED = 50_000
"""So many are read where nothing is counted yet. Beyond it the newest speak for the rest, and the page says so."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What happened in a slot. The percentiles, in milliseconds, are of the ended traces: None if there were none."""

    traces: int = 0
    failed: int = 0
    p50_ms: int | None = None
    p95_ms: int | None = None
    input_tokens: float = 0
    output_tokens: float = 0
    cost_nanodollars: float = 0

    @property
    def failed_percent(self) -> float:
        return 100 * self.failed / self.traces if self.traces else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers of each slot and of all slots together; `is_capped` if there were more traces than were read."""

    slots: list[Numbers]
    total: Numbers
    is_capped: bool = False


NOTHING = Numbers()


def measure(account: Account, slots: Slots, agent: Agent | None = None) -> Measured:
    """The numbers of one agent or of all traces; a slot is one or more whole hours of UTC. Two queries."""
    tallies, is_capped = _gather(account, slots, agent)
    return _measured(tallies[agent.pk if agent else None], is_capped)


def measure_agents(account: Account, slots: Slots) -> dict[int, Measured]:
    """The numbers of every agent that ran in the slots, by the agent's id. Two queries."""
    tallies, is_capped = _gather(account, slots, by_agent=True)
    return {owner: _measured(found, is_capped) for owner, found in tallies.items() if owner is not None}


def _gather(
    account: Account, slots: Slots, agent: Agent | None = None, *, by_agent: bool = False
) -> tuple[dict[int | None, list[Tally]], bool]:
    """A tally for each slot, of the agent or of each agent; and whether there were more traces than were read."""
    wanted = agent.pk if agent else None
    tallies: dict[int | None, list[Tally]] = defaultdict(lambda: [Tally() for _ in range(slots.count)])
    summaries = read_summaries(account, slots, agent, by_agent=by_agent)
    for hour, owner, tally in summaries:
        if by_agent or owner == wanted:
            tallies[owner][(hour - slots.start) // slots.width].add(tally)
    rest = uncounted(slots.start, slots.end, [hour for hour, owner, _ in summaries if owner is None])
    read = 0
    for owner, slot, tally in count_traces(
        account.pk, rest, slots, agent_id=wanted, by_agent=by_agent, at_most=MAX_MEASURED
    ):
        tallies[owner if by_agent else wanted][slot].add(tally)
        read += tally.traces
    return tallies, read >= MAX_MEASURED


def _measured(tallies: list[Tally], is_capped: bool) -> Measured:
    return Measured([_numbers(tally) for tally in tallies], _numbers(add_up(tallies)), is_capped)


def _numbers(tally: Tally) -> Numbers:
    return Numbers(
        traces=tally.traces,
        failed=tally.failed,
        p50_ms=tally.percentile(50),
        p95_ms=tally.percentile(95),
        input_tokens=tally.input_tokens,
        output_tokens=tally.output_tokens,
        cost_nanodollars=tally.cost_nanodollars,
    )
