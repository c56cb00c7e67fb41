"""The sentence over the timeline, for every way in which a run can go."""

from datetime import timedelta

from traces.reading.page import _node_of
from traces.reading.sentence import tell
from traces.reading.timeline_view import lay_out
from traces.records import SpanKind, TraceStatus
from traces.tests.runs import at, call, failed, run, span


def told(record, error=None, now=None):
    nodes = [_node_of(item, place) for place, item in enumerate(record.spans)]
    return tell(record, lay_out(record, nodes, now or at(100)), error)


def words(record, **more) -> str:
    return told(record, **more).plain


def test_a_call_names_what_took_longest():
    sentence = told(call(span("retrieve", 0, 20), span("llm_call", 20, 100)))
    assert sentence.plain == "Answered in 100 ms; llm_call took 80 ms of it, 80 %."
    assert sentence.tone == ""


def test_a_run_with_one_step_took_all_of_it():
    assert words(run(span("chat"))) == "Finished in 100 ms, all of it in chat."


def test_nothing_is_named_that_took_next_to_nothing():
    assert words(run(span("a", 0, 2))) == "Finished in 100 ms."


def test_a_run_without_spans_or_without_time():
    assert [words(run()), words(run(until=0))] == ["Finished in 100 ms.", "Finished."]


def test_a_failure_names_the_span_and_its_reason():
    sentence = told(run(failed("search"), status=TraceStatus.ERROR), error="ConnectError: connection refused")
    assert (sentence.tone, sentence.plain) == ("bad", "search failed after 100 ms: connection refused.")


def test_a_failure_after_which_nothing_began_stopped_the_run():
    first, last = span("plan", 0, 40), failed("search", 40, 100)
    sentence = told(run(first, last, status=TraceStatus.ERROR))
    assert [aside.plain for aside in sentence.asides] == ["The run stopped there."]


def test_an_instant_failure_has_no_duration():
    assert words(run(failed("search", 10, 10), status=TraceStatus.ERROR)) == "search failed."


def test_a_failed_run_without_a_failed_span_tells_its_own_error_or_says_that_there_is_none():
    record = run(span("a"), status=TraceStatus.ERROR)
    assert words(record) == "Failed after 100 ms; no span says why."
    assert words(call(status=TraceStatus.ERROR, error="Overloaded")) == "Failed after 100 ms: Overloaded."


def test_a_timeout_names_what_had_not_ended():
    record = run(span("plan", 0, 10), span("search", 10, None), status=TraceStatus.TIMEOUT)
    assert words(record) == "Timed out after 100 ms; search had not ended."


def test_a_timeout_with_a_failed_span_names_it():
    record = run(failed("search", 10, 60), status=TraceStatus.TIMEOUT)
    assert words(record, error="no answer") == "Timed out after 100 ms; search failed after 50 ms: no answer."


def test_a_running_run_counts_so_far():
    record = run(span("plan", 0, 10), until=None, status=TraceStatus.RUNNING)
    assert words(record) == "Running for 100 ms, 1 span so far."


def test_a_run_that_never_ended_says_since_when():
    record = run(until=None, status=TraceStatus.RUNNING)
    sentence = words(record, now=at(0) + timedelta(days=2))
    assert sentence == "Never ended: no spans, and nothing since 6 Apr 2026, 12:00:00.000 UTC."


def test_an_error_that_was_made_good_is_an_aside():
    root = span("root", kind=SpanKind.AGENT)
    first = failed("search", 0, 10, parent_id=root.id)
    sentence = told(run(root, first, span("search", 20, 30, parent_id=root.id)))
    assert [aside.plain for aside in sentence.asides] == ["One earlier error, in search, was retried and recovered."]


def test_a_run_that_ended_before_it_started_says_that_the_clocks_differed():
    sentence = told(run(until=-50))
    assert sentence.plain == "Finished."
    assert [aside.plain for aside in sentence.asides] == [
        "The run says that it ended before it started: the clocks differed."
    ]
