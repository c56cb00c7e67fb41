"""What each plan allows, as numbers: the only place where a plan's limits stand. No ORM, no Stripe."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan's limits; None means no limit. `retention_days` None means the operator's TRACEN_RETENTION_DAYS."""

    slug: str
    name: str
    price_usd: int
    traces_per_month: int | None
    agents: int | None
    retention_days: int | None
    has_alerts: bool


FREE = Plan("free", "Free", 0, traces_per_month=1_000, agents=1, retention_days=30, has_alerts=False)
PRO = Plan("pro", "Pro", 9, traces_per_month=50_000, agents=None, retention_days=90, has_alerts=True)
UNLIMITED = Plan("unlimited", "Unlimited", 0, traces_per_month=None, agents=None, retention_days=None, has_alerts=True)

PLANS = {plan.slug: plan for plan in (FREE, PRO, UNLIMITED)}

MAX_LIVE_KEYS = 50
"""API keys that an account may have at a time, on any plan: enough for every program, few enough to look through."""
