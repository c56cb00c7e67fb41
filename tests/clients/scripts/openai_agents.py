"""OpenAI's Agents SDK with its own exporter, in its own JSON, sent here instead of to OpenAI.

By default it asks by OpenAI's responses, and leaves out of its spans what OpenAI stores already: the model and what was
said. With the argument `chat_completions` it asks by those, and its spans have both.
"""

import os
import sys

from agents import Agent, Runner, function_tool, set_default_openai_api, set_trace_processors, trace
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor
from story import AGENT, MODEL, QUESTION, SESSION, SYSTEM
from story import get_weather as look_up

endpoint = f"{os.environ['TRACEN_URL']}/v1/traces/ingest"
exporter = BackendSpanExporter(api_key=os.environ["TRACEN_KEY"], endpoint=endpoint)
processor = BatchTraceProcessor(exporter)
set_trace_processors([processor])
if sys.argv[1:] == ["chat_completions"]:
    set_default_openai_api("chat_completions")


@function_tool
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return look_up(city)


agent = Agent(name=AGENT, instructions=SYSTEM, model=MODEL, tools=[get_weather])
with trace("Weather question", group_id=SESSION, metadata={"plan": "free"}):
    Runner.run_sync(agent, QUESTION)
processor.shutdown()
