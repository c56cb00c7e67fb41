"""A webhook's life: made, rolled, failing, disabled, enabled again; the only writer of the `Webhook` rows.

After a failure the address is left alone for a while, each time for longer. Twenty failures in a row take about as
long as a day without success, and either ends it: the webhook is disabled and its owners get a mail.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Membership, User
from tracen.outbox.delivery import hasten
from tracen.outbox.mail import put_mail
from traces.models import Webhook, WebhookDelivery
from traces.webhooks.signing import make_secret

MAX_WEBHOOKS = 5
"""Of an account, disabled ones too."""
MAX_FAILURES = 20
LONGEST_FAILING = timedelta(hours=24)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=2)
MAILS_A_DAY = 10
"""To the owners of an account: who enables what fails at once again and again gets no more than this."""
_DISABLED = "The webhook was disabled"


class TooMany(Exception):
    """The account has as many webhooks as it may have."""


def add_webhook(account: Account, url: str) -> Webhook:
    """A new webhook with a secret of its own. Raises TooMany."""
    with transaction.atomic():
        # The account's row is held, so that two at once cannot both be the last one.
        Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if Webhook.objects.filter(account=account).count() >= MAX_WEBHOOKS:
            raise TooMany
        return Webhook.objects.create(account=account, url=url, secret=make_secret())


def roll_secret(webhook: Webhook) -> None:
    """Sign with a new secret from the next request on."""
    Webhook.objects.filter(pk=webhook.pk).update(secret=make_secret())


def group_of(webhook: Webhook) -> str:
    """What waits for the webhook, as the outbox knows it."""
    return f"webhook-{webhook.pk}"


def note_success(webhook: Webhook) -> None:
    """The address works: what was held back is sent now."""
    own = Webhook.objects.filter(pk=webhook.pk).exclude(failures=0)
    if own.update(failures=0, failing_since=None, quiet_until=None):
        hasten("webhook", group_of(webhook))


def note_failure(webhook: Webhook, reason: str, *, is_gone: bool) -> timedelta | None:
    """Count a failed try; how long to wait for the next, or None if the webhook is disabled by now."""
    now = timezone.now()
    pause = min(FIRST_PAUSE * 2 ** min(webhook.failures, 20), LONGEST_PAUSE)
    own = Webhook.objects.filter(pk=webhook.pk)
    own.update(failures=F("failures") + 1, failing_since=Coalesce("failing_since", now), quiet_until=now + pause)
    failing = own.first()
    why = _end_of_patience(failing, reason, now, is_gone=is_gone) if failing else _DISABLED
    if failing and why and _disable(failing, why):
        _tell_owners(failing, why)
    return None if why else pause


def disable(webhook: Webhook) -> None:
    """By a member: nobody is told."""
    with transaction.atomic():
        _disable(webhook, "A member switched it off.")


def enable(webhook: Webhook) -> None:
    """Start again with a clean slate."""
    clean = {"failures": 0, "failing_since": None, "quiet_until": None}
    Webhook.objects.filter(pk=webhook.pk).update(**clean, disabled_at=None, disabled_because="")


def _end_of_patience(webhook: Webhook, reason: str, now: datetime, *, is_gone: bool) -> str:
    """Why the webhook is not to be tried any more, as a sentence; empty if it is."""
    if is_gone:
        return "It answered 410, which means: gone for good."
    if webhook.failures >= MAX_FAILURES:
        return f"{MAX_FAILURES} tries in a row failed. The last: {reason}."
    if webhook.failing_since and now - webhook.failing_since >= LONGEST_FAILING:
        return f"For a day no try succeeded. The last: {reason}."
    return ""


def _disable(webhook: Webhook, why: str) -> bool:
    """Disable it, and give up what waits for it; whether it was not disabled yet."""
    now = timezone.now()
    if not Webhook.objects.filter(pk=webhook.pk, disabled_at=None).update(disabled_at=now, disabled_because=why):
        return False
    waiting = WebhookDelivery.objects.filter(webhook=webhook, delivered_at=None, failed_at=None)
    waiting.filter(error="").update(failed_at=now, error=_DISABLED)
    waiting.update(failed_at=now)
    return True


def _tell_owners(webhook: Webhook, why: str) -> None:
    owners = User.objects.filter(memberships__account=webhook.account_id, memberships__role=Membership.Role.OWNER)
    readers = list(owners.filter(is_active=True).values_list("email", flat=True))
    if not readers or not _may_mail(webhook.account_id):
        return
    address = settings.BASE_URL + reverse("webhook", args=[webhook.pk])
    told = {"webhook": webhook, "why": why, "address": address, "base_url": settings.BASE_URL}
    text = render_to_string("mail/webhook_disabled.txt", told)
    put_mail(
        EmailMessage("A webhook was disabled", text, settings.DEFAULT_FROM_EMAIL, readers),
        account_id=webhook.account_id,
    )


def _may_mail(account_id: int) -> bool:
    key = f"webhook-mails-{account_id}"
    sent = cache.get(key, 0)
    cache.set(key, sent + 1, timeout=86_400)
    return bool(sent < MAILS_A_DAY)
