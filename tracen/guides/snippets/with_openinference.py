from openai import OpenAI
from openinference.instrumentation import TracerProvider, using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
OpenAIInstrumentor().instrument(tracer_provider=provider)
tracer = provider.get_tracer("weather")

with (
    using_attributes(session_id="session-42", user_id="user-7"),
    tracer.start_as_current_span("weather-agent", openinference_span_kind="agent"),
):
    answer = OpenAI().chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "Do I need an umbrella in Paris?"}],
    )
    print(answer.choices[0].message.content)

provider.shutdown()  # sends what is still waiting
