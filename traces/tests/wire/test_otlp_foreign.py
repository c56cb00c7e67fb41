"""Exports that are not OTLP: the OpenAI Agents SDK's own, and LiteLLM's generic logger."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.records import SpanKind
from traces.tests.wire.otlp_spans import says
from traces.wire.otlp.checks import TOO_DEEP
from traces.wire.otlp.litellm_logger import decode_litellm_logger
from traces.wire.otlp.openai_agents import decode_openai_agents
from traces.wire.otlp.reading import read_span
from traces.wire.otlp.span import MalformedExport
from traces.wire.otlp.words import Failure

TRACE = {"object": "trace", "id": "trace_" + "ab" * 16, "workflow_name": "Shop", "group_id": "s1"}
SPAN = {
    "object": "trace.span",
    "id": "span_" + "cd" * 12,
    "trace_id": TRACE["id"],
    "parent_id": None,
    "started_at": "2026-11-22T18:00:00.000001+00:00",
    "ended_at": None,
    "span_data": {"type": "agent", "name": "clerk"},
    "error": None,
}
CALL = {
    "id": "chatcmpl-1",
    "litellm_call_id": "6e52194f-56bf-4340-9b88-c745e0548e36",
    "trace_id": "shop",
    "call_type": "acompletion",
    "startTime": 1795373168.25,
    "endTime": 1795373169.5,
    "model": "gpt-5-mini",
    "status": "success",
}


def agents(*items):
    return decode_openai_agents(json.dumps({"data": items}).encode())


def litellm(*calls):
    return decode_litellm_logger(json.dumps(calls).encode())


def test_a_trace_s_id_is_kept_and_a_span_s_is_made_to_fit():
    [span] = agents(TRACE, SPAN).spans
    [same] = agents(TRACE, SPAN).spans
    assert (span.trace_id, len(span.span_id), span.parent_id) == ("ab" * 16, 16, None)
    assert span.span_id == same.span_id


def test_a_child_names_the_parent_by_the_same_id():
    parent, child = agents(SPAN, {**SPAN, "id": "span_2", "parent_id": SPAN["id"]}).spans
    assert child.parent_id == parent.span_id


def test_a_running_span_has_no_end():
    [span] = agents(SPAN).spans
    assert (span.started_ns, span.ended_ns) == (1_795_370_400_000_001_000, 0)


def test_the_workflow_and_its_session_are_told_by_the_trace():
    [span] = agents(TRACE, {**SPAN, "span_data": {"type": "guardrail", "name": "polite"}}).spans
    reading = read_span(span)
    assert (reading.session, reading.agent) == ("s1", "Shop")


def test_a_span_whose_trace_came_before_is_read_without_it():
    assert read_span(agents(SPAN).spans[0]).agent == "clerk"


def test_an_error_is_read():
    [span] = agents({**SPAN, "error": {"message": "no money", "data": None}}).spans
    assert read_span(span).error == Failure(message="no money")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"id": None}, "A span has no id."),
        ({"trace_id": " "}, "A span has no trace id."),
        ({"started_at": "soon"}, "A span has no start time."),
    ],
)
def test_a_bad_span_is_counted_and_its_neighbours_live(fields, sentence):
    export = agents({**SPAN, **fields}, SPAN)
    assert (len(export.spans), export.rejected, export.complaints) == (1, 1, sentence)


def test_a_span_that_is_nested_too_deep_is_refused():
    deep = json.loads("[" * 80 + "]" * 80)
    assert agents({**SPAN, "span_data": deep}).complaints == TOO_DEEP
    assert litellm({**CALL, "messages": deep}).complaints == TOO_DEEP


def test_a_logged_call_is_read():
    response = {
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    [span] = litellm({**CALL, "messages": [{"role": "user", "content": "hi"}], "response": response}).spans
    reading = read_span(span)
    assert (span.started_ns, span.ended_ns) == (1_795_373_168_250_000_000, 1_795_373_169_500_000_000)
    assert (reading.kind, reading.model) == (SpanKind.LLM, "gpt-5-mini-2025-08-07")
    assert reading.input == [says("user", "hi")]
    assert reading.output == [{**says("assistant", "hello"), "finish_reason": "stop"}]


def test_a_failed_call_is_an_error():
    information = {"error_class": "RateLimitError", "error_message": "slow down"}
    [span] = litellm({**CALL, "status": "failure", "error_information": information}).spans
    assert read_span(span).error == Failure("RateLimitError", "slow down")


def test_one_call_alone_is_read():
    assert len(decode_litellm_logger(json.dumps(CALL).encode()).spans) == 1


def test_a_call_without_any_id_is_refused():
    without = {key: value for key, value in CALL.items() if key not in ("id", "litellm_call_id", "trace_id")}
    assert litellm(without).complaints == "A span has no trace id."


@pytest.mark.parametrize("decode", [decode_openai_agents, decode_litellm_logger])
@pytest.mark.parametrize("body", [b"", b"{", b"7", b"{}", b'{"data": 5}', b'[{"a": 1}]', b"[" * 5000, b"\xff\xfe"])
def test_what_is_neither_is_malformed(decode, body):
    with pytest.raises(MalformedExport):
        decode(body)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["generation", "agent"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SPAN, "type", "name", "usage"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([name for name in SPAN if name != "object"]), VALUES))
def test_no_span_of_the_agents_sdk_raises(fields):
    export = agents({**SPAN, **fields})
    assert len([read_span(span) for span in export.spans]) + export.rejected == 1


@given(st.dictionaries(st.sampled_from([*CALL, "messages", "response", "metadata", "error_information"]), VALUES))
def test_no_logged_call_raises(fields):
    export = litellm({**CALL, **fields})
    assert len([read_span(span) for span in export.spans]) + export.rejected == 1
