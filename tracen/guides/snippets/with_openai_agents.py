import os

from agents import Agent, Runner, function_tool, set_default_openai_api, set_trace_processors
from agents.tracing.processors import BackendSpanExporter, BatchTraceProcessor

exporter = BackendSpanExporter(
    api_key=os.environ["TRACEN_KEY"],
    endpoint=os.environ["TRACEN_URL"] + "/v1/traces/ingest",
)
processor = BatchTraceProcessor(exporter)
set_trace_processors([processor])
set_default_openai_api("chat_completions")  # what was said is exported only this way


@function_tool
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return f"{city}: 14 °C, rain"


agent = Agent(name="weather-agent", model="gpt-5-mini", tools=[get_weather])
print(Runner.run_sync(agent, "Do I need an umbrella in Paris?").final_output)

processor.shutdown()  # sends what is still waiting
