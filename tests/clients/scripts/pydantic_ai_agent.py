"""Pydantic AI with its own instrumentation and its TestModel, which calls each tool and answers."""

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from story import AGENT, QUESTION, SYSTEM
from story import get_weather as look_up

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
Agent.instrument_all()
agent = Agent(TestModel(custom_output_text="Take an umbrella."), name=AGENT, instructions=SYSTEM)


@agent.tool_plain
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return look_up(city)


agent.run_sync(QUESTION)
provider.shutdown()
