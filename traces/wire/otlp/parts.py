"""Turns one piece of a message (a text, an image, a tool call) into OpenTelemetry's GenAI schema; messages.py calls it."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from traces.wire.otlp.values import decoded, join

Part: TypeAlias = dict[str, Any]
_NOTHING = {"type": "text", "content": ""}


def parts_of(content: Any) -> list[Part]:
    """The parts of a message's content: a text, a list of texts and objects, or one object."""
    if content is None or content == "":
        return []
    if isinstance(content, str):
        # A list of parts may have been put into a text; any other text is what was said.
        inner = decoded(content, only="[")
        return parts_of(inner) if inner and is_part_list(inner) else [text_part(content)]
    parts = [part_of(item) for item in (content if isinstance(content, list) else [content])]
    return [part for part in parts if part != _NOTHING]


def part_of(raw: Any) -> Part:
    """One part; an object of an unknown type is kept as it is, which the schema allows."""
    if not isinstance(raw, dict):
        return text_part(raw if isinstance(raw, str) else str(raw))
    kind = raw.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader:
        return reader(raw)
    if isinstance(kind, str):
        return raw
    return _untyped(raw)


def text_part(content: str) -> Part:
    return {"type": "text", "content": content}


def tool_calls_of(raw: dict[str, Any]) -> Iterator[Part]:
    """The calls beside a message's content, as OpenAI and LangChain write them."""
    calls = decoded(raw.get("tool_calls") or raw.get("toolCalls") or raw.get("function_call"))
    for call in calls if isinstance(calls, list) else [calls]:
        if isinstance(call, dict):
            inner = call.get("tool_call")
            yield _tool_call(inner if isinstance(inner, dict) else call)


def is_part_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and "type" in item for item in value)


def _said(raw: Part, *names: str) -> Any:
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _text(raw: Part) -> Part:
    content = _said(raw, "content", "text", "refusal")
    return text_part(content if isinstance(content, str) else "" if content is None else str(content))


def _reasoning(raw: Part) -> Part:
    content = _said(raw, "content", "thinking", "text", "reasoning", "summary", "data")
    if isinstance(content, list):
        content = join(part_of(item).get("content") for item in content)
    return {"type": "reasoning", "content": content if isinstance(content, str) else ""}


def _tool_call(raw: Part) -> Part:
    function = raw.get("function")
    inner = function if isinstance(function, dict) else raw
    return {
        "type": "tool_call",
        "id": _said(raw, "call_id", "id", "toolCallId", "tool_call_id"),
        "name": _said(inner, "name", "toolName", "tool_name"),
        "arguments": decoded(_said(inner, "arguments", "input", "args")),
    }


def _tool_result(raw: Part) -> Part:
    response = decoded(_said(raw, "response", "result", "content", "output"))
    # Vercel wraps what a tool returned: {"type": "json" | "text", "value"}.
    if isinstance(response, dict) and response.keys() == {"type", "value"}:
        response = response["value"]
    identifier = _said(raw, "call_id", "tool_use_id", "toolCallId", "tool_call_id", "id", "name")
    return {"type": "tool_call_response", "id": identifier, "response": response}


def _image(raw: Part) -> Part:
    """An image as OpenAI, Anthropic, Vercel and OpenInference write it."""
    image = _said(raw, "image_url", "image", "source", "input_image", "file")
    if isinstance(image, dict):
        inner = image.get("image")
        source = inner if isinstance(inner, dict) else image
    else:
        source = {"url": image}
    place = _said(source, "url", "uri", "data")
    if isinstance(place, str) and place.startswith(("http://", "https://")):
        return {"type": "uri", "modality": "image", "uri": place}
    return _inline(place, _said(source, "media_type", "mime_type", "mediaType") or raw.get("mimeType") or "image/*")


def _inline(content: Any, media_type: Any) -> Part:
    """Data in the message itself, its data URL taken apart: "data:image/png;base64,…"."""
    if isinstance(content, str) and content.startswith("data:") and "," in content:
        head, content = content[5:].split(",", 1)
        media_type = head.split(";")[0] or media_type
    return {"type": "blob", "mime_type": media_type, "content": content}


def _untyped(raw: Part) -> Part:
    """A part of Google's, which is known by the one key it has."""
    if isinstance(call := _said(raw, "functionCall", "function_call"), dict):
        return _tool_call(call)
    if isinstance(result := _said(raw, "functionResponse", "function_response"), dict):
        return _tool_result(result)
    if isinstance(data := _said(raw, "inlineData", "inline_data"), dict):
        return _inline(data.get("data"), _said(data, "mimeType", "mime_type"))
    if isinstance(raw.get("text"), str):
        return {"type": "reasoning" if raw.get("thought") is True else "text", "content": raw["text"]}
    return {"type": "data", "content": raw}


_TEXTS = ("text", "input_text", "output_text", "refusal")
_REASONINGS = ("reasoning", "thinking", "redacted_thinking", "summary_text", "reasoning_text")
_CALLS = ("tool_call", "tool_use", "function_call", "tool-call", "server_tool_use", "server_tool_call", "function")
_RESULTS = ("tool_call_response", "tool_result", "function_call_output", "tool-result", "server_tool_call_response")
_IMAGES = ("image", "image_url", "input_image")
_READERS: dict[str, Callable[[Part], Part]] = {
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_REASONINGS, _reasoning),
    **dict.fromkeys(_CALLS, _tool_call),
    **dict.fromkeys(_RESULTS, _tool_result),
    **dict.fromkeys(_IMAGES, _image),
}
