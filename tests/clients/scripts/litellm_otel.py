"""LiteLLM with its OpenTelemetry logger, inside an agent's own span."""

import asyncio

import litellm
from litellm.integrations.opentelemetry import OpenTelemetry
from litellm_story import ask
from opentelemetry import trace
from story import AGENT
from story import get_weather as look_up

litellm.callbacks = [OpenTelemetry()]
tracer = trace.get_tracer("weather")


def get_weather(city: str) -> str:
    with tracer.start_as_current_span("get_weather"):
        return look_up(city)


with tracer.start_as_current_span(AGENT) as span:
    asyncio.run(ask(get_weather, litellm_parent_otel_span=span))
trace.get_tracer_provider().shutdown()
