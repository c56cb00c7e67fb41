"""`POST /v1/traces` and the addresses that other products' libraries send to: traces of any tracing library."""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import ExporterAuthentication
from tracen.lib.json_body import CHARSETS, UnsupportedBody, read_bytes
from traces.api.base import IngestViewSet
from traces.api.errors import sentence_of, unavailable
from traces.ingest import Sender, merge_fragments
from traces.limits import MAX_OTLP_BODY_BYTES
from traces.wire.otlp import answers
from traces.wire.otlp.export import decode_export
from traces.wire.otlp.fragments import make_fragments
from traces.wire.otlp.litellm_logger import decode_litellm_logger
from traces.wire.otlp.openai_agents import decode_openai_agents
from traces.wire.otlp.span import Export

Decode: TypeAlias = Callable[[bytes], Export]

PROTOBUF = ("application/x-protobuf", "application/protobuf")
_JSON = ("application/json", "text/plain", "")
DASHBOARD = "/dashboard"
decode_protobuf: Decode = partial(decode_export, content_type="protobuf")


class OtlpTraces(IngestViewSet):
    """Spans in; what could not be stored is told in `partialSuccess`, for an exporter repeats or drops a whole batch.

    Exporters try again after 429, 502, 503 and 504 only, so trouble of ours is always a 503, and a limit of a plan is
    none of them (contract §6).
    """

    authentication_classes = (ExporterAuthentication,)
    storing_actions = frozenset({"create", "openai_agents", "litellm_logger"})

    def create(self, request: Request) -> HttpResponse:
        return store_export(request, self.sender, _decode_otlp(request))

    def openai_agents(self, request: Request) -> HttpResponse:
        return store_export(request, self.sender, decode_openai_agents)

    def litellm_logger(self, request: Request) -> HttpResponse:
        return store_export(request, self.sender, decode_litellm_logger)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        return unavailable() if response.status_code >= 500 else response


class OtlpOthers(IngestViewSet):
    """What tracing libraries send or ask beside spans. Metrics and logs are accepted and not kept."""

    authentication_classes = (ExporterAuthentication,)

    def accept(self, request: Request) -> HttpResponse:
        read_bytes(request._request, MAX_OTLP_BODY_BYTES, may_be_deflated=True)
        return _answer(request, 0, "")

    def info(self, request: Request) -> Response:
        """Logfire asks which project its token is of before it sends anything."""
        return Response(answers.project_info(self.account.name, f"{settings.BASE_URL}{DASHBOARD}"))


def is_protobuf(request: Request) -> bool:
    return _media_type(request) in PROTOBUF


def store_export(request: Request, sender: Sender, decode: Decode) -> HttpResponse:
    """Read the body, store its spans and say what became of them. MalformedExport if there are none to be read."""
    return store_spans(request, sender, decode(read_bytes(request._request, MAX_OTLP_BODY_BYTES, may_be_deflated=True)))


def store_spans(request: Request, sender: Sender, export: Export) -> HttpResponse:
    # Also without a span, for the key is checked where something is stored.
    rejections = merge_fragments(sender, make_fragments(sender.account.pk, export.spans))
    reasons = dict.fromkeys([export.complaints, *(sentence_of(rejection.reason) for rejection in rejections)])
    rejected = export.rejected + sum(rejection.spans for rejection in rejections)
    return _answer(request, rejected, " ".join(reason for reason in reasons if reason))


def _decode_otlp(request: Request) -> Decode:
    if is_protobuf(request):
        return decode_protobuf
    if _media_type(request) in _JSON:
        _check_charset(request)
        return partial(decode_export, content_type="json")
    raise UnsupportedBody("Content-Type must be application/x-protobuf or application/json")


def _check_charset(request: Request) -> None:
    charset = (request._request.content_params or {}).get("charset", "utf-8")
    if charset.strip("\"' ").lower() not in CHARSETS:
        raise UnsupportedBody("The charset must be UTF-8")


def _answer(request: Request, rejected: int, reason: str) -> HttpResponse:
    if is_protobuf(request):
        return HttpResponse(answers.protobuf(rejected, reason), content_type=PROTOBUF[0])
    return HttpResponse(answers.json_text(rejected, reason), content_type="application/json")


def _media_type(request: Request) -> str:
    return (request._request.content_type or "").lower()
