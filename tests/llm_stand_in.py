"""A stand-in for the vendors of language models over real HTTP, for tests that run real SDKs offline.

It is no model: it knows one conversation, about the weather in Paris. Offered tools, it calls the first; given the
tool's result, or no tools, it answers. It speaks OpenAI's chat completions (also as a stream), responses and
embeddings, and Anthropic's messages. Its figures are always the same and include cached and reasoning tokens, so that a
test can say what a page has to show. An address under /failing/<status>/ answers with that status.
"""

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

ANSWER = "It is 14 °C and raining in Paris. Take an umbrella."
CITY = "Paris"

Request: TypeAlias = dict[str, Any]
Turn: TypeAlias = int
"""0 for the turn that calls the tool, 1 for the one that answers."""

CREATED = 1_767_225_600
DATED = {
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}
"""The name that a vendor answers with for the one that it was asked by."""

OPENAI_USAGE = (
    {"input": 1200, "cached": 1024, "output": 52, "reasoning": 32},
    {"input": 1280, "cached": 1152, "output": 78, "reasoning": 64},
)
"""By turn. Input includes what was cached, output includes the reasoning."""
ANTHROPIC_USAGE = (
    {"input_tokens": 96, "cache_creation_input_tokens": 1024, "cache_read_input_tokens": 0, "output_tokens": 41},
    {"input_tokens": 150, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1024, "output_tokens": 19},
)
"""By turn. Input leaves out what was read from the cache and what was written to it."""
EMBEDDING_USAGE = {"prompt_tokens": 12, "total_tokens": 12}
ERRORS = {429: "rate_limit_exceeded", 500: "server_error"}


