"""The API's addresses, each with and without a trailing slash and never by redirect."""

from django.urls import re_path

from traces.api.nexus import NexusTraces
from traces.api.otlp import OtlpOthers, OtlpTraces
from traces.api.tracen import TracenTraces

urlpatterns = [
    re_path(r"^api/traces/?\Z", TracenTraces.as_view({"post": "create"}), name="api_traces"),
    re_path(r"^api/v1/traces/?\Z", NexusTraces.as_view({"get": "list", "post": "create"}), name="api_v1_traces"),
    re_path(
        r"^api/v1/traces/(?P<trace_id>[^/]+)/?\Z",
        NexusTraces.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="api_v1_trace",
    ),
    re_path(
        r"^api/v1/traces/(?P<trace_id>[^/]+)/spans/?\Z",
        NexusTraces.as_view({"post": "add_span"}),
        name="api_v1_spans",
    ),
    # OpenTelemetry's own address; Langfuse's, and that of products which put OTLP below /otel.
    re_path(r"^(?:otel/|api/public/otel/)?v1/traces/?\Z", OtlpTraces.as_view({"post": "create"}), name="otlp_traces"),
    re_path(r"^v1/traces/ingest/?\Z", OtlpTraces.as_view({"post": "openai_agents"}), name="openai_agents_traces"),
    re_path(r"^v1/traces/litellm/?\Z", OtlpTraces.as_view({"post": "litellm_logger"}), name="litellm_traces"),
    re_path(
        r"^(?:otel/|api/public/otel/)?v1/(?:metrics|logs)/?\Z",
        OtlpOthers.as_view({"post": "accept"}),
        name="otlp_others",
    ),
    re_path(r"^v1/info/?\Z", OtlpOthers.as_view({"get": "info"}), name="otlp_info"),
]
