"""Which failures are told to whom, and how often; ingest raises an alert, the outbox has it told.

An alert is stored in the transaction that makes the trace a failure: there is never the one without the other. A mail
is stored in the transaction that marks its alerts as told, so none is told twice and none is forgotten.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import Account, User
from tracen.outbox.delivery import NotYet, put, waiting_bodies
from tracen.outbox.mail import put_mail
from tracen.outbox.models import Delivery
from traces import failure_report
from traces.alert_mail import letter
from traces.failure_report import FailureReport
from traces.models import Alert, Trace
from traces.records import TraceStatus
from traces.webhooks.events import announce

FAILURES = (TraceStatus.ERROR, TraceStatus.TIMEOUT)
PAUSE = timedelta(minutes=5)
"""At most one mail about an agent in this time; what fails meanwhile is counted into the next."""
_MOST_IN_ONE = 5_000
"""How many failures one mail tells of; what is beyond waits for the next."""


@dataclass(frozen=True, slots=True)
class _Allowance:
    """How many alert mails an account may send in a time; what fails beyond is counted into the next one."""

    mails: int
    time: timedelta


AN_HOUR = _Allowance(60, timedelta(hours=1))
"""For everybody: a thousand agents that fail at once are no reason for a thousand mails."""
UNCONFIRMED_A_DAY = _Allowance(10, timedelta(days=1))
"""To addresses that nobody has confirmed."""


@dataclass(frozen=True, slots=True)
class _Reader:
    """A member's address."""

    email: str
    is_confirmed: bool


def raise_alert(account: Account, trace: Trace, status: TraceStatus) -> None:
    """Note that the trace entered `status`, once for each status however often it is said.

    Must run in the transaction that stores the status; it holds the trace's row, so two cannot raise the same.
    """
    if Alert.objects.filter(trace=trace, status=status).exists():
        return
    alert = Alert.objects.create(account=account, trace=trace, agent_id=trace.agent_id, status=status)
    announce(alert)
    if account.plan.has_alerts:
        put("alert", {"alert": alert.pk}, account.pk, group=_group(alert))


def tell_members(delivery: Delivery, body: dict[str, Any]) -> None:
    """Mail the alert to the account's members who want it, with all that waits beside it; later if one was just sent.

    What is slow to read is read first: the account's row is held only while the mails are stored.
    """
    alert = _untold(body["alert"])
    if alert is None or not _wanting(alert.account):
        return
    _wait_for_turn(alert)
    waiting = _waiting_with(alert)
    newest = _untold(waiting[0].pk) if waiting else None
    if newest is None:
        raise _has_changed()
    _tell(newest, failure_report.build(newest.trace, TraceStatus(newest.status)))


def _tell(newest: Alert, report: FailureReport) -> None:
    """Store the mails, and mark all that they tell of, in one transaction."""
    with transaction.atomic():
        # The row that every teller of this account takes, so that of two the second sees the first one's mark. Rows
        # that refer to the account can still be written: it is not its key that is held.
        Account.objects.select_for_update(no_key=True).filter(pk=newest.account_id).first()
        if _untold(newest.pk) is None:
            raise _has_changed()
        readers = _wait_for_turn(newest)
        waiting = _waiting_with(newest)
        others = [alert for alert in waiting if alert.pk != newest.pk]
        put_mail(letter(report, others, readers), newest.account_id)
        Alert.objects.filter(pk__in=[alert.pk for alert in waiting]).update(mailed_at=timezone.now())


def _untold(alert_id: int) -> Alert | None:
    """The alert with what its mail needs; None if it was told, or its trace, its account or the plan for it is gone."""
    found = Alert.objects.select_related("account", "trace__agent", "trace__payload")
    alert = found.filter(pk=alert_id, mailed_at=None, account__closed_at=None).first()
    return alert if alert and alert.account.plan.has_alerts else None


def _wait_for_turn(alert: Alert) -> list[str]:
    """Who may be mailed now; raises NotYet while the last mail is too fresh, or too many were sent."""
    now = timezone.now()
    told = Alert.objects.filter(account_id=alert.account_id)
    last = told.filter(Q(agent_id=alert.agent_id), mailed_at__gt=now - PAUSE).order_by("-mailed_at").first()
    if last and last.mailed_at:
        raise NotYet("A mail about this agent was sent in the last five minutes.", last.mailed_at + PAUSE - now)
    if wait := _wait_for(alert.account, AN_HOUR, now):
        raise NotYet(f"{AN_HOUR.mails} alert mails were sent in the last hour.", wait)
    return [reader.email for reader in _readers_now(alert.account, now)]


def _readers_now(account: Account, now: datetime) -> list[_Reader]:
    """Who wants alerts; of more than a few a day only those whose address is confirmed, and NotYet if nobody's is."""
    readers = _wanting(account)
    confirmed = [reader for reader in readers if reader.is_confirmed]
    wait = _wait_for(account, UNCONFIRMED_A_DAY, now) if len(confirmed) < len(readers) else None
    if wait and not confirmed:
        raise NotYet(f"{UNCONFIRMED_A_DAY.mails} mails a day go to an address that is not confirmed.", wait)
    return confirmed if wait else readers


def _wait_for(account: Account, allowance: _Allowance, now: datetime) -> timedelta | None:
    """How long until the account may send one more mail; None if it may now."""
    recent = Alert.objects.filter(account=account, mailed_at__gt=now - allowance.time)
    # All alerts that one mail told bear the same moment.
    sent = recent.order_by("-mailed_at").values_list("mailed_at", flat=True).distinct()[: allowance.mails]
    moments = [moment for moment in sent if moment]
    return moments[-1] + allowance.time - now if len(moments) == allowance.mails else None


def _has_changed() -> NotYet:
    """Another worker told it, or it was deleted, between two looks: look once more."""
    return NotYet("What there is to tell has changed.", timedelta())


def _waiting_with(alert: Alert) -> list[Alert]:
    """The alert and the other untold ones of its agent, newest first: those that the outbox has to deliver.

    There may be more without a mark: raised while the plan had no alerts, they are nobody's to tell.
    """
    due = [body["alert"] for body in waiting_bodies("alert", _group(alert), _MOST_IN_ONE)]
    untold = Alert.objects.filter(account_id=alert.account_id, mailed_at=None, pk__in={alert.pk, *due})
    return list(untold.select_related("trace").order_by("-raised_at", "-pk"))


def _group(alert: Alert) -> str:
    """Those that one mail may tell together; traces without an agent count as one of the account's agents."""
    return f"agent-{alert.agent_id}" if alert.agent_id else f"account-{alert.account_id}"


def _wanting(account: Account) -> list[_Reader]:
    """The members who want alerts.

    An address that is not confirmed may be a stranger's. It gets alerts too, since nothing in the product waits for
    the confirmation, but not as a means to fill somebody's mailbox: a few a day for the whole account.
    """
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
    wanting = User.objects.filter(memberships__account=account, memberships__wants_alerts=True, is_active=True)
    rows = wanting.annotate(is_confirmed=Exists(confirmed)).order_by("pk").values_list("email", "is_confirmed")
    return [_Reader(*row) for row in rows]
