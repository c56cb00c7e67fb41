"""From stored rows to what a page may show, and with how many queries."""

import dataclasses
import json
import uuid

import pytest
from django.db.models import Model
from django.http import Http404

from traces.demo import demo_timeline, demo_trace
from traces.models import Span
from traces.reading.document import json_document
from traces.reading.page import owner_page, row_chunk, shared_page, span_detail
from traces.records import SpanKind, TraceStatus
from traces.tests.runs import call, exactly_queries, failed, run, shared, span


def parts_of(value):
    """Every value inside a view, however deep."""
    yield value
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from parts_of(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from parts_of(item)


def test_no_model_reaches_the_template(alice):
    page = shared_page(shared(alice.account, run(span("a", input={"q": 1}), metadata='{"user_id": "u"}')))
    values = list(parts_of(page))
    assert len(values) > 50
    assert not [value for value in values if isinstance(value, Model)]
    assert alice.user.email not in repr(page)


def test_a_call_has_its_texts_and_no_panel(alice):
    record = call(
        span("llm_call"), prompt="Hello", response="**Hi**", input_tokens=3, output_tokens=1, cost_nanodollars=1_500_000
    )
    page = shared_page(shared(alice.account, record))
    assert (page.timeline.layout, page.timeline.panel, page.timeline.unit) == ("sheet", None, "1 step")
    assert [(passage.label, passage.tokens) for passage in page.passages] == [
        ("Prompt", "3 tokens"),
        ("Response", "1 token"),
    ]
    assert [(fact.label, fact.value) for fact in page.facts] == [
        ("Model", "openai / gpt-4o"),
        ("Started", ""),
        ("Duration", "100 ms"),
        ("Steps", "1"),
        ("Tokens in", "3"),
        ("Tokens out", "1"),
        ("Cost", "$0.0015"),
        ("Shared", ""),
    ]


def test_an_empty_response_is_said_to_be_empty(alice):
    page = shared_page(shared(alice.account, call(prompt="Hello", response="")))
    assert [passage.is_empty for passage in page.passages] == [False, True]


def test_a_failed_call_tells_its_error_once(alice):
    page = shared_page(shared(alice.account, call(status=TraceStatus.ERROR, error="Overloaded")))
    assert (page.sentence.plain, page.error) == ("Failed after 100 ms: Overloaded.", None)


@pytest.mark.parametrize(
    "record",
    [
        call(status=TraceStatus.ERROR, error="nxs_0123456789 was refused"),
        run(failed("a", error="nxs_0123456789 was refused"), status=TraceStatus.ERROR),
    ],
)
def test_a_link_shows_no_key_that_an_error_names(alice, record):
    page = shared_page(shared(alice.account, record))
    assert ("nxs_" in repr(page), "••• was refused" in page.description) == (False, True)


def test_its_owner_reads_the_whole_error(alice):
    record = run(failed("a", error="nxs_0123456789 was refused"), status=TraceStatus.ERROR)
    page = owner_page(shared(alice.account, record).trace)
    assert page.sentence.plain == "a failed after 100 ms: nxs_0123456789 was refused."


def test_the_failed_span_is_chosen_and_told(alice):
    record = run(span("plan", 0, 20), failed("search", 20, 100, error="no route"), status=TraceStatus.ERROR)
    page = shared_page(shared(alice.account, record))
    assert (page.timeline.panel.name, page.sentence.plain) == ("search", "search failed after 80 ms: no route.")
    assert (page.title, page.description) == (
        "Failed: user-query",
        "search failed after 80 ms: no route. 2 spans, 100 ms, assistant.",
    )


@pytest.mark.parametrize(
    ("spans", "chosen"),
    [
        ((span("a"), span("b", kind=SpanKind.LLM)), "b"),
        ((span("a", 0), span("b", 5)), "a"),
        ((span("a", kind=SpanKind.LLM), span("b", 5, None)), "b"),
    ],
)
def test_without_a_failure_the_open_span_or_the_first_model_call_is_chosen(alice, spans, chosen):
    assert shared_page(shared(alice.account, run(*spans))).timeline.panel.name == chosen


def test_a_run_that_succeeded_opens_on_its_conversation_and_not_on_an_error_it_dealt_with(alice):
    wrong = failed("search", 0, 10, error="no route")
    record = run(wrong, span("chat", 20, 90, kind=SpanKind.LLM))
    assert shared_page(shared(alice.account, record)).timeline.panel.name == "chat"


def test_the_span_that_was_asked_for_is_chosen(alice):
    record = run(span("a"), span("b"))
    page = shared_page(shared(alice.account, record), span_id=str(record.spans[1].id))
    assert page.timeline.panel.name == "b"
    assert [row.is_selected for row in page.timeline.rows] == [False, True]


@pytest.mark.parametrize("span_id", ["x", "00000000-0000-4000-8000-000000000000", "\x00", "{}"])
def test_an_unknown_span_is_ignored_by_the_page_and_missing_as_a_panel(alice, span_id):
    link = shared(alice.account, run(span("a")))
    assert shared_page(link, span_id=span_id).timeline.panel.name == "a"
    with pytest.raises(Http404):
        span_detail(link.trace, span_id)


def test_a_span_of_another_trace_is_missing(alice, charlie):
    theirs = run(span("secret"))
    shared(charlie.account, theirs)
    with pytest.raises(Http404):
        span_detail(shared(alice.account, run(span("a"))).trace, str(theirs.spans[0].id))


def test_a_span_whose_parent_is_missing_says_so(alice):
    record = run(span("lost", parent_id=uuid.uuid4()))
    detail = span_detail(shared(alice.account, record).trace, str(record.spans[0].id))
    assert detail.notes == ("Its parent is not in this trace, so it is shown at the top level.",)


def test_a_failed_parent_names_the_child_that_failed(alice):
    parent = failed("step", error="x")
    child = failed("call", parent_id=parent.id)
    link = shared(alice.account, run(parent, child, status=TraceStatus.ERROR))
    assert span_detail(link.trace, str(parent.id)).blamed == (str(child.id), "call")


def test_tokens_of_a_run_are_summed_over_its_spans(alice):
    record = run(span("a", input_tokens=1_000), span("b", input_tokens=2_000, output_tokens=5))
    facts = {fact.label: fact.value for fact in shared_page(shared(alice.account, record)).facts}
    assert (facts["Tokens in"], facts["Tokens out"]) == ("3,000", "5")


def test_big_traces_are_read_in_pages(unlimited):
    spans = [span(f"s{number}", number, number + 1) for number in range(650)]
    link = shared(unlimited.account, run(*spans, until=700))
    first, last = shared_page(link).timeline, shared_page(link, first_row=600).timeline
    assert (first.pages.range, first.pages.previous, first.pages.next) == ("1–300 of 650", None, 300)
    assert (last.pages.range, last.pages.previous, last.pages.next) == ("601–650 of 650", 300, None)
    assert len(row_chunk(link.trace, 300).rows) == 350
    around = shared_page(link, span_id=str(spans[310].id)).timeline
    assert (around.pages.first, [row.row.name for row in around.rows if row.is_selected]) == (301, ["s310"])


@pytest.mark.parametrize("first_row", [0, 5, 10**9])
def test_any_first_row_is_brought_into_range(alice, first_row):
    assert shared_page(shared(alice.account, run(span("a"))), first_row=first_row).timeline.pages.last == 1


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_reads_as_many_rows_as_it_needs_whatever_their_number(unlimited, count):
    spans = [span(f"s{number}", input={"q": number}) for number in range(count)]
    link = shared(unlimited.account, run(*spans))
    link.refresh_from_db()
    trace = type(link.trace).objects.select_related("agent", "payload").get(pk=link.trace_id)
    link.trace = trace
    # The tree, the chosen span, its texts, the beginning of the axis.
    with exactly_queries(4):
        shared_page(link)


def test_the_document_holds_what_was_sent_and_nothing_of_the_account(alice):
    record = run(span("a", input={"q": [1, None, "ü"]}, output="", error=None), metadata='{"user_id": "u_123"}')
    document = json.loads("".join(json_document(shared(alice.account, record).trace)))
    assert document["metadata"] == {"user_id": "u_123"}
    assert document["agent"] == "assistant"
    assert [(item["name"], item["input"], item["output"]) for item in document["spans"]] == [
        ("a", {"q": [1, None, "ü"]}, "")
    ]
    assert set(document) == {
        *("id", "name", "status", "started_at", "ended_at", "agent", "provider", "model", "input_tokens"),
        *("output_tokens", "cost_usd", "prompt", "response", "error", "metadata", "spans"),
    }


def test_the_demo_is_the_same_stored_and_drawn(unlimited):
    stored = shared_page(shared(unlimited.account, demo_trace())).timeline
    drawn = demo_timeline()
    assert [row.row for row in stored.rows] == [row.row for row in drawn.rows]
    assert (len(drawn.rows), drawn.panel.name) == (24, "publish_report")
    assert stored.panel == drawn.panel
    assert Span.objects.count() == 24
