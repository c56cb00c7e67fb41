"""What is stored of agents, traces, spans and share links; written by ingest, sharing and retention only."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from accounts.models import Account, ApiKey
from traces.limits import MAX_NAME_LENGTH
from traces.packs import DamagedPack, unpack
from traces.records import Source, SpanKind, SpanStatus, TraceStatus


def _choices(words: type[Source | TraceStatus | SpanKind | SpanStatus]) -> list[tuple[str, str]]:
    return [(word.value, word.value) for word in words]


class Agent(models.Model):
    """Who ran: known by its exact name within an account, made on first use."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="agent_name_once_per_account")]

    def __str__(self) -> str:
        return self.name


class Trace(models.Model):
    """One run of an agent. Its long texts live in `TracePayload`, so that lists never read them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="traces", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.SET_NULL, null=True, related_name="traces")
    source = models.CharField(max_length=16, choices=_choices(Source))
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    status = models.CharField(max_length=16, choices=_choices(TraceStatus))
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    heard_at = models.DateTimeField(default=timezone.now, editable=False)
    """When its program last said anything about it, by our clock: what tells a silent run from a busy one."""
    provider = models.CharField(max_length=MAX_NAME_LENGTH, default="")
    model = models.CharField(max_length=MAX_NAME_LENGTH, default="")
    session = models.CharField(max_length=MAX_NAME_LENGTH, default="")
    end_user = models.CharField(max_length=MAX_NAME_LENGTH, default="")
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cost_nanodollars = models.BigIntegerField(null=True)
    span_count = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            # A list is in the order of receipt and id: with both behind what it is narrowed by, it is read and counted from
            # the index alone. With the start in it the first looks at no row that starts at another time.
            models.Index(fields=["account", "-received_at", "-id", "started_at"], name="trace_newest"),
            models.Index(fields=["account", "agent", "-received_at", "-id"], name="trace_newest_of_agent"),
            models.Index(fields=["account", "status", "-received_at", "-id"], name="trace_newest_of_status"),
            models.Index(fields=["account", "source", "-received_at", "-id"], name="trace_newest_of_source"),
            models.Index(fields=["account", "heard_at"], name="trace_running", condition=models.Q(status="running")),
            models.Index(
                fields=["account", "session", "-received_at", "-id"],
                name="trace_newest_of_session",
                condition=~models.Q(session=""),
            ),
            models.Index(
                fields=["account", "end_user", "-received_at", "-id"],
                name="trace_newest_of_end_user",
                condition=~models.Q(end_user=""),
            ),
            models.Index(
                fields=["account", "model", "-received_at", "-id"],
                name="trace_newest_of_model",
                condition=~models.Q(model=""),
            ),
            models.Index(
                fields=["account", "provider", "-received_at", "-id"],
                name="trace_newest_of_provider",
                condition=~models.Q(provider=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class TracePayload(models.Model):
    """The texts of a trace, one row for each: what a search reads and what a list does not. JSON is validated text."""

    id = models.BigAutoField(primary_key=True)
    trace = models.OneToOneField(Trace, on_delete=models.CASCADE, related_name="payload")
    names = models.TextField()
    """The trace's and its agent's names, so that a search finds them with the rest."""
    metadata = models.TextField(null=True)
    prompt = models.TextField(null=True)
    response = models.TextField(null=True)
    error = models.TextField(null=True)

    def __str__(self) -> str:
        return f"payload of {self.trace_id}"


class Span(models.Model):
    """One step of a trace, about 150 bytes: what the tree needs and no payload."""

    pk_in_order = models.BigAutoField(primary_key=True)
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="spans", db_index=False)
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    parent_id = models.UUIDField(null=True)
    ordinal = models.PositiveIntegerField()
    """Its place in the order of arrival within the trace, from 0."""
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    kind = models.CharField(max_length=16, choices=_choices(SpanKind))
    status = models.CharField(max_length=8, choices=_choices(SpanStatus))
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    provider = models.CharField(max_length=MAX_NAME_LENGTH, default="")
    model = models.CharField(max_length=MAX_NAME_LENGTH, default="")
    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cost_nanodollars = models.BigIntegerField(null=True)
    priced_on = models.DateField(null=True)
    is_counted = models.BooleanField(default=True)
    response_id = models.CharField(max_length=MAX_NAME_LENGTH, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "id"], name="span_id_once_per_trace")]

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


class SpanPack(models.Model):
    """What went into and came out of up to 64 spans of a trace; traces/packs.py says how it is packed, and why."""

    id = models.BigAutoField(primary_key=True)
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="packs", db_index=False)
    first_ordinal = models.PositiveIntegerField()
    """Of its first span; the others follow without a gap."""
    packed = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "first_ordinal"], name="pack_once_per_place")]

    def __str__(self) -> str:
        return f"texts of trace {self.trace_id} from span {self.first_ordinal} on"

    @staticmethod
    def readable(row: dict[str, Any]) -> dict[str, Any]:
        """Its columns as people read them: the export of an account tells the texts and not how they are packed."""
        try:
            found = unpack(row["packed"])
        except DamagedPack:
            # As it lies there: the rest of the account is worth exporting.
            return row
        texts = [{name: text for name, text in own._asdict().items() if text is not None} for own in found]
        return {"trace_id": row["trace_id"], "first_ordinal": row["first_ordinal"], "spans": texts}


class ShareLink(models.Model):
    """The only public door to a trace; its id is the address. Never reused, never reopened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="share_links")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    view_count = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.id)


