"""One try to deliver one event to one webhook; the outbox calls `send` for each row of the kind "webhook".

What became of it is in the delivery log, so a row that came to its end, good or bad, leaves the outbox.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tracen.lib.outgoing import Refused, Unanswered, post
from tracen.outbox.delivery import NotYet, TryLater, failing_since
from tracen.outbox.kinds import KINDS
from tracen.outbox.models import Delivery
from traces.models import Webhook, WebhookDelivery
from traces.webhooks import payload, slack
from traces.webhooks.endpoints import note_failure, note_success
from traces.webhooks.signing import sign

SECONDS_FOR_TEST = 5
"""Whoever tests is waiting for it, and may test again and again."""
_GONE = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went: `error` is a few words, and empty after a success."""

    error: str
    status: int | None = None
    duration_ms: int | None = None


def send(row: Delivery, body: dict[str, Any]) -> None:
    """Try once, and note it in the log. Raises TryLater or NotYet for as long as it makes sense to try again."""
    delivery = _waiting_delivery(body["delivery"])
    if delivery is None:
        return
    is_test = delivery.event == payload.TEST
    if not is_test:
        _wait_while_quiet(delivery.webhook)
    outcome = _try(delivery)
    with transaction.atomic():
        after = None if is_test and outcome.error else _weigh(delivery.webhook, outcome)
        is_last = after is None or _is_too_late(row, after)
        _note(delivery, outcome, is_last=is_last)
    if not is_last:
        raise TryLater(outcome.error, after)


def _waiting_delivery(pk: str) -> WebhookDelivery | None:
    """The delivery with all that it tells of; None if nothing is to be sent, since it was deleted, disabled or done."""
    found = WebhookDelivery.objects.select_related("webhook__account", "alert__trace__agent", "alert__trace__payload")
    return found.filter(
        pk=pk, delivered_at=None, failed_at=None, webhook__disabled_at=None, webhook__account__closed_at=None
    ).first()


def _is_too_late(row: Delivery, after: timedelta) -> bool:
    """Whether the outbox would give up before a try that is as far away."""
    now = timezone.now()
    return failing_since(row, now) + KINDS["webhook"].tried_for < now + after


def _wait_while_quiet(webhook: Webhook) -> None:
    """A try that is not made is none: the log does not count it."""
    now = timezone.now()
    if webhook.quiet_until and webhook.quiet_until > now:
        raise NotYet("The webhook failed a moment ago.", webhook.quiet_until - now)


def _try(delivery: WebhookDelivery) -> Outcome:
    body, headers = _request(delivery)
    seconds = SECONDS_FOR_TEST if delivery.event == payload.TEST else None
    try:
        answer = post(delivery.webhook.url, body, headers, settings.WEBHOOK_NETWORKS, seconds=seconds)
    except (Refused, Unanswered) as reason:
        return Outcome(str(reason).rstrip("."))
    if 200 <= answer.status < 300:
        return Outcome("", answer.status, answer.duration_ms)
    hint = ": redirects are not followed" if 300 <= answer.status < 400 else ""
    return Outcome(f"Answered {answer.status}{hint}", answer.status, answer.duration_ms)


def _request(delivery: WebhookDelivery) -> tuple[bytes, dict[str, str]]:
    webhook, told = delivery.webhook, payload.build(delivery)
    headers = {"Content-Type": "application/json", "User-Agent": f"Tracen-Webhook (+{settings.BASE_URL}/docs/webhooks)"}
    if slack.is_slack(webhook.url):
        return _json(slack.message(told)), headers
    body = _json(told)
    return body, headers | {
        "Tracen-Event": delivery.event,
        "Tracen-Delivery": str(delivery.pk),
        "Tracen-Signature": sign(webhook.secret, body, int(time.time())),
    }


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _weigh(webhook: Webhook, outcome: Outcome) -> timedelta | None:
    """What the try means for the webhook; how long to wait for the next one, None if there is to be none."""
    if outcome.error:
        return note_failure(webhook, outcome.error, is_gone=outcome.status == _GONE)
    note_success(webhook)
    return None


def _note(delivery: WebhookDelivery, outcome: Outcome, *, is_last: bool) -> None:
    now = timezone.now()
    ended: dict[str, datetime | None] = {
        "delivered_at": None if outcome.error else now,
        "failed_at": now if outcome.error and is_last else None,
    }
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        attempts=F("attempts") + 1,
        tried_at=now,
        answer_status=outcome.status,
        duration_ms=outcome.duration_ms,
        error=outcome.error,
        **ended,
    )
