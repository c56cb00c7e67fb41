import logfire
from pydantic_ai import Agent

logfire.configure(service_name="weather")
logfire.instrument_pydantic_ai()
agent = Agent("openai:gpt-5-mini", name="weather-agent", instructions="Answer in one sentence.")


@agent.tool_plain
def get_weather(city: str) -> str:
    """The current weather in a city."""
    return f"{city}: 14 °C, rain"


print(agent.run_sync("Do I need an umbrella in Paris?").output)