class MonthlyUsage(models.Model):
    """How many traces an account stored in a calendar month (UTC, by time of receipt)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="monthly_usage")
    month = models.DateField()
    traces = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "month"], name="usage_once_per_month")]

    def __str__(self) -> str:
        return f"{self.traces} traces in {self.month:%Y-%m}"


class HourSummary(models.Model):
    """What traces/rollups.py has counted of an hour that is over, so that nobody counts it again: gone with any change.

    An hour that is counted has one row of the whole account, and one for each agent that ran in it.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="hour_summaries", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="hour_summaries")
    """None on the row of the whole account."""
    hour = models.DateTimeField()
    """When it began, by time of receipt."""
    traces = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    input_tokens = models.FloatField()
    output_tokens = models.FloatField()
    cost_nanodollars = models.FloatField(default=0)
    durations = models.TextField()
    """JSON: milliseconds, how many traces took them, milliseconds, how many, …"""

    class Meta:
        verbose_name_plural = "hour summaries"
        indexes = [models.Index(fields=["account", "hour"], name="hour_summary_of_account")]

    def __str__(self) -> str:
        return f"{self.traces} traces in the hour of {self.hour:%Y-%m-%d %H:%M}"


class RateWindow(models.Model):
    """The requests of the last hour made with one API key; `hits` is packed by quotas.py, oldest first."""

    api_key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True, related_name="rate_window")
    hits = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        return f"window of key {self.api_key_id}"


class IdempotentRequest(models.Model):
    """A POST that came with an Idempotency-Key: first claimed, then answered in the transaction of its effect."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="idempotent_requests")
    route = models.CharField(max_length=128)
    key = models.CharField(max_length=255)
    body_digest = models.BinaryField(max_length=32)
    claim = models.UUIDField(default=uuid.uuid4)
    claimed_at = models.DateTimeField(default=timezone.now)
    answer_status = models.PositiveSmallIntegerField(null=True)
    answer: models.JSONField[Any, Any] = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "route", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["claimed_at"], name="idempotency_by_age")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"


class Alert(models.Model):
    """A trace that entered error or timeout, once for each of the two; traces/alerts.py says whom it is told."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="alerts")
    trace = models.ForeignKey(Trace, on_delete=models.CASCADE, related_name="alerts")
    agent = models.ForeignKey(Agent, on_delete=models.DO_NOTHING, db_constraint=False, null=True, related_name="alerts")
    """Its number stays when the agent is deleted, so that its alerts are not taken for those of runs without one."""
    status = models.CharField(max_length=16, choices=_choices(TraceStatus))
    raised_at = models.DateTimeField(default=timezone.now, editable=False)
    mailed_at = models.DateTimeField(null=True)
    """When a mail told of it, by itself or as one of "4 more"; None while it waits, or where none is due."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["trace", "status"], name="alert_once_per_trace_and_status")]
        indexes = [
            models.Index(
                fields=["account", "-mailed_at"], name="alert_last_mailed", condition=models.Q(mailed_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.status} of {self.trace_id}"


class Webhook(models.Model):
    """An address of the account's choice that is told of every alert."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=2_000)
    secret = models.CharField(max_length=64)
    """What its requests are signed with; the receiver needs it in clear, so we do too."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    failures = models.PositiveIntegerField(default=0)
    """Tries that failed since the last one that did not."""
    failing_since = models.DateTimeField(null=True)
    """The first of those."""
    quiet_until = models.DateTimeField(null=True)
    """After a failure nothing is sent before this, however much is due."""
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=255, default="")
    """A sentence for its owner."""

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one webhook, and what came of the tries: the delivery log."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, related_name="webhook_deliveries")
    """None for a test that a member sent."""
    event = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    """When it was given up. Neither delivered nor given up, it waits for its next try."""
    answer_status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    error = models.CharField(max_length=255, default="")

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes = [models.Index(fields=["webhook", "-created_at"], name="webhook_delivery_newest")]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"

    @property
    def is_waiting(self) -> bool:
        return self.delivered_at is None and self.failed_at is None
