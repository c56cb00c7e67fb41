"""What is known of a failed trace: where it failed, with which words, and how the last good run went."""

import pytest
from django.conf import settings

from traces import failure_report
from traces.ingest import record_trace
from traces.models import Trace
from traces.records import SpanKind, TraceStatus
from traces.tests.runs import call, exactly_queries, failed, run, span
from traces.tests.test_otlp_api import OTLP, attribute, export
from traces.tests.test_otlp_api import span as otlp_span

pytestmark = pytest.mark.django_db


def report_of(person, record, status=TraceStatus.ERROR) -> failure_report.FailureReport:
    record_trace(person.account, record)
    trace = Trace.objects.select_related("agent", "payload").get(pk=record.id)
    return failure_report.build(trace, status)


def broken(**more):
    """plan › search › http, and the http call failed."""
    plan = failed("plan", 0, 300, kind=SpanKind.AGENT)
    search = failed("search", 10, 300, parent_id=plan.id, input={"q": "tea"}, error="passed on")
    http = failed("connect", 20, 290, parent_id=search.id, kind=SpanKind.OTHER, error="ConnectError: refused by shop")
    return run(plan, search, http, status=TraceStatus.ERROR, until=300, **more)


def test_it_names_the_path_to_the_failed_span_and_its_error(unlimited):
    record = broken(name="nightly")
    report = report_of(unlimited, record)
    assert report.path == ("plan", "search", "connect")
    assert report.error == "ConnectError: refused by shop"
    assert report.sentence == "connect failed after 270 ms: refused by shop."
    assert (report.name, report.who, report.duration) == ("nightly", "assistant", "300 ms")
    assert report.url == f"{settings.BASE_URL}/dashboard/traces/{record.id}?span={record.spans[2].id}"


def test_it_names_the_last_tool_and_the_beginning_of_its_arguments(unlimited):
    record = run(span("first", 0), span("second", 10, input={"text": "é" * 1_000}), status=TraceStatus.ERROR)
    tool = report_of(unlimited, record).last_tool
    assert tool is not None
    assert tool.name == "second"
    assert tool.arguments == '{"text": "' + "é" * (failure_report.MAX_ARGUMENTS - 10) + "…"


def test_the_arguments_of_a_tool_that_came_by_otlp_are_told_too(unlimited):
    tool = {
        "openinference.span.kind": "TOOL",
        "input.value": '{"city": "Paris"}',
        "input.mime_type": "application/json",
    }
    attributes = [attribute(name, value) for name, value in tool.items()]
    unlimited.api.post(OTLP, export(otlp_span(1, name="weather", attributes=attributes, status={"code": 2})))
    trace = Trace.objects.select_related("agent", "payload").get()
    assert failure_report.build(trace, TraceStatus.ERROR).last_tool == failure_report.ToolCall(
        "weather", '{"city":"Paris"}'
    )


def test_a_run_without_spans_is_told_too(unlimited):
    report = report_of(
        unlimited, call(status=TraceStatus.ERROR, error="Traceback (most recent call last):\n  x\nE: no")
    )
    assert (report.path, report.last_tool, report.last_good) == ((), None, None)
    assert (report.who, report.error) == ("gpt-4o", "E: no")


def test_a_run_that_fell_silent_is_opened_at_the_span_that_had_not_ended(unlimited):
    record = run(span("plan"), span("compare", 20, None), until=None, status=TraceStatus.TIMEOUT)
    report = report_of(unlimited, record, TraceStatus.TIMEOUT)
    assert report.sentence == "Fell silent after 100 ms; compare had not ended."
    assert report.url.endswith(f"?span={record.spans[1].id}")


def test_a_long_path_keeps_its_ends(unlimited):
    spans, parent = [], None
    for number in range(40):
        spans.append(failed(f"s{number}", number, 100, parent_id=parent))
        parent = spans[-1].id
    assert report_of(unlimited, run(*spans, status=TraceStatus.ERROR)).path == ("s0", "s1", "…", "s37", "s38", "s39")


def test_tokens_are_the_runs_own_or_the_sum_of_its_spans(unlimited):
    spans = [span("a", input_tokens=5, output_tokens=1), span("b", input_tokens=7)]
    report = report_of(unlimited, run(*spans, status=TraceStatus.ERROR))
    assert (report.input_tokens, report.output_tokens) == (12, 1)
    report = report_of(unlimited, run(*spans, status=TraceStatus.ERROR, input_tokens=90, output_tokens=9))
    assert (report.input_tokens, report.output_tokens) == (90, 9)


def test_it_is_told_as_it_failed_whatever_it_has_become(unlimited):
    report = report_of(unlimited, run(status=TraceStatus.SUCCESS), status=TraceStatus.TIMEOUT)
    assert report.status == TraceStatus.TIMEOUT
    assert report.sentence == "Timed out after 100 ms."


def test_the_last_good_run_is_the_newest_success_before_it_of_the_same_agent(unlimited):
    for record in (run(span("old")), run(span("new")), run(span("other"), agent="other")):
        record_trace(unlimited.account, record)
    report = report_of(unlimited, run(span("new"), span("broke", 10), status=TraceStatus.ERROR))
    record_trace(unlimited.account, run(span("after")))
    assert report.last_good is not None
    assert report.last_good.differences == ("It went on after 1 step with broke.",)


def test_another_accounts_good_run_is_never_told(unlimited, charlie):
    record_trace(charlie.account, run(span("secret")))
    assert report_of(unlimited, broken()).last_good is None


@pytest.mark.parametrize("count", [3, 300])
def test_the_number_of_queries_and_payloads_does_not_grow_with_the_run(unlimited, count):
    record_trace(unlimited.account, run(*(span(f"s{n}", n, input={"n": n}) for n in range(count))))
    record = run(*(failed(f"s{n}", n, input={"n": n}, error="no") for n in range(count)), status=TraceStatus.ERROR)
    record_trace(unlimited.account, record)
    trace = Trace.objects.select_related("agent", "payload").get(pk=record.id)
    with exactly_queries(9):
        failure_report.build(trace, TraceStatus.ERROR)
    with exactly_queries(3):
        failure_report.brief(trace, TraceStatus.ERROR)
