"""LangSmith's SDK, with its decorator and its wrapping of OpenAI's SDK, over OTLP instead of to LangSmith."""

from langsmith import Client, traceable
from langsmith.wrappers import wrap_openai
from openai import OpenAI
from opentelemetry import trace
from story import AGENT, QUESTION, SESSION, ask
from story import get_weather as look_up

langsmith = Client()


@traceable(run_type="tool")
def get_weather(city: str) -> str:
    return look_up(city)


@traceable(name=AGENT, metadata={"session_id": SESSION}, tags=["weather", "test"], client=langsmith)
def run_agent(question: str) -> str:
    return ask(wrap_openai(OpenAI()), tool=get_weather, is_streaming=True)


run_agent(QUESTION)
langsmith.flush()
trace.get_tracer_provider().shutdown()
