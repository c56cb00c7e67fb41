"""Logfire's SDK with Pydantic AI on a model of OpenAI's: a picture in the question, tokens with details, a cost."""

import base64

import logfire
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.models.openai import OpenAIChatModel
from story import AGENT, MODEL, QUESTION, SYSTEM
from story import get_weather as look_up

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""

logfire.configure(service_name="weather", console=False, inspect_arguments=False)
logfire.instrument_pydantic_ai()
agent = Agent(OpenAIChatModel(MODEL), name=AGENT, instructions=SYSTEM)


@agent.tool_plain
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return look_up(city)


agent.run_sync([QUESTION, BinaryContent(DOT, media_type="image/png")])
logfire.shutdown()
