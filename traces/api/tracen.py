"""`POST /api/traces`: the Tracen dialect's one call."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from traces.api.base import IngestViewSet
from traces.idempotency import Answer
from traces.ingest import Sender, record_trace
from traces.quotas import hit_rate_window
from traces.records import TraceRecord
from traces.sharing import share_url
from traces.wire import tracen_v1


class TracenTraces(IngestViewSet):
    """One finished run in, its permanent public address out."""

    storing_actions = frozenset({"create"})

    def create(self, request: Request) -> Response:
        if self.is_repeatable:
            hit_rate_window(self.api_key)
        body, record = self._read()

        def act() -> Answer:
            record_trace(Sender(self.account, self.api_key, is_metered=not self.is_repeatable), record)
            return Answer(200, tracen_v1.render_created(record.id, share_url(record.id)))

        return self.answer_once(body, act)

    def _read(self) -> tuple[dict[str, Any], TraceRecord]:
        """The body, and what it says. A bad one counts in the hourly window, which comes before what is wrong with it."""
        try:
            body = self.read_body()
            return body, tracen_v1.parse_trace(body)
        except Exception:
            if not self.is_repeatable:
                hit_rate_window(self.api_key)
            raise
