"""What the webhooks' guide shows: one event as it is sent, and the numbers of the code that it tells of."""

import json
from datetime import timedelta
from typing import Any

from tracen.lib.outgoing import PORTS, SECONDS_IN_ALL
from tracen.outbox.kinds import KINDS
from traces.webhooks import endpoints
from traces.webhooks.events import KEPT

EVENT: dict[str, Any] = {
    "id": "2b1f0c1e-6d0b-4b43-9a53-0a5c5b0f9c11",
    "type": "trace.error",
    "created_at": "2026-04-06T12:00:05.210Z",
    "trace": {
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "name": "answer-question",
        "agent": "my-assistant",
        "model": None,
        "status": "error",
        "started_at": "2026-04-06T12:00:00Z",
        "ended_at": "2026-04-06T12:00:05Z",
        "duration_ms": 5000,
        "input_tokens": 120,
        "output_tokens": 45,
        "error": "ConnectionError: connection refused",
        "path": ["answer-question", "search"],
        "sentence": "search failed after 2.10 s: connection refused.",
        "url": "https://tracen.example.com/dashboard/traces/550e8400-e29b-41d4-a716-446655440000"
        "?span=7c9e6679-7425-40de-944b-e07fc1f90ae7",
    },
}


def guide() -> dict[str, Any]:
    """What the template needs."""
    return {
        "event": json.dumps(EVENT, indent=2, ensure_ascii=False),
        "ports": PORTS,
        "seconds": SECONDS_IN_ALL,
        "max_webhooks": endpoints.MAX_WEBHOOKS,
        "max_failures": endpoints.MAX_FAILURES,
        "first_pause": endpoints.FIRST_PAUSE.seconds,
        "longest_pause": endpoints.LONGEST_PAUSE.seconds // 3_600,
        "hours": KINDS["webhook"].tried_for // timedelta(hours=1),
        "days_kept": KEPT.days,
    }
