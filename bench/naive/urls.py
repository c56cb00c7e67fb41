"""Addresses of the naive build."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from bench.naive.views import RunsView, RunView, SpansView, TracesView


def health(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


urlpatterns = [
    path("health", health),
    path("api/traces", TracesView.as_view()),
    path("api/v1/traces", RunsView.as_view()),
    path("api/v1/traces/<uuid:trace_id>", RunView.as_view()),
    path("api/v1/traces/<uuid:trace_id>/spans", SpansView.as_view()),
]
