"""`POST /api/traces`: the Tracen dialect's one call."""

from rest_framework.request import Request
from rest_framework.response import Response

from traces.api.base import IngestViewSet
from traces.idempotency import Answer
from traces.ingest import record_trace
from traces.quotas import hit_rate_window
from traces.sharing import share_url
from traces.wire import tracen_v1


class TracenTraces(IngestViewSet):
    """One finished run in, its permanent public address out."""

    def create(self, request: Request) -> Response:
        hit_rate_window(self.api_key)
        body = self.read_body()
        record = tracen_v1.parse_trace(body)

        def act() -> Answer:
            record_trace(self.account, record)
            return Answer(200, tracen_v1.render_created(record.id, share_url(record.id)))

        return self.answer_once(body, act)
