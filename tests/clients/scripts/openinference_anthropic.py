"""Anthropic's SDK with its own spans and OpenInference's around the same calls: each call arrives twice."""

from anthropic import Anthropic
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from story import AGENT, DESCRIPTION, PARAMETERS, QUESTION, SYSTEM, get_weather

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
AnthropicInstrumentor().instrument(tracer_provider=provider)
tracer = trace.get_tracer("weather")
client = Anthropic()

ASKED = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 500,
    "system": SYSTEM,
    "tools": [{"name": "get_weather", "description": DESCRIPTION, "input_schema": PARAMETERS}],
}

with tracer.start_as_current_span(AGENT):
    messages = [{"role": "user", "content": QUESTION}]
    first = client.messages.create(**ASKED, messages=messages)
    (use,) = [part for part in first.content if part.type == "tool_use"]
    with tracer.start_as_current_span("get_weather"):
        result = get_weather(**use.input)
    messages += [
        {"role": "assistant", "content": [use.model_dump(include={"type", "id", "name", "input"})]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": result}]},
    ]
    client.messages.create(**ASKED, messages=messages)
provider.shutdown()
