"""The API's addresses, each with and without a trailing slash and never by redirect."""

from django.urls import re_path

from traces.api.nexus import NexusTraces
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
]
