"""Which failures are told to whom, and how often; ingest raises an alert, the outbox has it told.

An alert is stored in the transaction that makes the trace a failure: there is never the one without the other. A mail
is stored in the transaction that marks its alerts as told, so none is told twice and none is forgotten.
"""

from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import Account, User
from tracen.outbox.delivery import TryLater, put, waiting_bodies
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
UNCONFIRMED_A_DAY = 10
"""How many alert mails in 24 hours an account may send to addresses that nobody has confirmed."""
_MOST_IN_ONE = 5_000
"""How many failures one mail tells of; what is beyond waits for the next."""
_LONGEST_WAIT = timedelta(days=4)
"""No alert is told later than this after it was raised: the outbox gives up before."""


def raise_alert(account: Account, trace: Trace, status: TraceStatus) -> None:
    """Note that the trace entered `status`, once for each status however often it is said.

    Must run in the transaction that stores the status; it holds the trace's row, so two cannot raise the same.
    """
    if Alert.objects.filter(trace=trace, status=status).exists():
        return
    alert = Alert.objects.create(account=account, trace=trace, agent_id=trace.agent_id, status=status)
    announce(alert)
    if account.plan.has_alerts:
        put("alert", {"alert": alert.pk}, account.pk)


def tell_members(delivery: Delivery, body: dict[str, Any]) -> None:
    """Mail the alert to the account's members who want it, with all that waits beside it; later if one was just sent.

    What is slow to read is read first: the account's row is held only while the mails are stored.
    """
    alert = _untold(body["alert"])
    if alert is None or not _readers(alert.account):
        return
    _wait_for_pause(alert)
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
        _wait_for_pause(newest)
        waiting = _waiting_with(newest)
        others = [alert for alert in waiting if alert.pk != newest.pk]
        put_mail(letter(report, others, _readers(newest.account)), newest.account_id)
        Alert.objects.filter(pk__in=[alert.pk for alert in waiting]).update(mailed_at=timezone.now())


def _untold(alert_id: int) -> Alert | None:
    """The alert with what its mail needs; None if it was told, or its trace, its account or the plan for it is gone."""
    found = Alert.objects.select_related("account", "agent", "trace__agent", "trace__payload")
    alert = found.filter(pk=alert_id, mailed_at=None, account__closed_at=None).first()
    return alert if alert and alert.account.plan.has_alerts else None


def _wait_for_pause(alert: Alert) -> None:
    """Raise TryLater while the last mail about the same agent is too fresh; traces without an agent count as one."""
    now = timezone.now()
    last = _of_same_agent(alert).filter(mailed_at__gt=now - PAUSE).order_by("-mailed_at").first()
    if last and last.mailed_at:
        raise TryLater("A mail about this agent was sent in the last five minutes.", last.mailed_at + PAUSE - now)


def _has_changed() -> TryLater:
    """Another worker told it, or it was deleted, between two looks: look once more."""
    return TryLater("What there is to tell has changed.", timedelta())


def _waiting_with(alert: Alert) -> list[Alert]:
    """The alert and the other untold ones of its agent, newest first: those that the outbox has to deliver.

    There may be more without a mark: raised while the plan had no alerts, they are nobody's to tell.
    """
    due = [body["alert"] for body in waiting_bodies("alert", alert.account_id, _MOST_IN_ONE)]
    untold = _of_same_agent(alert).filter(mailed_at=None, pk__in={alert.pk, *due})
    return list(untold.select_related("trace").order_by("-raised_at", "-pk"))


def _of_same_agent(alert: Alert) -> QuerySet[Alert]:
    recent = timezone.now() - _LONGEST_WAIT
    return Alert.objects.filter(account_id=alert.account_id, agent=alert.agent, raised_at__gt=recent)


def _readers(account: Account) -> list[str]:
    """The addresses of the members who want alerts.

    An address that is not confirmed may be a stranger's. It gets alerts too, since nothing in the product waits for
    the confirmation, but not as a means to fill somebody's mailbox: a few a day for the whole account.
    """
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
    wanting = User.objects.filter(memberships__account=account, memberships__wants_alerts=True, is_active=True)
    people = list(wanting.annotate(is_confirmed=Exists(confirmed)).order_by("pk"))
    if not all(person.is_confirmed for person in people) and _mails_today(account) >= UNCONFIRMED_A_DAY:
        people = [person for person in people if person.is_confirmed]
    return [person.email for person in people]


def _mails_today(account: Account) -> int:
    """All alerts that one mail told bear the same moment."""
    now = timezone.now()
    told = Alert.objects.filter(account=account, raised_at__gt=now - _LONGEST_WAIT, mailed_at__gt=now - timedelta(1))
    return told.order_by().values("mailed_at").distinct().count()
