"""`/api/v1/traces…`: the Nexus dialect's four calls and the list."""

import json
import uuid
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any, TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from traces.access import growing_trace_id, parse_id, trace_for
from traces.api.base import IngestViewSet, json_response
from traces.api.listing import list_page
from traces.api.otlp import decode_protobuf, is_protobuf, store_export, store_spans
from traces.archive import stored_row, stored_spans
from traces.errors import UnknownParent
from traces.idempotency import Answer
from traces.ingest import append_spans, end_trace, record_trace
from traces.records import SpanRecord
from traces.wire import nexus_v1
from traces.wire.fields import json_text
from traces.wire.otlp.otlp_json import decode_json

Said = TypeVar("Said")
_PIECES_AT_ONCE = 200
"""A piece is a span with its payloads."""


class NexusTraces(IngestViewSet):
    """A run bit by bit: create it, add spans, finalise it, read it back."""

    storing_actions = frozenset({"create", "partial_update", "add_span"})

    def list(self, request: Request) -> HttpResponse:
        page = list_page(self.account, request.query_params)
        response = json_response(nexus_v1.render_rows(page.rows))
        response["X-Total-Count"] = str(page.total)
        return response

    def create(self, request: Request) -> HttpResponseBase:
        """Whoever gives an exporter our `/api` as its base sends OTLP here: it is told from a run by what it holds."""
        if is_protobuf(request):
            return store_export(request, self.sender, decode_protobuf)
        body = self.read_body()
        if "resourceSpans" in body or "resource_spans" in body:
            return store_spans(request, self.sender, decode_json(json.dumps(body).encode()))
        record = nexus_v1.parse_trace(body)

        def act() -> Answer:
            record_trace(self.sender, record)
            return Answer(201, {"trace_id": str(record.id)})

        return self.answer_once(body, act)

    def retrieve(self, request: Request, trace_id: str) -> HttpResponseBase:
        trace = trace_for(self.account, trace_id)
        return _json_of(nexus_v1.render_trace(stored_row(trace), stored_spans(trace)))

    def partial_update(self, request: Request, trace_id: str) -> HttpResponse:
        _, end = self._read(trace_id, nexus_v1.parse_end)
        end_trace(self.sender, parse_id(trace_id), end)
        return json_response(json_text({"ok": True}))

    def add_span(self, request: Request, trace_id: str) -> HttpResponse:
        body, span = self._read(trace_id, nexus_v1.parse_span)

        def act() -> Answer:
            self._append(parse_id(trace_id), span)
            return Answer(201, {"span_id": str(span.id)})

        return self.answer_once(body, act)

    def _read(self, trace_id: str, parse: Callable[[dict[str, Any]], Said]) -> tuple[dict[str, Any], Said]:
        """The body, and what it says. That there is no such trace comes before what is wrong with the body."""
        if self.is_repeatable:
            growing_trace_id(self.account, trace_id)
        try:
            body = self.read_body()
            return body, parse(body)
        except Exception:
            growing_trace_id(self.account, trace_id)
            raise

    def _append(self, trace_id: uuid.UUID, span: SpanRecord) -> None:
        try:
            append_spans(self.sender, trace_id, [span])
        except UnknownParent:
            raise nexus_v1.refuse_parent() from None


def _json_of(pieces: Iterator[str]) -> HttpResponseBase:
    """A short answer whole, so that trouble with the database can still become a status; a long one as it is read."""
    begin = "".join(islice(pieces, _PIECES_AT_ONCE))
    more = next(pieces, None)
    if more is None:
        return json_response(begin)
    return StreamingHttpResponse(_joined(chain([begin, more], pieces)), content_type="application/json")


def _joined(pieces: Iterator[str]) -> Iterator[str]:
    """Fewer and longer pieces: each of them is a write to the client."""
    while part := "".join(islice(pieces, _PIECES_AT_ONCE)):
        yield part