class LlmStandIn:
    """Listens on 127.0.0.1 until the `with` block ends; it numbers its answers from 1."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "LlmStandIn":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next_number(self) -> int:
        return next(self._numbers)


# OpenAI's chat completions


def _chat(request: Request, number: int) -> Request:
    turn = _turn(request, request["messages"])
    call = {"id": f"call_{number:06}", "type": "function", "function": _call(request["tools"])} if turn == 0 else None
    message: Request = {"role": "assistant", "content": None if call else ANSWER, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if call else "stop", "logprobs": None}
    if call:
        message["tool_calls"] = [call]
    return _completion(request, number, "chat.completion") | {"choices": [choice], "usage": _chat_usage(turn)}


def _chat_stream(request: Request, number: int) -> Iterator[Request]:
    """The same answer in pieces; the usage comes last, and only if it was asked for."""
    whole = _chat(request, number)
    chunk = _completion(request, number, "chat.completion.chunk") | {"usage": None}
    (choice,) = whole["choices"]
    for delta in _deltas(choice["message"]):
        yield chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    if (request.get("stream_options") or {}).get("include_usage"):
        yield chunk | {"choices": [], "usage": whole["usage"]}


def _deltas(message: Request) -> Iterator[Request]:
    yield {"role": "assistant", "content": ""}
    for index, call in enumerate(message.get("tool_calls", [])):
        yield {"tool_calls": [call | {"index": index, "function": call["function"] | {"arguments": ""}}]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": call["function"]["arguments"]}}]}
    for word in re.findall(r"\S+\s*", message["content"] or ""):
        yield {"content": word}


def _completion(request: Request, number: int, kind: str) -> Request:
    return {
        "id": f"chatcmpl-{number:06}",
        "object": kind,
        "created": CREATED,
        "model": _model(request),
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }


def _chat_usage(turn: Turn) -> Request:
    usage = OPENAI_USAGE[turn]
    return {
        "prompt_tokens": usage["input"],
        "completion_tokens": usage["output"],
        "total_tokens": usage["input"] + usage["output"],
        "prompt_tokens_details": {"cached_tokens": usage["cached"], "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage["reasoning"], "audio_tokens": 0},
    }


# OpenAI's responses


def _response(request: Request, number: int) -> Request:
    asked = request["input"] if isinstance(request["input"], list) else []
    turn = _turn(request, asked)
    usage = OPENAI_USAGE[turn]
    return {
        "id": f"resp_{number:06}",
        "object": "response",
        "created_at": CREATED,
        "status": "completed",
        "model": _model(request),
        "output": [_reasoning(number), _tool_item(request, number) if turn == 0 else _message_item(number)],
        "instructions": request.get("instructions"),
        "tools": request.get("tools", []),
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "error": None,
        "incomplete_details": None,
        "metadata": {},
        "usage": {
            "input_tokens": usage["input"],
            "input_tokens_details": {"cached_tokens": usage["cached"]},
            "output_tokens": usage["output"],
            "output_tokens_details": {"reasoning_tokens": usage["reasoning"]},
            "total_tokens": usage["input"] + usage["output"],
        },
    }


def _reasoning(number: int) -> Request:
    summary = [{"type": "summary_text", "text": "The user wants today's weather."}]
    return {"id": f"rs_{number:06}", "type": "reasoning", "summary": summary}


def _tool_item(request: Request, number: int) -> Request:
    named = {"id": f"fc_{number:06}", "call_id": f"call_{number:06}", "type": "function_call", "status": "completed"}
    return named | _call(request["tools"])


def _message_item(number: int) -> Request:
    content = [{"type": "output_text", "text": ANSWER, "annotations": [], "logprobs": []}]
    return {"id": f"msg_{number:06}", "type": "message", "role": "assistant", "status": "completed", "content": content}


# OpenAI's embeddings


def _embeddings(request: Request, number: int) -> Request:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    vector = [0.1, -0.2, 0.3, 0.4]
    data = [{"object": "embedding", "index": index, "embedding": vector} for index in range(len(texts))]
    return {"object": "list", "model": _model(request), "data": data, "usage": EMBEDDING_USAGE}


# Anthropic's messages


def _message(request: Request, number: int) -> Request:
    turn = _turn(request, request["messages"])
    tool = {"type": "tool_use", "id": f"toolu_{number:06}", "name": _first_tool(request), "input": {"city": CITY}}
    return {
        "id": f"msg_{number:06}",
        "type": "message",
        "role": "assistant",
        "model": _model(request),
        "content": [tool] if turn == 0 else [{"type": "text", "text": ANSWER}],
        "stop_reason": "tool_use" if turn == 0 else "end_turn",
        "stop_sequence": None,
        "usage": ANTHROPIC_USAGE[turn] | {"service_tier": "standard"},
    }


def _message_stream(request: Request, number: int) -> Iterator[Request]:
    """The same answer as events; the first tells the input's tokens, the last but one the output's."""
    whole = _message(request, number)
    (part,) = whole["content"]
    is_text = part["type"] == "text"
    empty: Request = part | ({"text": ""} if is_text else {"input": dict[str, Any]()})
    told: Request = {"text": part["text"]} if is_text else {"partial_json": json.dumps(part["input"])}
    delta = {"type": "text_delta" if is_text else "input_json_delta"} | told
    yield {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ended, "usage": {"output_tokens": whole["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


# What they have in common


def _turn(request: Request, messages: list[Any]) -> Turn:
    return 0 if request.get("tools") and not any(map(_is_tool_result, messages)) else 1


def _is_tool_result(message: Request) -> bool:
    """Whether a message, of any of the vendors, brings what a tool returned."""
    if message.get("role") == "tool" or message.get("type") == "function_call_output":
        return True
    content = message.get("content")
    return isinstance(content, list) and any(part.get("type") == "tool_result" for part in content)


def _call(tools: list[Request]) -> Request:
    return {"name": _first_tool({"tools": tools}), "arguments": json.dumps({"city": CITY})}


def _first_tool(request: Request) -> str:
    tool = (request.get("tools") or [{}])[0]
    return str(tool.get("function", tool).get("name", ""))


def _model(request: Request) -> str:
    return str(DATED.get(request["model"], request["model"]))


_ROUTES: dict[str, Callable[[Request, int], Request]] = {
    "/v1/chat/completions": _chat,
    "/v1/responses": _response,
    "/v1/embeddings": _embeddings,
    "/v1/messages": _message,
}
_STREAMS = {"/v1/chat/completions": _chat_stream, "/v1/messages": _message_stream}


def _handler(stand_in: LlmStandIn) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"stand_in": stand_in})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: LlmStandIn

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        number, path = self.stand_in.next_number(), self.path.partition("?")[0]
        failing = re.match(r"/failing/(\d{3})/", path)
        is_streaming = bool(request.get("stream"))
        if failing:
            self._fail(int(failing[1]))
        elif is_streaming and path in _STREAMS:
            self._stream(_STREAMS[path](request, number))
        elif not is_streaming and path in _ROUTES:
            self._send(200, _ROUTES[path](request, number))
        else:
            self._fail(404)

    def _fail(self, status: int) -> None:
        kind = ERRORS.get(status, "invalid_request_error")
        message = f"The stand-in was asked to fail with {status}."
        # Both vendors put the words at error.message; `type` beside it is Anthropic's.
        self._send(status, {"type": "error", "error": {"type": kind, "code": kind, "message": message, "param": None}})

    def _send(self, status: int, answer: Request) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        # Whoever asked may have lost patience.
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(content)

    def _stream(self, chunks: Iterator[Request]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        with suppress(OSError):
            self.end_headers()
            for chunk in chunks:
                # Anthropic's events have names, and none comes after the last.
                named = f"event: {chunk['type']}\n".encode() if "type" in chunk else b""
                self.wfile.write(named + b"data: " + json.dumps(chunk).encode() + b"\n\n")
                self.wfile.flush()
            self.wfile.write(b"" if "type" in chunk else b"data: [DONE]\n\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
