"""Reads a span's input or output as a conversation, if that is what it is; detail.py calls `messages_of`.

Pure: it knows OpenTelemetry's shape of messages and those of OpenAI, Anthropic, Ollama and the frameworks above them,
and gives back roles and parts in our own words, or None for everything else. It renders nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from tracen.lib.wording import bytes_text
from traces.reading.jsontree import binary_label
from traces.reading.payload import read_value

TEXT_KEYS = ("text", "prompt", "content", "response", "completion", "question", "answer", "message")
_ROLES = {
    "system": "System",
    "developer": "System",
    "user": "User",
    "human": "User",
    "assistant": "Assistant",
    "ai": "Assistant",
    "model": "Assistant",
    "tool": "Tool",
    "function": "Tool",
}
_TEXT_TYPES = {"text", "input_text", "output_text", "refusal"}
_REASONING_TYPES = {"thinking", "reasoning", "redacted_thinking"}
_CALL_TYPES = {"tool_use", "tool_call", "function_call", "server_tool_use"}
_RESULT_TYPES = {"tool_result", "function_call_output", "tool_call_output", "tool_call_response"}
_IMAGE_TYPES = {"image", "image_url", "input_image"}
_FILE_TYPES = {"blob", "uri", "file"}


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message: `kind` is text, reasoning, call, result, image or data."""

    kind: str
    text: str = ""
    name: str = ""
    value: Any = None
    id: str = ""
    """Of a call and of the result that belongs to it; empty where the sender gave none."""
    answer: "Part | None" = None
    """The result of a call, where it is known and stands beside it."""
    span_id: str = ""
    """The step that a result was found in, if it is another one."""


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    """System, User, Assistant, Tool, or the word that was sent."""
    parts: tuple[Part, ...]


def messages_of(value: Any) -> tuple[Message, ...] | None:
    """The messages in a stored value, or None if it is no conversation."""
    raw = _raw_messages(value)
    if not raw:
        return None
    names = dict(_call_names(raw))
    return tuple(Message(_role(message), tuple(_parts(message, names))) for message in raw)


def text_of(value: Any) -> str | None:
    """The one text that a value consists of: a plain string or an object such as {"prompt": "…"}."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and len(value) == 1:
        key, text = next(iter(value.items()))
        return text if key in TEXT_KEYS and isinstance(text, str) else None
    return None


def _raw_messages(value: Any) -> list[dict[str, Any]]:
    """The message objects in the value, in order; an empty list if there are none."""
    if isinstance(value, list):
        return value if value and all(_is_message(item) for item in value) else []
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("messages"), list):
        return _system_first(value) + _raw_messages(value["messages"])
    if isinstance(value.get("choices"), list):
        return _raw_messages([item.get("message") for item in value["choices"] if isinstance(item, dict)])
    if _is_message(value.get("message")):
        return [value["message"]]
    if _is_message(value):
        return [value]
    return [{"role": "assistant", "content": value["content"]}] if _is_part_list(value.get("content")) else []


def _system_first(value: dict[str, Any]) -> list[dict[str, Any]]:
    system = value.get("system")
    return [{"role": "system", "content": system}] if system and isinstance(system, str | list) else []


def _is_message(value: Any) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("role"), str):
        return False
    return any(key in value for key in ("content", "tool_calls", "function_call", "parts"))


def _is_part_list(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and all(map(_is_part, value))


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def _role(message: dict[str, Any]) -> str:
    parts = _content_of(message)
    if _is_part_list(parts) and all(part["type"] in _RESULT_TYPES for part in parts):
        # Anthropic sends what a tool answered as a message of the user.
        return "Tool"
    role = str(message["role"])
    return _ROLES.get(role.lower(), role[:40])


def _call_names(messages: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Which tool each call id belongs to, so that a result can be headed by its tool's name."""
    for message in messages:
        content = _content_of(message)
        parts = content if isinstance(content, list) else []
        calls = message.get("tool_calls")
        for call in [*parts, *(calls if isinstance(calls, list) else [])]:
            if isinstance(call, dict) and (part := _call(call)).name and part.id:
                yield part.id, part.name


