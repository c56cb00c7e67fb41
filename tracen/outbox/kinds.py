"""Every kind of thing that leaves the product, and the function that delivers one: the whole list stands here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.utils.module_loading import import_string

from tracen.outbox.models import Delivery


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is delivered: `handler` is a dotted path, since it lives above the outbox in the import order."""

    handler: str
    tried_for: timedelta
    """Counted from the first try that failed; then the row is given up."""
    at_once: int = 1
    """How many of the kind one worker delivers at a time, one of an account: what a killed worker may send twice."""

    def deliver(self, delivery: Delivery, body: dict[str, Any]) -> None:
        """Deliver one, or raise NotYet, TryLater, Unreachable or GiveUp; a row may be delivered twice."""
        cast(Callable[[Delivery, dict[str, Any]], None], import_string(self.handler))(delivery, body)


KINDS = {
    "mail": Kind("tracen.outbox.mail.send", tried_for=timedelta(days=3)),
    "alert": Kind("traces.alerts.tell_members", tried_for=timedelta(days=3)),
    "webhook": Kind("traces.webhooks.sending.send", tried_for=timedelta(days=1), at_once=4),
    "cancel_subscription": Kind("billing.subscriptions.cancel", tried_for=timedelta(days=30)),
}
