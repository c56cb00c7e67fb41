"""Webhooks and their deliveries as a member sees them; read by the webhooks' pages."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts.models import Account
from tracen.lib.wording import duration_text
from traces.models import Webhook, WebhookDelivery
from traces.reading.looks import Look
from traces.webhooks.events import SENT_AGAIN_AT_ONCE, failed_events
from traces.webhooks.payload import TEST

PAGE = 50
ENABLED = Look("circle-check", "Enabled", "ok")
LAST_FAILED = Look("clock-alert", "Last try failed", "late")
FAILING = Look("clock-alert", "Failing", "late")
DISABLED = Look("circle-x", "Disabled", "bad")
DELIVERED = Look("circle-check", "Delivered", "ok")
SENDING = Look("clock", "On its way", "faint")
WAITING = Look("clock", "Waiting", "faint")
RETRYING = Look("clock-alert", "Retrying", "late")
FAILED = Look("circle-x", "Failed", "bad")


@dataclass(frozen=True, slots=True)
class ShownWebhook:
    """A line of the list; `last_event` is when something was last due to be sent."""

    id: int
    url: str
    look: Look
    last_event: datetime | None


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """A line of the log; `answer` is what the last try came to. A test has no trace."""

    id: uuid.UUID
    event: str
    trace_id: uuid.UUID | None
    trace_name: str
    created_at: datetime
    look: Look
    answer: str
    attempts: int
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class DeliveryLog:
    """A page of the log; `older` is the id behind which the next one begins, empty on the last.

    `is_moving`: something is about to be sent, so the page is worth another look in a moment. `next_try` is when what
    waits is sent, if that is not now. `resendable` is how many of the failed can be sent again at once.
    """

    look: Look
    deliveries: list[ShownDelivery]
    older: str
    is_moving: bool
    next_try: datetime | None
    resendable: int


def webhooks_of(account: Account) -> list[ShownWebhook]:
    """All of the account's, oldest first; one query."""
    own = Webhook.objects.filter(account=account).annotate(last_event=Max("deliveries__created_at")).order_by("pk")
    told = own.annotate(last_error=Subquery(_tried(OuterRef("pk")).values("error")[:1]))
    return [
        ShownWebhook(webhook.pk, webhook.url, _look_of(webhook, webhook.last_error), webhook.last_event)
        for webhook in told
    ]


def deliveries_of(webhook: Webhook, after: WebhookDelivery | None = None) -> DeliveryLog:
    """The newest of the log, newest first, or those that follow behind `after`; three queries."""
    own = WebhookDelivery.objects.filter(webhook=webhook).select_related("alert__trace")
    if after:
        own = own.filter(Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, pk__lt=after.pk))
    rows = list(own.order_by("-created_at", "-pk")[: PAGE + 1])
    is_quiet = webhook.quiet_until is not None and webhook.quiet_until > timezone.now()
    shown = [_shown(delivery, is_quiet=is_quiet) for delivery in rows[:PAGE]]
    has_waiting = any(delivery.is_waiting for delivery in shown)
    return DeliveryLog(
        look=_look_of(webhook, _tried(webhook.pk).values_list("error", flat=True).first()),
        deliveries=shown,
        older=str(shown[-1].id) if len(rows) > PAGE else "",
        is_moving=has_waiting and not is_quiet and after is None,
        next_try=webhook.quiet_until if has_waiting and is_quiet else None,
        resendable=0 if webhook.disabled_at else failed_events(webhook)[:SENT_AGAIN_AT_ONCE].count(),
    )


def _tried(webhook: Any) -> QuerySet[WebhookDelivery]:
    """What was tried for the webhook, the last try first."""
    return WebhookDelivery.objects.filter(webhook=webhook).exclude(tried_at=None).order_by("-tried_at")


def _look_of(webhook: Webhook, last_error: str | None) -> Look:
    """Tests that fail do not count as failures of the webhook, but nobody would call it well for them."""
    if webhook.disabled_at:
        return DISABLED
    if webhook.failures:
        return FAILING
    return LAST_FAILED if last_error else ENABLED


def _shown(delivery: WebhookDelivery, *, is_quiet: bool) -> ShownDelivery:
    trace = delivery.alert.trace if delivery.alert else None
    return ShownDelivery(
        id=delivery.pk,
        event=delivery.event,
        trace_id=trace.pk if trace else None,
        trace_name=trace.name if trace else "A test",
        created_at=delivery.created_at,
        look=_look(delivery, is_quiet=is_quiet),
        answer=_answer(delivery),
        attempts=delivery.attempts,
        is_waiting=delivery.is_waiting,
    )


def _look(delivery: WebhookDelivery, *, is_quiet: bool) -> Look:
    if delivery.delivered_at:
        return DELIVERED
    if delivery.failed_at:
        return FAILED
    if delivery.event == TEST:
        return SENDING
    waits = WAITING if is_quiet else SENDING
    return RETRYING if delivery.error else waits


def _answer(delivery: WebhookDelivery) -> str:
    if delivery.delivered_at and delivery.answer_status:
        return f"{delivery.answer_status} in {duration_text(delivery.duration_ms)}"
    return delivery.error
