"""Views of the naive build."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from bench.naive.models import Agent, Customer, Trace
from bench.naive.serializers import RunSerializer, SpanSerializer, TraceSerializer


def check_quota(customer: Customer) -> None:
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if Trace.objects.filter(customer=customer, created_at__gte=month).count() >= customer.traces_per_month:
        raise Throttled(detail="Monthly trace limit reached.")


class TracesView(APIView):
    def post(self, request: Request) -> Response:
        serializer = TraceSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        check_quota(request.user)
        trace = serializer.save(customer=request.user)
        url = request.build_absolute_uri(f"/traces/{trace.id}")
        return Response({"trace_id": str(trace.id), "url": url})


class RunsView(APIView):
    def post(self, request: Request) -> Response:
        serializer = RunSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        check_quota(request.user)
        agent, _ = Agent.objects.get_or_create(customer=request.user, name=request.data["agent_id"])
        trace = serializer.save(customer=request.user, agent=agent)
        return Response({"trace_id": str(trace.id)}, status=201)


class RunView(APIView):
    def patch(self, request: Request, trace_id: Any) -> Response:
        trace = get_object_or_404(Trace, pk=trace_id, customer=request.user)
        serializer = RunSerializer(trace, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response({"ok": True})


class SpansView(APIView):
    def post(self, request: Request, trace_id: Any) -> Response:
        trace = get_object_or_404(Trace, pk=trace_id, customer=request.user)
        serializer = SpanSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        span = serializer.save(trace=trace)
        return Response({"span_id": str(span.pk)}, status=201)