def _parts(message: dict[str, Any], names: dict[str, str]) -> Iterator[Part]:
    for key in ("reasoning_content", "reasoning"):
        if isinstance(message.get(key), str):
            yield Part("reasoning", message[key])
    content = _content_of(message)
    if _role(message) == "Tool" and not _is_part_list(content):
        yield _tool_answer(message, names)
    else:
        yield from _content(content, names)
    calls: Any = message.get("tool_calls") or message.get("function_call") or []
    yield from (_call(call) for call in (calls if isinstance(calls, list) else [calls]) if isinstance(call, dict))


def _tool_answer(message: dict[str, Any], names: dict[str, str]) -> Part:
    call_id = _text_in(message, "tool_call_id")
    name = message.get("name") or names.get(call_id, "")
    return Part("result", name=str(name), value=_parsed(_content_of(message)), id=call_id)


def _content_of(message: dict[str, Any]) -> Any:
    return message.get("content", message.get("parts"))


def _text_in(item: dict[str, Any], *keys: str) -> str:
    """The first of the values that says something, as a text; empty if none does."""
    return str(next((item[key] for key in keys if item.get(key)), ""))


def _content(content: Any, names: dict[str, str]) -> Iterator[Part]:
    if content is None or content == "":
        return
    items: list[Any] = content if isinstance(content, list) else [content]
    for item in items:
        yield _part(item, names)


def _part(item: Any, names: dict[str, str]) -> Part:
    if isinstance(item, str):
        return _text(item)
    if not isinstance(item, dict):
        return Part("data", value=item)
    kind = str(item.get("type", "text" if isinstance(item.get("text"), str) else ""))
    if kind in _CALL_TYPES:
        return _call(item)
    if kind in _RESULT_TYPES:
        return _result(item, names)
    return _plain_part(kind, item)


def _plain_part(kind: str, item: dict[str, Any]) -> Part:
    if kind in _TEXT_TYPES and isinstance(text := item.get("text", item.get("content")), str):
        return _text(text)
    if kind in _REASONING_TYPES:
        words = _text_in(item, "thinking", "text", "reasoning", "content")
        return Part("reasoning", words) if words else Part("data", value=item)
    if kind in _IMAGE_TYPES:
        return Part("image", _image_label(item))
    if kind in _FILE_TYPES:
        return Part("image", _file_label(kind, item))
    return Part("data", value=item)


def _text(text: str) -> Part:
    label = binary_label(text)
    return Part("image", label) if label else Part("text", text)


def _result(item: dict[str, Any], names: dict[str, str]) -> Part:
    call_id = _text_in(item, "tool_use_id", "call_id", "id")
    content = next((item[key] for key in ("content", "output", "response", "result") if key in item), None)
    return Part("result", name=names.get(call_id, ""), value=_parsed(_unwrapped(content)), id=call_id)


def _unwrapped(content: Any) -> Any:
    """A result that is one text part is that text."""
    if _is_part_list(content) and len(content) == 1 and isinstance(content[0].get("text"), str):
        return content[0]["text"]
    return content


def _call(item: dict[str, Any]) -> Part:
    function = item.get("function")
    source = function if isinstance(function, dict) else item
    arguments = source.get("arguments", source.get("input", source.get("args")))
    call_id = _text_in(item, "call_id", "id")
    return Part("call", name=str(source.get("name") or ""), value=_parsed(arguments), id=call_id)


def _parsed(value: Any) -> Any:
    """Arguments and results often are JSON inside a string: then the value in it, else the string."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    return read_value(value)


def _image_label(item: dict[str, Any]) -> str:
    """ "image, 34 KB" for what is inline, "image" for a link: it is never loaded."""
    source = item.get("source") or item.get("image_url") or item.get("image")
    if isinstance(source, dict):
        source = source.get("data") or source.get("url")
    label = binary_label(source) if isinstance(source, str) else None
    return f"image, {label.split(', ')[1]}" if label else "image"


def _file_label(kind: str, item: dict[str, Any]) -> str:
    """ "image, 34 KB" for data, "image" for an address, "file" for a name at the vendor's: none of it is loaded."""
    media = _text_in(item, "modality", "mime_type").split("/")[0] or "file"
    content = item.get("content")
    return f"{media}, {bytes_text(len(content) * 3 // 4)}" if kind == "blob" and isinstance(content, str) else media
