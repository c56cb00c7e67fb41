"""Which failures are told to whom, and how often; ingest raises an alert, the outbox has it told.

An alert is stored in the transaction that makes the trace a failure: there is never the one without the other.
"""

from typing import Any

from accounts.models import Account
from tracen.outbox.delivery import put
from tracen.outbox.models import Delivery
from traces.models import Alert, Trace
from traces.records import TraceStatus

FAILURES = (TraceStatus.ERROR, TraceStatus.TIMEOUT)


def raise_alert(account: Account, trace: Trace, status: TraceStatus) -> None:
    """Note that the trace entered `status`, once for each status however often it is said.

    Must run in the transaction that stores the status; it holds the trace's row, so two cannot raise the same.
    """
    if Alert.objects.filter(trace=trace, status=status).exists():
        return
    alert = Alert.objects.create(account=account, trace=trace, agent_id=trace.agent_id, status=status)
    if account.plan.has_alerts:
        put("alert", {"alert": alert.pk}, account.pk)


def tell_members(delivery: Delivery, body: dict[str, Any]) -> None:
    """Mail the alert to the account's members who want it."""
