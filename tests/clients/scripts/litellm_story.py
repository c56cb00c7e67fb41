"""The run of both LiteLLM scripts: an embedding, a question, a tool call, its result, an answer."""

import asyncio
import json
from collections.abc import Callable

import litellm
from story import EMBEDDING_MODEL, MODEL, QUESTION, SESSION, SYSTEM, TOOLS, USER, get_weather


async def ask(tool: Callable[[str], str] = get_weather, **metadata: object) -> None:
    """Ask until the model answers; `metadata` goes to LiteLLM's loggers with each call."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    await litellm.aembedding(f"openai/{EMBEDDING_MODEL}", input=[QUESTION], metadata=_metadata(metadata))
    first = await _complete(messages, metadata)
    said = first.choices[0].message
    (call,) = said.tool_calls
    result = tool(json.loads(call.function.arguments)["city"])
    messages += [
        said.model_dump(exclude_none=True, include={"role", "content", "tool_calls"}),
        {"role": "tool", "tool_call_id": call.id, "content": result},
    ]
    await _complete(messages, metadata)
    # A call reaches the loggers some time after its answer, and nothing says when the last one has.
    await asyncio.sleep(2)


async def _complete(messages: list, metadata: dict) -> litellm.ModelResponse:
    return await litellm.acompletion(
        f"openai/{MODEL}", messages=messages, tools=TOOLS, user=USER, metadata=_metadata(metadata)
    )


def _metadata(more: dict) -> dict:
    """A new object for each call: LiteLLM writes into it which logger has seen the call."""
    return {"session_id": SESSION, "tags": ["weather", "test"], **more}
