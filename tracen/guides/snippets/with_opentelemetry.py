from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
OpenAIInstrumentor().instrument()

with trace.get_tracer("weather").start_as_current_span("answer-question"):
    answer = OpenAI().chat.completions.create(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "Do I need an umbrella in Paris?"}],
    )
    print(answer.choices[0].message.content)

provider.shutdown()  # sends what is still waiting
