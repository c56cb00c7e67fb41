"""Webhooks and their deliveries as a member sees them; read by the webhooks' pages."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from accounts.models import Account
from tracen.lib.wording import duration_text
from traces.models import Webhook, WebhookDelivery
from traces.reading.looks import Look
from traces.webhooks.payload import TEST

LATEST = 50
ENABLED = Look("circle-check", "Enabled", "ok")
FAILING = Look("clock-alert", "Failing", "late")
DISABLED = Look("circle-x", "Disabled", "bad")
DELIVERED = Look("circle-check", "Delivered", "ok")
WAITING = Look("clock", "On its way", "faint")
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
    """`is_moving`: something is about to be sent, so the page is worth another look in a moment."""

    look: Look
    deliveries: list[ShownDelivery]
    is_moving: bool


def webhooks_of(account: Account) -> list[ShownWebhook]:
    """All of the account's, oldest first; one query."""
    own = Webhook.objects.filter(account=account).annotate(last_event=Max("deliveries__created_at")).order_by("pk")
    return [ShownWebhook(webhook.pk, webhook.url, look_of(webhook), webhook.last_event) for webhook in own]


def look_of(webhook: Webhook) -> Look:
    if webhook.disabled_at:
        return DISABLED
    return FAILING if webhook.failures else ENABLED


def latest_deliveries(webhook: Webhook) -> DeliveryLog:
    """The newest of the log, newest first; one query."""
    own = WebhookDelivery.objects.filter(webhook=webhook).select_related("alert__trace")
    shown = [_shown(delivery) for delivery in own.order_by("-created_at")[:LATEST]]
    is_quiet = webhook.quiet_until is not None and webhook.quiet_until > timezone.now()
    return DeliveryLog(look_of(webhook), shown, not is_quiet and any(delivery.is_waiting for delivery in shown))


def _shown(delivery: WebhookDelivery) -> ShownDelivery:
    trace = delivery.alert.trace if delivery.alert else None
    return ShownDelivery(
        id=delivery.pk,
        event=delivery.event,
        trace_id=trace.pk if trace else None,
        trace_name=trace.name if trace else "A test",
        created_at=delivery.created_at,
        look=_look(delivery),
        answer=_answer(delivery),
        attempts=delivery.attempts,
        is_waiting=delivery.is_waiting,
    )


def _look(delivery: WebhookDelivery) -> Look:
    if delivery.delivered_at:
        return DELIVERED
    if delivery.failed_at:
        return FAILED
    return RETRYING if delivery.error and delivery.event != TEST else WAITING


def _answer(delivery: WebhookDelivery) -> str:
    if delivery.delivered_at and delivery.answer_status:
        return f"{delivery.answer_status} in {duration_text(delivery.duration_ms)}"
    return delivery.error
