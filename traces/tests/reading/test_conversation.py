"""Messages in the shapes that model APIs use, read as one conversation."""

import pytest

from traces.reading.conversation import Message, Part, messages_of, text_of


def test_plain_messages():
    sent = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert messages_of(sent) == (
        Message("System", (Part("text", "Be brief."),)),
        Message("User", (Part("text", "Hello"),)),
    )


def test_messages_inside_a_request_with_a_system_prompt_beside_them():
    sent = {"model": "m", "system": "Be brief.", "messages": [{"role": "user", "content": "Hello"}]}
    assert [message.role for message in messages_of(sent)] == ["System", "User"]


def test_the_choices_of_a_completion():
    got = {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}]}
    assert messages_of(got) == (Message("Assistant", (Part("text", "Hi"),)),)


def test_the_content_parts_of_an_answer():
    got = {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]}
    assert messages_of(got) == (Message("Assistant", (Part("reasoning", "hm"), Part("text", "Hi"))),)


def test_a_tool_call_with_arguments_in_a_string_and_its_result_by_id():
    call = {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": '{"q": 1}'}}
    talk = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": '{"a": 2}'},
    ]
    assert messages_of(talk) == (
        Message("Assistant", (Part("call", name="lookup", value={"q": 1}, id="c1"),)),
        Message("Tool", (Part("result", name="lookup", value={"a": 2}, id="c1"),)),
    )


def test_tool_use_parts_and_results_that_come_as_the_user():
    answer = [{"type": "text", "text": "none"}]
    talk = [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "search", "input": {"q": 1}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": answer}]},
    ]
    assert messages_of(talk) == (
        Message("Assistant", (Part("call", name="search", value={"q": 1}, id="t"),)),
        Message("Tool", (Part("result", name="search", value="none", id="t"),)),
    )


def test_messages_by_the_schema_of_opentelemetry():
    call = {"type": "tool_call", "id": "c1", "name": "lookup", "arguments": {"q": 1}}
    talk = [
        {"role": "user", "parts": [{"type": "text", "content": "Hello"}]},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, call], "finish_reason": "tool_call"},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"a": 2}}]},
    ]
    assert messages_of(talk) == (
        Message("User", (Part("text", "Hello"),)),
        Message("Assistant", (Part("reasoning", "hm"), Part("call", name="lookup", value={"q": 1}, id="c1"))),
        Message("Tool", (Part("result", name="lookup", value={"a": 2}, id="c1"),)),
    )


@pytest.mark.parametrize(
    ("part", "label"),
    [
        ({"type": "blob", "mime_type": "image/png", "content": "A" * 46_000}, "image, 34 KB"),
        ({"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}, "image"),
        ({"type": "file", "file_id": "file-1"}, "file"),
    ],
)
def test_what_is_no_text_is_named_and_never_loaded(part, label):
    assert messages_of([{"role": "user", "parts": [part]}])[0].parts == (Part("image", label),)


def test_an_image_is_named_with_its_size():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 46_000}}
    assert messages_of([{"role": "user", "content": [part]}])[0].parts == (Part("image", "image, 34 KB"),)


def test_an_unknown_role_keeps_its_word():
    assert messages_of([{"role": "critic", "content": "no"}])[0].role == "critic"


@pytest.mark.parametrize(
    "value",
    [
        None, 1, "text", [], {}, [1], [{"role": "user"}], {"messages": []}, {"messages": "no"}, {"choices": [1]},
        {"role": 5, "content": "x"}, {"content": "x"}, {"role": "assistant", "goal": "x"}, [{"content": [{"type": []}]}],
    ],
)  # fmt: skip
def test_everything_else_is_no_conversation(value):
    assert messages_of(value) is None


@pytest.mark.parametrize(
    "content",
    [5, {"a": 1}, [None], [5], [{"type": []}], [{"type": "tool_use"}], [{"type": "tool_result", "content": 5}],
     [{"type": "image", "source": 5}], [{"type": "text", "text": None}]],
)  # fmt: skip
def test_odd_contents_are_read_without_an_exception(content):
    assert len(messages_of([{"role": "user", "content": content, "tool_calls": content}])) == 1


def test_a_single_text_is_found_in_its_object():
    assert [text_of(value) for value in ("a", {"prompt": "b"}, {"text": "c"}, {"text": 1}, {"other": "d"}, [])] == [
        "a", "b", "c", None, None, None,
    ]  # fmt: skip
