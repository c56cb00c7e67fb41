"""Langfuse's SDK: its decorator, its drop-in for OpenAI's SDK, a session and a user; a generation written by hand."""

from langfuse import get_client, observe, propagate_attributes
from langfuse.openai import OpenAI
from story import AGENT, QUESTION, SESSION, USER, ask
from story import get_weather as look_up

langfuse = get_client()


@observe(as_type="tool")
def get_weather(city: str) -> str:
    return look_up(city)


@observe(as_type="agent", name=AGENT)
def run_agent(question: str) -> str:
    with propagate_attributes(session_id=SESSION, user_id=USER, tags=["weather", "test"], metadata={"plan": "free"}):
        summarise(question)
        return ask(OpenAI(), tool=get_weather, is_streaming=True)


def summarise(text: str) -> None:
    """A model that Langfuse has no drop-in for: its usage and cost are told by hand."""
    with langfuse.start_as_current_observation(
        name="summarise", as_type="generation", model="house-model", input=text, model_parameters={"temperature": 0.2}
    ) as generation:
        generation.update(
            output="Weather in Paris", usage_details={"input": 20, "output": 4}, cost_details={"total": 0.00012}
        )


run_agent(QUESTION)
langfuse.shutdown()
