"""What a webhook's receiver is told, as plain values: built when it is sent, from the rows as they are then.

It is about the failure and says nothing of what the run was asked or what its tools were given.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from traces import failure_report
from traces.models import Alert, WebhookDelivery
from traces.records import TraceStatus
from traces.times import render_time

TEST = "test"
Payload = dict[str, Any]


def event_of(alert: Alert) -> str:
    return f"trace.{alert.status}"


def build(delivery: WebhookDelivery) -> Payload:
    """The JSON object of a delivery; one without an alert is a member's test."""
    moment = delivery.alert.raised_at if delivery.alert else delivery.created_at
    return {
        "id": str(delivery.pk),
        "type": delivery.event,
        "created_at": render_time(moment),
        "trace": _trace(delivery.alert) if delivery.alert else _example(delivery),
    }


def _trace(alert: Alert) -> Payload:
    trace = alert.trace
    report = failure_report.brief(trace, TraceStatus(alert.status))
    lasted = trace.ended_at - trace.started_at if trace.ended_at else None
    return {
        "id": str(trace.pk),
        "name": trace.name,
        "agent": trace.agent.name if trace.agent else None,
        "model": trace.model or None,
        "status": alert.status,
        "started_at": render_time(trace.started_at),
        "ended_at": render_time(trace.ended_at),
        "duration_ms": None if lasted is None else max(round(lasted / timedelta(milliseconds=1)), 0),
        "input_tokens": report.input_tokens,
        "output_tokens": report.output_tokens,
        "error": report.error or None,
        "path": list(report.path),
        "sentence": report.sentence,
        "url": report.url,
    }


def _example(delivery: WebhookDelivery) -> Payload:
    """A trace that never was, with every field of a real one."""
    now = render_time(delivery.created_at)
    return {
        "id": "00000000-0000-4000-8000-000000000000",
        "name": "test-event",
        "agent": "my-assistant",
        "model": None,
        "status": "error",
        "started_at": now,
        "ended_at": now,
        "duration_ms": 0,
        "input_tokens": 120,
        "output_tokens": 45,
        "error": "This is a test: nothing failed",
        "path": ["answer-question", "search"],
        "sentence": "search failed: this is a test, nothing failed.",
        "url": settings.BASE_URL + reverse("webhook", args=[delivery.webhook_id]),
    }
