from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic_ai import Agent

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
Agent.instrument_all()

agent = Agent("openai:gpt-5-mini", name="weather-agent", instructions="Answer in one sentence.")
print(agent.run_sync("Do I need an umbrella in Paris?").output)

provider.shutdown()  # sends what is still waiting
