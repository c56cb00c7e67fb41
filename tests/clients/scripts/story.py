"""The run that most scripts make, with OpenAI's own SDK: a question, a tool call, its result, an answer."""

import json
from collections.abc import Callable
from typing import Any

AGENT = "weather-agent"
SESSION, USER = "session-42", "user-7"
SYSTEM = "You answer questions about the weather."
QUESTION = "What is the weather in Paris? Do I need an umbrella?"
MODEL = "gpt-5-mini"
EMBEDDING_MODEL = "text-embedding-3-small"
DESCRIPTION = "The current weather in a city."
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": DESCRIPTION, "parameters": PARAMETERS}}
]


def get_weather(city: str) -> str:
    """The current weather in a city."""
    return "14 °C, rain" if city == "Paris" else "unknown"


def ask(client: Any, *, tool: Callable[[str], str] = get_weather, is_streaming: bool = False) -> str:
    """Ask until the model answers; `tool` is the caller's wrapping of get_weather, the answer may come as a stream."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    said = first.choices[0].message
    (call,) = said.tool_calls
    result = tool(json.loads(call.function.arguments)["city"])
    messages += [
        said.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}),
        {"role": "tool", "tool_call_id": call.id, "content": result},
    ]
    if is_streaming:
        return _read_stream(client, messages)
    last = client.chat.completions.create(model=MODEL, messages=messages, tools=TOOLS)
    return str(last.choices[0].message.content)


def _read_stream(client: Any, messages: list[Any]) -> str:
    chunks = client.chat.completions.create(
        model=MODEL, messages=messages, tools=TOOLS, stream=True, stream_options={"include_usage": True}
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def embed(client: Any) -> None:
    client.embeddings.create(model=EMBEDDING_MODEL, input=[QUESTION])
