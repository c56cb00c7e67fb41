"""Turns the messages of any vendor or framework into OpenTelemetry's GenAI schema; the dialects are the callers.

The schema: {"role", "parts": [{"type": "text", "content"} | {"type": "reasoning", "content"} | {"type": "tool_call",
"id", "name", "arguments"} | {"type": "tool_call_response", "id", "response"} | {"type": "blob" | "uri" | "file", …}],
"finish_reason"?}. The shape is looked at, never the attribute it came in: one and the same attribute carries the
schema's own messages, OpenAI's and Anthropic's, depending on who wrote it.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from traces.wire.otlp.parts import is_part_list, part_of, parts_of, text_part, tool_calls_of
from traces.wire.otlp.values import decoded

Message: TypeAlias = dict[str, Any]
_ROLES = {
    "human": "user",
    "humanmessage": "user",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "developer": "system",
    "systemmessage": "system",
    "function": "tool",
    "toolmessage": "tool",
}
_KNOWN_ROLES = {"system", "user", "assistant", "tool"}
_CONTENT_KEYS = ("content", "parts", "tool_calls", "function_call")
_LISTS_OF_MESSAGES = ("messages", "contents", "choices", "candidates", "generations", "output", "input")
"""Where requests and responses of the vendors keep their messages."""
_ITEM_ROLES = {
    "function_call": "assistant",
    "reasoning": "assistant",
    "function_call_output": "tool",
}
"""Items of OpenAI's Responses API that are parts of a conversation without being messages."""


def messages_of(value: Any) -> list[Message] | None:
    """The messages that a value is, or holds as JSON; None if it is no conversation."""
    value = decoded(value)
    if not value or not isinstance(value, list | dict):
        return None
    try:
        found = list(_messages(value))
    except RecursionError:
        return None
    return found if found and all(found) else None


def text_message(role: str, content: Any) -> list[Message] | None:
    """One message with one text, or None if there is no text."""
    return [{"role": role, "parts": [text_part(content)]}] if isinstance(content, str) and content else None


def are_messages(value: Any) -> bool:
    """Whether a value is what `messages_of` returns, with something said in it."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return False
    parts = [item.get("parts") for item in value]
    return any(parts) and all(map(is_part_list, parts))


def tool_answer(value: Any) -> Any:
    """What a tool returned, out of the one message that some frameworks put it into; any other value as it is."""
    parts = value[0]["parts"] if are_messages(value) and len(value) == 1 else []
    return parts[0].get("response") if len(parts) == 1 and parts[0]["type"] == "tool_call_response" else value


def conversation_or_value(value: Any, role: str = "") -> Any:
    """The messages in a value; else a message of `role`, if one is named and it is a text; else the value itself."""
    if value is None:
        return None
    value = decoded(value)
    if found := messages_of(value):
        return found
    return (text_message(role, value) if role else None) or value


def join_messages(*groups: list[Message] | None) -> list[Message] | None:
    return [message for group in groups for message in group or ()] or None


def _messages(value: Any) -> Iterator[Message]:
    """Each message, an empty one for what is none among them."""
    if isinstance(value, list):
        # LangChain sends a list of conversations, of which there is nearly always one.
        items = value[0] if len(value) == 1 and isinstance(value[0], list) else value
        for item in items:
            yield _message(item) if isinstance(item, dict) else {}
    elif isinstance(value, dict):
        yield from _messages_in_object(value)


def _messages_in_object(value: dict[str, Any]) -> Iterator[Message]:
    if alone := _message(value):
        yield alone
        return
    for key in ("system", "instructions", "systemInstruction", "system_instruction"):
        yield from _system(value.get(key))
    held = next((value[key] for key in _LISTS_OF_MESSAGES if isinstance(value.get(key), list)), None)
    if held is not None:
        yield from _messages(held)
    elif isinstance(value.get("message"), dict):
        yield _message(value["message"])
    elif isinstance(value.get("prompt"), str | list):
        yield from text_message("user", value["prompt"]) or _messages(value["prompt"])


def _system(content: Any) -> Iterator[Message]:
    if isinstance(content, dict):
        content = content.get("parts")
    if content and isinstance(content, str | list):
        yield {"role": "system", "parts": parts_of(content)}


def _message(raw: dict[str, Any]) -> Message:
    """One message, or an empty one if it has no role or nothing to say."""
    finish = raw.get("finish_reason") or raw.get("finishReason") or raw.get("stop_reason")
    raw = _unwrapped(raw)
    finish = finish or raw.get("finish_reason")
    role = _role(raw)
    if not role:
        return {}
    message: Message = {"role": role, "parts": list(_parts(raw, role))}
    if isinstance(raw.get("name"), str) and raw["name"] and "role" in raw and role != "tool":
        message["name"] = raw["name"]
    if isinstance(finish, str) and finish:
        message["finish_reason"] = finish
    return message


def _unwrapped(raw: dict[str, Any]) -> dict[str, Any]:
    """The message inside a choice, a generation, a candidate or a LangChain constructor."""
    for key in ("message", "kwargs", "content", "data"):
        inner = raw.get(key)
        if not isinstance(inner, dict) or "role" in raw:
            continue
        if key == "kwargs":
            path = raw.get("id")
            return {"type": path[-1] if isinstance(path, list) and path else "", **inner}
        if key == "message":
            return _unwrapped(inner)
        if key == "data":
            return {"type": raw.get("type"), **inner}
        if "parts" in inner:
            return inner
    return raw


def _role(raw: dict[str, Any]) -> str:
    role, kind = raw.get("role"), raw.get("type")
    if isinstance(role, str) and role:
        has_content = any(key in raw for key in _CONTENT_KEYS)
        return _ROLES.get(role.lower(), role.lower()) if has_content else ""
    if not isinstance(kind, str):
        return ""
    if kind in _ITEM_ROLES:
        return _ITEM_ROLES[kind]
    role = _ROLES.get(kind.lower(), kind.lower())
    return role if role in _KNOWN_ROLES and "content" in raw else ""


def _parts(raw: dict[str, Any], role: str) -> Iterator[dict[str, Any]]:
    if str(raw.get("type")) in _ITEM_ROLES and "role" not in raw:
        yield part_of(raw)
        return
    for key in ("reasoning_content", "reasoning"):
        if isinstance(raw.get(key), str) and raw[key]:
            yield {"type": "reasoning", "content": raw[key]}
            break
    content = raw.get("parts", raw.get("content"))
    if role == "tool" and not _is_result_list(content):
        yield {"type": "tool_call_response", "id": _call_id(raw), "response": _response(content)}
    else:
        yield from parts_of(content)
    if isinstance(raw.get("refusal"), str) and raw["refusal"]:
        yield text_part(raw["refusal"])
    yield from tool_calls_of(raw)


def _call_id(raw: dict[str, Any]) -> str | None:
    return raw.get("tool_call_id") or raw.get("id") or raw.get("name")


def _response(content: Any) -> Any:
    """What a tool said: the text, if it was put into a part like a person's."""
    parts = parts_of(content) if isinstance(content, list) else []
    return parts[0]["content"] if len(parts) == 1 and parts[0]["type"] == "text" else decoded(content)


def _is_result_list(content: Any) -> bool:
    """Whether the content of a tool's message names the call by itself, as Anthropic's and Vercel's does."""
    return isinstance(content, list) and any(
        isinstance(item, dict) and item.get("type") in ("tool_result", "tool-result", "tool_call_response")
        for item in content
    )
