from langchain.agents import create_agent
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
LangChainInstrumentor().instrument(tracer_provider=provider)


def get_weather(city: str) -> str:
    """The current weather in a city."""
    return f"{city}: 14 °C, rain"


agent = create_agent("openai:gpt-5-mini", [get_weather], name="weather-agent")
question = {"role": "user", "content": "Do I need an umbrella in Paris?"}
answer = agent.invoke({"messages": [question]}, {"metadata": {"session_id": "session-42"}})
print(answer["messages"][-1].content)

provider.shutdown()  # sends what is still waiting
