"""OpenInference's instrumentation of OpenAI's SDK, its own agent and tool spans around it, a session and a user."""

from openai import InternalServerError, OpenAI
from openinference.instrumentation import TracerProvider, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from story import AGENT, MODEL, QUESTION, SESSION, USER, ask, embed
from story import get_weather as look_up

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("weather")


@tracer.tool
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return look_up(city)


def ask_in_vain(client: OpenAI) -> None:
    """A call that the vendor refuses, and that the agent survives."""
    failing = client.with_options(base_url=str(client.base_url).replace("/v1", "/failing/500/v1"))
    try:
        failing.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": QUESTION}])
    except InternalServerError:
        return


client = OpenAI(max_retries=0)
with (
    using_attributes(session_id=SESSION, user_id=USER, tags=["weather", "test"], metadata={"plan": "free"}),
    tracer.start_as_current_span(AGENT, openinference_span_kind="agent") as span,
):
    span.set_input(QUESTION)
    embed(client)
    ask_in_vain(client)
    span.set_output(ask(client, tool=get_weather, is_streaming=True))
    client.responses.create(model=MODEL, input=QUESTION, instructions="Answer in one sentence.")
provider.shutdown()
