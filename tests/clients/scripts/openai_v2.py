"""OpenTelemetry's own instrumentation of OpenAI's SDK, with the content of messages switched on."""

from openai import OpenAI, RateLimitError
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from story import AGENT, ask, embed, get_weather

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument()
tracer = trace.get_tracer("weather")


def weather(city: str) -> str:
    with tracer.start_as_current_span("get_weather"):
        return get_weather(city)


client = OpenAI(max_retries=0)
with tracer.start_as_current_span(AGENT):
    embed(client)
    ask(client, tool=weather, is_streaming=True)
    failing = client.with_options(base_url=str(client.base_url).replace("/v1", "/failing/429/v1"))
    try:
        ask(failing)
    except RateLimitError as problem:
        trace.get_current_span().add_event("gave up asking again", {"status": problem.status_code})
provider.shutdown()
