"""Messages of each vendor and framework become one schema."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.tests.wire.otlp_spans import says
from traces.wire.otlp.messages import are_messages, conversation_or_value, messages_of, tool_answer
from traces.wire.otlp.parts import parts_of

CALL = {"type": "tool_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Paris"}}
RESULT = {"type": "tool_call_response", "id": "c1", "response": "rain"}
OPENAI_CALL = {"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}


@pytest.mark.parametrize(
    ("sent", "messages"),
    [
        # OpenTelemetry's own, as a list and as JSON
        ([says("user", "hi")], [says("user", "hi")]),
        ('[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]', [says("user", "hi")]),
        # OpenAI
        ([{"role": "developer", "content": "be short"}], [says("system", "be short")]),
        (
            [{"role": "assistant", "content": None, "tool_calls": [OPENAI_CALL]}],
            [{"role": "assistant", "parts": [CALL]}],
        ),
        ([{"role": "tool", "tool_call_id": "c1", "content": "rain"}], [{"role": "tool", "parts": [RESULT]}]),
        (
            {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}]},
            [{**says("assistant", "hi"), "finish_reason": "stop"}],
        ),
        (
            {
                "instructions": "be short",
                "input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
            },
            [says("system", "be short"), says("user", "hi")],
        ),
        (
            {"output": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]},
            [{"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}]}],
        ),
        (
            [
                {
                    "type": "function_call",
                    "call_id": "c1",
                    "id": "f",
                    "name": "get_weather",
                    "arguments": '{"city":"Paris"}',
                }
            ],
            [{"role": "assistant", "parts": [CALL]}],
        ),
        (
            [{"type": "function_call_output", "call_id": "c1", "output": "rain"}],
            [{"role": "tool", "parts": [RESULT]}],
        ),
        # Anthropic
        (
            {"system": "be short", "messages": [{"role": "user", "content": "hi"}]},
            [says("system", "be short"), says("user", "hi")],
        ),
        (
            {
                "role": "assistant",
                "stop_reason": "tool_use",
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {"city": "Paris"}},
                ],
            },
            [
                {
                    "role": "assistant",
                    "parts": [{"type": "reasoning", "content": "hm"}, CALL],
                    "finish_reason": "tool_use",
                }
            ],
        ),
        (
            [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "rain"}]}],
            [{"role": "user", "parts": [RESULT]}],
        ),
        # Google
        (
            {"contents": [{"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": "hi"}]}]},
            [{"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, says("", "hi")["parts"][0]]}],
        ),
        (
            {"candidates": [{"content": {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}}]},
            [{"role": "assistant", "parts": [{"type": "tool_call", "id": None, "name": "f", "arguments": {}}]}],
        ),
        # LangChain
        (
            {
                "messages": [
                    [{"lc": 1, "type": "constructor", "id": ["x", "HumanMessage"], "kwargs": {"content": "hi"}}]
                ]
            },
            [says("user", "hi")],
        ),
        ([{"type": "ai", "data": {"content": "hi"}}], [says("assistant", "hi")]),
        ({"generations": [[{"text": "hi", "message": {"type": "ai", "content": "hi"}}]]}, [says("assistant", "hi")]),
        # Vercel
        (
            [
                {
                    "role": "assistant",
                    "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "f", "input": {}}],
                }
            ],
            [{"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "f", "arguments": {}}]}],
        ),
        (
            [
                {
                    "role": "tool",
                    "content": [
                        {"type": "tool-result", "toolCallId": "c1", "output": {"type": "text", "value": "rain"}}
                    ],
                }
            ],
            [{"role": "tool", "parts": [RESULT]}],
        ),
        ({"system": "be short", "prompt": "hi"}, [says("system", "be short"), says("user", "hi")]),
    ],
)
def test_messages_are_read(sent, messages):
    assert messages_of(sent) == messages


@pytest.mark.parametrize(
    ("sent", "part"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
            {"type": "blob", "mime_type": "image/png", "content": "AA"},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
            {"type": "blob", "mime_type": "image/png", "content": "AA"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
            {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
        ),
        (
            {"inlineData": {"mimeType": "audio/wav", "data": "AA"}},
            {"type": "blob", "mime_type": "audio/wav", "content": "AA"},
        ),
        ({"type": "file", "file_id": "f1"}, {"type": "file", "file_id": "f1"}),
    ],
)
def test_an_image_or_a_file_is_a_part(sent, part):
    assert messages_of([{"role": "user", "content": [sent]}]) == [{"role": "user", "parts": [part]}]


@pytest.mark.parametrize(
    "value", [None, 5, "hello", "[1, 2]", [], {}, [{"role": "user"}], {"question": "hi"}, [says("user", "hi"), 7]]
)
def test_what_is_no_conversation_is_no_messages(value):
    assert messages_of(value) is None


def test_a_json_text_that_was_put_into_a_json_text_is_decoded():
    assert conversation_or_value('"{\\"a\\": [1]}"') == {"a": [1]}


def test_it_is_decoded_no_more_than_twice():
    assert conversation_or_value('"\\"\\\\\\"a\\\\\\"\\""') == '"a"'


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": ' + "[" * 70 + "]" * 70 + "}", "[" * 5000, '{"a": 1e999}', "12"])
def test_a_text_that_is_no_json_within_the_limits_stays_a_text(text):
    assert conversation_or_value(text) == text


SCALARS = st.sampled_from([None, True, 0, 1.5, "", "x", "user", "tool", "[]", '[{"type": "text"}]'])
TYPES = st.sampled_from(
    [
        "text",
        "image",
        "image_url",
        "tool_use",
        "tool_result",
        "tool-result",
        "reasoning",
        "function_call",
        "human",
        "ai",
    ]
)


def shaped(inner):
    """Objects that look like messages and parts, with anything in any place."""
    anything = SCALARS | inner | st.lists(inner, max_size=3)
    fields = (
        "content",
        "parts",
        "tool_calls",
        "function",
        "message",
        "kwargs",
        "data",
        "id",
        "text",
        "image_url",
        "source",
    )
    more = ("name", "arguments", "output", "summary", "functionCall", "inlineData", "messages", "system", "stop_reason")
    return st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["user", "assistant", "tool", "system"]) | anything,
            "type": TYPES | anything,
            **dict.fromkeys(fields + more, anything),
        },
    )


SHAPES = st.recursive(SCALARS, lambda inner: shaped(inner) | st.lists(shaped(inner), max_size=3), max_leaves=6)


@given(SHAPES)
def test_no_shape_of_a_message_raises(value):
    messages = messages_of(value)
    assert messages is None or all({"role", "parts"} <= message.keys() for message in messages)
    json.dumps(
        [messages, parts_of(value), tool_answer(value), are_messages(value), conversation_or_value(value, "user")]
    )
