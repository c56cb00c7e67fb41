"""OpenInference's instrumentation of LangChain: an agent of LangGraph's with one tool, called twice in one thread."""

from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from story import AGENT, MODEL, QUESTION, SESSION, SYSTEM
from story import get_weather as look_up

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
LangChainInstrumentor().instrument(tracer_provider=provider)


@tool
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return look_up(city)


agent = create_agent(ChatOpenAI(model=MODEL), [get_weather], system_prompt=SYSTEM, name=AGENT)
agent.invoke({"messages": [("user", QUESTION)]}, {"metadata": {"session_id": SESSION}, "tags": ["weather"]})
provider.shutdown()
