"""OpenLLMetry: traceloop-sdk with its decorators, which instruments what it finds installed."""

from openai import OpenAI
from opentelemetry import trace
from story import AGENT, SESSION, USER, ask, embed
from story import get_weather as look_up
from traceloop.sdk import Traceloop
from traceloop.sdk.decorators import agent, tool, workflow

Traceloop.init(app_name="weather", disable_batch=False)


@tool(name="get_weather")
def get_weather(city: str) -> str:
    return look_up(city)


@agent(name=AGENT)
def run_agent() -> str:
    client = OpenAI(max_retries=0)
    embed(client)
    return ask(client, tool=get_weather, is_streaming=True)


@workflow(name="weather-question")
def answer_question() -> str:
    Traceloop.set_association_properties({"user_id": USER, "session_id": SESSION, "plan": "free"})
    return run_agent()


answer_question()
trace.get_tracer_provider().shutdown()
