"""`POST /api/traces`: the Tracen dialect's one call."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from traces.api.base import IngestViewSet
from traces.idempotency import REFUSALS, Answer
from traces.ingest import Sender, record_trace
from traces.quotas import hit_rate_window
from traces.records import TraceRecord
from traces.sharing import share_url
from traces.wire import tracen_v1


class TracenTraces(IngestViewSet):
    """One finished run in, its permanent public address out.

    A trace counts in the key's hourly window where it is stored, so that one which the month has no room for does not;
    whatever else is answered counts here. The window comes first all the same: over it, the answer is its 429.
    """

    storing_actions = frozenset({"create"})

    def create(self, request: Request) -> HttpResponse:
        body, record = self._read()

        def act() -> Answer:
            record_trace(Sender(self.account, self.api_key, is_metered=True), record)
            return Answer(200, tracen_v1.render_created(record.id, share_url(record.id)))

        return self.answer_once(body, act)

    def act_once(self, body: dict[str, Any], act: Callable[[], Answer]) -> Answer:
        try:
            answer = super().act_once(body, act)
        except REFUSALS:
            hit_rate_window(self.api_key)
            raise
        if answer.is_replay:
            hit_rate_window(self.api_key)
        return answer

    def _read(self) -> tuple[dict[str, Any], TraceRecord]:
        """The body, and what it says."""
        try:
            body = self.read_body()
            return body, tracen_v1.parse_trace(body)
        except Exception:
            hit_rate_window(self.api_key)
            raise
