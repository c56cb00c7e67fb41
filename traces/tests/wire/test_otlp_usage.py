"""Which spans count: sums over calls do not, nor do details of a call."""

from hypothesis import given
from hypothesis import strategies as st

from traces.records import SpanKind
from traces.wire.otlp.usage import UsageSpan, counted
from traces.wire.otlp.words import Usage

AGENT, CHAIN, LLM, TOOL, HTTP = SpanKind.AGENT, SpanKind.CHAIN, SpanKind.LLM, SpanKind.TOOL, SpanKind.HTTP


def span(name, parent=None, kind=LLM, tokens=None, model="m", response=None):
    return UsageSpan(name, parent, kind, Usage(tokens, 0) if tokens is not None else None, model, response)


def test_calls_count_and_the_sum_above_them_does_not():
    spans = [span("agent", None, AGENT, 30), span("a", "agent", tokens=10), span("b", "agent", tokens=20)]
    assert counted(spans) == {"a", "b"}


def test_a_sum_over_several_levels_does_not_count():
    spans = [
        span("agent", None, AGENT, 10),
        span("chain", "agent", CHAIN, 10),
        span("tool", "chain", TOOL),
        span("a", "tool", tokens=10),
    ]
    assert counted(spans) == {"a"}


def test_an_agent_counts_whose_calls_tell_nothing():
    assert counted([span("agent", None, AGENT, 30), span("a", "agent")]) == {"agent"}


def test_the_order_of_arrival_does_not_matter():
    spans = [span("a", "chain", tokens=10), span("chain", "agent", CHAIN, 10), span("agent", None, AGENT, 10)]
    assert counted(spans) == counted(reversed(spans)) == {"a"}


def test_a_call_within_the_same_call_is_a_detail():
    assert counted([span("outer", tokens=10), span("inner", "outer", tokens=10)]) == {"outer"}


def test_a_dated_model_is_the_same_model():
    spans = [span("outer", tokens=10, model="gpt-5"), span("inner", "outer", tokens=10, model="gpt-5-2025-08-07")]
    assert counted(spans) == {"outer"}


def test_the_same_response_is_the_same_call_whatever_its_tokens():
    spans = [span("outer", tokens=10, response="r1"), span("inner", "outer", tokens=8, response="r1")]
    assert counted(spans) == {"outer"}


def test_a_detail_may_be_further_down():
    spans = [span("outer", tokens=10), span("http", "outer", HTTP), span("inner", "http", tokens=10)]
    assert counted(spans) == {"outer"}


def test_a_call_below_a_tool_of_a_call_is_another_one():
    spans = [
        span("outer", tokens=2000),
        span("tool", "outer", TOOL),
        span("agent", "tool", AGENT),
        span("inner", "agent", tokens=300),
    ]
    assert counted(spans) == {"outer", "inner"}


def test_calls_with_the_same_tokens_on_both_sides_of_a_tool_are_two():
    spans = [span("outer", tokens=10), span("tool", "outer", TOOL), span("inner", "tool", tokens=10)]
    assert counted(spans) == {"outer", "inner"}


def test_an_agent_below_a_tool_is_still_part_of_what_its_ancestors_sum_up():
    spans = [
        span("top", None, AGENT, 40),
        span("outer", "top", tokens=10),
        span("tool", "outer", TOOL),
        span("agent", "tool", AGENT, 30),
        span("inner", "agent", tokens=30),
    ]
    assert counted(spans) == {"outer", "inner"}


def test_a_request_within_a_call_is_a_detail_even_with_other_tokens():
    assert counted([span("outer", tokens=10), span("request", "outer", HTTP, 7)]) == {"outer"}


def test_three_instrumentations_of_one_call_count_once_below_their_agent():
    spans = [
        span("agent", None, AGENT, 10),
        span("first", "agent", tokens=10),
        span("second", "first", tokens=10),
        span("third", "second", tokens=10),
    ]
    assert counted(spans) == {"first"}


def test_a_call_above_other_tries_of_the_same_model_is_their_sum():
    spans = [span("outer", tokens=30), span("a", "outer", tokens=10), span("b", "outer", tokens=20)]
    assert counted(spans) == {"a", "b"}


def test_a_call_of_another_model_within_a_call_is_other_work():
    spans = [span("outer", tokens=30, model="large"), span("inner", "outer", tokens=10, model="small")]
    assert counted(spans) == {"outer", "inner"}


def test_two_equal_calls_side_by_side_both_count():
    spans = [span("agent", None, AGENT), span("a", "agent", tokens=10), span("b", "agent", tokens=10)]
    assert counted(spans) == {"a", "b"}


def test_a_missing_parent_makes_a_root():
    assert counted([span("a", "gone", tokens=10)]) == {"a"}


def test_a_span_that_is_its_own_parent_counts():
    assert counted([span("a", "a", tokens=10)]) == {"a"}


def test_a_circle_is_opened():
    spans = [span("a", "b", AGENT, 10), span("b", "a", AGENT, 10)]
    assert len(counted(spans)) == 1


def test_a_chain_of_100_000_spans_is_no_trouble():
    spans = [span(str(index), str(index - 1), CHAIN, 1) for index in range(100_000)]
    assert counted(spans) == {"99999"}


TREES = st.lists(
    st.builds(
        span,
        st.sampled_from("abcdef"),
        st.sampled_from([None, *"abcdefg"]),
        st.sampled_from(SpanKind),
        st.sampled_from([None, 0, 5, 7]),
        st.sampled_from([None, "m", "m-1", "n"]),
        st.sampled_from([None, "r"]),
    ),
    max_size=12,
)


@given(TREES)
def test_only_spans_with_tokens_count_and_where_there_are_any_one_does(spans):
    by_id = {span.id: span for span in spans}
    with_tokens = {span.id for span in by_id.values() if span.has_tokens}
    ids = counted(spans)
    assert ids <= with_tokens
    assert bool(ids) == bool(with_tokens)
