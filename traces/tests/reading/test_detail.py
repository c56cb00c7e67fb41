"""The panel of one span: facts, error, what went in and out, for any payload."""

from dataclasses import replace

import pytest

from traces.reading import sections
from traces.reading.detail import build_detail
from traces.records import SpanKind
from traces.tests.runs import START, failed, span

CHAT = {"messages": [{"role": "system", "content": "Be brief. Be kind."}, {"role": "user", "content": "Hello"}]}


def panel(record, **more):
    return build_detail(record, origin=START, is_trace_running=more.pop("is_trace_running", False), **more)


def test_facts_are_those_that_are_known():
    record = span("chat", 40, 140, model="gpt-4o", provider="openai", input_tokens=4_310, output_tokens=388)
    record = replace(record, cost_nanodollars=14_655_000)
    assert [(fact.label, fact.value, fact.exact) for fact in panel(record).facts] == [
        ("Starts at", "+40 ms", ""),
        ("Duration", "100 ms", ""),
        ("Model", "openai / gpt-4o", ""),
        ("Tokens", "4.3k in, 388 out", "4,310 in, 388 out"),
        ("Cost", "$0.0147", ""),
    ]


def test_what_went_in_and_came_out_of_a_tool_is_arguments_and_result():
    sections = panel(span("search", input={"q": 1}, output=[1, 2])).sections
    assert [section.heading for section in sections] == ["Arguments", "Result"]
    assert "<b>q</b>" in sections[0].tree


def test_messages_and_their_answer_are_one_conversation():
    (section,) = panel(span("chat", input=CHAT, output={"text": "Hi"})).sections
    assert [message.role for message in section.messages] == ["System", "User", "Assistant"]
    assert section.is_whole_talk


@pytest.mark.parametrize("nothing", [None, [], {}, ""])
def test_messages_without_an_answer_are_a_conversation_too(nothing):
    (section,) = panel(span("chat", input=CHAT, output=nothing)).sections
    assert [message.role for message in section.messages] == ["System", "User"]


def test_a_system_message_is_folded_behind_its_first_sentence():
    message = panel(span("chat", input=CHAT)).sections[0].messages[0]
    assert (message.preview, message.length) == ("Be brief. …", "18 characters")


def test_messages_with_an_answer_of_another_shape_keep_their_two_sections():
    sections = panel(span("chat", input=CHAT, output={"score": 1, "ok": True})).sections
    assert [(bool(section.messages), bool(section.tree)) for section in sections] == [(True, False), (False, True)]


def test_a_single_text_is_shown_as_text():
    sections = panel(span("chat", kind=SpanKind.LLM, input={"prompt": "**Hi**"}, output={"text": "Ho"})).sections
    assert [str(section.text.head).strip() for section in sections] == ["<p><strong>Hi</strong></p>", "<p>Ho</p>"]


def test_null_and_empty_values_that_were_sent_are_shown():
    sections = panel(span("a", input=None, output="")).sections
    assert ["null" in sections[0].tree, sections[1].is_empty] == [True, True]


def test_a_call_that_returned_nothing_says_so():
    sections = panel(failed("a", input={"q": 1}, error="boom")).sections
    assert [(section.heading, section.is_empty) for section in sections] == [("Arguments", False), ("Result", True)]


def test_an_error_is_taken_apart_and_names_the_child_it_came_from():
    shown = panel(failed("a", error="Boom: no\nat x.js"), blamed=("id", "child"))
    assert (shown.error.title, shown.blamed) == ("Boom: no", ("id", "child"))


def test_a_span_that_still_runs_is_running():
    shown = panel(span("a", 0, None), is_trace_running=True)
    assert (shown.status.label, shown.notes) == ("Running", ())


@pytest.mark.parametrize(("end", "note"), [(None, "Its end was never reported."), (-5, "It ended before it started")])
def test_odd_times_are_explained(end, note):
    assert panel(span("a", 0, end)).notes[0].startswith(note)


def test_the_last_messages_are_shown_and_the_earlier_ones_counted():
    talk = [{"role": "user", "content": str(number)} for number in range(100)]
    section = panel(span("chat", input=talk)).sections[0]
    assert (len(section.messages), section.earlier) == (40, 60)
    assert "99" in section.messages[-1].parts[0].text.head


def test_a_huge_payload_stays_within_the_panel():
    talk = [{"role": "user", "content": [{"type": "text", "text": "word " * 20_000}]} for _ in range(30)]
    shown = panel(span("chat", input=talk, output={"rows": [{"a": "b" * 200}] * 5_000}))
    size = sum(len(str(section)) for section in shown.sections) + sum(len(raw.text) for raw in shown.raw)
    assert size < 400_000
    assert [raw.is_cut for raw in shown.raw] == [True, True]


@pytest.mark.parametrize("text", ['{"broken', "[" * 5_000, "\ud83d", '{"a": NaN}', "nul\x00"])
def test_stored_text_that_is_not_json_is_shown_all_the_same(text):
    record = span("a")
    object.__setattr__(record, "input", text)
    assert len(panel(record).sections) == 2


def test_a_conversation_that_cannot_be_read_falls_back_to_the_tree(monkeypatch):
    def fail(*_):
        raise TypeError

    monkeypatch.setattr(sections, "messages_of", fail)
    monkeypatch.setattr(sections, "talk_of", fail)
    assert "<b>messages</b>" in panel(span("chat", input=CHAT)).sections[0].tree
