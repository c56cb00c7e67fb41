"""What is to be sent to a webhook: put into the delivery log and the outbox, always both in one transaction."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from tracen.outbox.delivery import put
from traces.models import Alert, Webhook, WebhookDelivery
from traces.webhooks.endpoints import group_of
from traces.webhooks.payload import TEST, event_of

KEPT = timedelta(days=30)
SENT_AGAIN_AT_ONCE = 500
BETWEEN_TESTS = timedelta(seconds=5)


def announce(alert: Alert) -> None:
    """Have the alert told to each live webhook of its account; must run in the transaction that stores the alert."""
    for webhook in Webhook.objects.filter(account_id=alert.account_id, disabled_at=None):
        _send(webhook, WebhookDelivery.objects.create(webhook=webhook, alert=alert, event=event_of(alert)))


def send_test(webhook: Webhook) -> bool:
    """Have a test event sent; False if one is under way or was asked for a moment ago."""
    with transaction.atomic():
        held = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
        tests = WebhookDelivery.objects.filter(webhook=held, event=TEST)
        last = tests.order_by("-created_at").first()
        if last and (last.is_waiting or last.created_at > timezone.now() - BETWEEN_TESTS):
            return False
        _send(held, WebhookDelivery.objects.create(webhook=held, event=TEST))
    return True


def redeliver(delivery: WebhookDelivery) -> bool:
    """Have it sent once more under the same id, also after a success; False if it waits to be sent in any case."""
    with transaction.atomic():
        waiting = {"delivered_at": None, "failed_at": None}
        if not WebhookDelivery.objects.filter(pk=delivery.pk).exclude(**waiting).update(**waiting):
            return False
        _send(delivery.webhook, delivery)
    return True


def redeliver_failed(webhook: Webhook) -> int:
    """Have the newest of what failed sent once more, oldest first, tests left out; how many there are."""
    with transaction.atomic():
        lost = failed_events(webhook).select_for_update(no_key=True).order_by("-created_at")[:SENT_AGAIN_AT_ONCE]
        deliveries = sorted(lost, key=lambda delivery: delivery.created_at)
        chosen = WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries])
        chosen.update(failed_at=None)
        for delivery in deliveries:
            _send(webhook, delivery)
    return len(deliveries)


def failed_events(webhook: Webhook) -> QuerySet[WebhookDelivery]:
    """What was given up and can be sent again."""
    return WebhookDelivery.objects.filter(webhook=webhook).exclude(failed_at=None).exclude(event=TEST)


def forget_old_deliveries() -> int:
    """Delete what the log has kept long enough; how many rows that was."""
    return WebhookDelivery.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _send(webhook: Webhook, delivery: WebhookDelivery) -> None:
    # A test waits for nothing, whatever the events of the webhook wait for.
    group = "" if delivery.event == TEST else group_of(webhook)
    put("webhook", {"delivery": str(delivery.pk)}, webhook.account_id, group)
