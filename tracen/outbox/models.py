"""The rows that wait to be delivered; tracen/outbox/delivery.py is the only reader and writer."""

import uuid

from django.db import models
from django.utils import timezone


class Delivery(models.Model):
    """One thing to deliver. A delivered row is deleted; a row that was given up stays for a month, with its reason."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    """Also the stable name of what is delivered: the Message-ID of a mail, the key of a request that must not repeat."""
    account = models.ForeignKey("accounts.Account", on_delete=models.CASCADE, null=True, related_name="deliveries")
    """Whose it is and with whom it goes; None for what must happen even after the account is gone."""
    kind = models.CharField(max_length=32)
    group = models.CharField(max_length=254, default="")
    """What has the same reason to wait, and waits together: the alerts of an agent, the events of a webhook."""
    body = models.TextField()
    """What the handler of the kind needs, as a JSON object."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(default=timezone.now)
    """The next try is not before this. Whoever tries moves it ahead first: that is the lease."""
    attempts = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    """The first try that failed. Waiting for its turn makes no row older."""
    last_error = models.TextField(default="")
    given_up_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["kind", "due_at"], name="delivery_next_due", condition=models.Q(given_up_at=None)),
            models.Index(fields=["kind", "group"], name="delivery_of_group"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
