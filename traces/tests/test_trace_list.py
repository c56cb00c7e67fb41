"""The list of traces: what it shows and hides, its filters, its pages both ways, its news, and deleting from it."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from tests.api import TRACES, tracen_body
from traces.ingest import append_spans, record_trace
from traces.listing import TraceFilter, find_traces
from traces.models import Agent, ShareLink, Span, SpanPack, Trace, TracePayload
from traces.reading.trace_list import ROWS_ON_PAGE
from traces.records import Source, TraceStatus
from traces.tests.runs import call, run, shared, span

LIST = "/dashboard/traces"


@pytest.fixture
def as_alice(unlimited, client):
    client.force_login(unlimited.user)
    return client


def store(person, *, ago: timedelta = timedelta(), **more):
    """A stored trace, received some time ago."""
    record = run(**more)
    record_trace(person.account, record)
    Trace.objects.filter(pk=record.id).update(received_at=timezone.now() - ago)
    return Trace.objects.get(pk=record.id)


def store_many(person, count: int) -> list[Trace]:
    """The newest first, a minute apart: the clock goes on while they are stored."""
    return [store(person, name=f"run-{number:03}", ago=timedelta(minutes=number)) for number in range(count)]


def page_of(client, query: str = "") -> str:
    return client.get(LIST + query).content.decode()


def names(html: str) -> list[str]:
    return re.findall(r'class="go clip"[^>]*>([^<]*)</a>', html)


def link(html: str, rel: str) -> str:
    (address,) = re.findall(rf'href="([^"]*)"\s+rel="{rel}"', html)
    return address.replace("&amp;", "&")


def test_the_references_own_examples_are_there_whatever_their_dates(as_alice, unlimited):
    unlimited.api.create_trace()
    unlimited.api.post(TRACES, tracen_body())
    assert len(names(page_of(as_alice))) == 2


def test_a_row_says_what_ran_and_how(as_alice, unlimited):
    record_trace(unlimited.account, call(span("a"), span("b"), name="Ask", input_tokens=1_240, output_tokens=7))
    html = page_of(as_alice)
    for piece in ("Success", ">Ask<", "openai / gpt-4o", "100 ms", ">2</td>", ">1.2k</td>", ">7</td>", "1</span>"):
        assert piece in html


def test_a_row_leads_to_its_trace_and_names_are_text(as_alice, unlimited):
    ugly = """</a><script>alert('1')</script>" onclick="x"""
    trace = store(unlimited, name=ugly, agent=f"agent {ugly}")
    html = page_of(as_alice)
    assert f'href="{reverse("trace", args=[trace.pk])}"' in html
    assert "<script>alert" not in html
    assert 'onclick="x' not in html
    assert html.count(escape(ugly)) >= 5


def test_newest_received_comes_first(as_alice, unlimited):
    store_many(unlimited, 3)
    assert names(page_of(as_alice)) == ["run-000", "run-001", "run-002"]


def test_the_team_sees_the_traces_and_a_stranger_does_not(client, alice, bob, charlie):
    store(alice, name="ours")
    for person, seen in ((bob, ["ours"]), (charlie, [])):
        client.force_login(person.user)
        assert names(page_of(client)) == seen


def test_anonymous_visitors_sign_in_first(client, db):
    response = client.get(LIST)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login?next={LIST}")


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("?status=running", ["going"]),
        ("?status=error", ["broken"]),
        ("?agent_id=helper", ["broken"]),
        ("?source=tracen", ["call"]),
        ("?q=brok", ["broken"]),
        ("?received=hour", ["going", "broken"]),
        ("?received=hour&status=error", ["broken"]),
        ("?since=2026-04-06T13:00:00Z", []),
        ("?status=nonsense", ["going", "broken", "call"]),
        ("?received=nonsense", ["going", "broken", "call"]),
        ("?agent_id=nobody", []),
    ],
)
def test_filters_are_in_the_address(as_alice, unlimited, query, seen):
    store(unlimited, name="call", source=Source.TRACEN, agent=None, ago=timedelta(hours=2))
    store(unlimited, name="broken", agent="helper", status=TraceStatus.ERROR, ago=timedelta(minutes=5))
    store(unlimited, name="going", status=TraceStatus.RUNNING, until=None)
    assert names(page_of(as_alice, query)) == seen


def test_a_filter_that_means_nothing_is_named(as_alice):
    html = page_of(as_alice, "?status=nonsense&received=soon")
    assert "The filter <code>status</code> was left out. Must be one of: ok, running" in html
    assert "The filter <code>received</code> was left out. Must be one of: hour" in html


def test_the_form_keeps_what_was_asked(as_alice, unlimited):
    store(unlimited, agent="helper")
    html = page_of(
        as_alice, "?q=%22x&status=error&agent_id=helper&source=nexus&received=day&since=2026-04-06T13:00:00Z"
    )
    for piece in ('value="&quot;x"', 'name="status" value="error"', '"since" value="2026-04-06T13:00:00Z"'):
        assert piece in html
    assert set(re.findall(r'value="(\w+)" selected', html)) == {"helper", "nexus", "day"}


def test_nothing_yet_and_nothing_found_are_two_things(as_alice):
    assert "No traces yet" in page_of(as_alice)
    assert "No trace matches" in page_of(as_alice, "?status=error")


def test_pages_go_on_and_come_back_without_a_gap(as_alice, unlimited):
    store_many(unlimited, 2 * ROWS_ON_PAGE + 5)
    first = page_of(as_alice)
    second = page_of(as_alice, link(first, "next"))
    third = page_of(as_alice, link(second, "next"))
    assert [len(names(page)) for page in (first, second, third)] == [ROWS_ON_PAGE, ROWS_ON_PAGE, 5]
    assert names(first) + names(second) + names(third) == [f"run-{number:03}" for number in range(105)]
    assert 'rel="next"' not in third
    assert 'rel="prev"' not in first
    assert names(page_of(as_alice, link(third, "prev"))) == names(second)
    assert names(page_of(as_alice, link(second, "prev"))) == names(first)


def test_a_page_keeps_its_filter(as_alice, unlimited):
    store_many(unlimited, ROWS_ON_PAGE + 1)
    html = page_of(as_alice, "?status=success&q=run")
    assert link(html, "next").startswith("?q=run&status=success&after=")


@pytest.mark.parametrize(
    "query", ["?after=nonsense", "?before=nonsense", "?after=00000000-0000-4000-8000-000000000000"]
)
def test_a_place_that_is_gone_leads_to_the_newest(as_alice, unlimited, query):
    store_many(unlimited, 2)
    assert len(names(page_of(as_alice, query))) == 2


def test_a_strangers_trace_is_no_place_in_the_list(as_alice, unlimited, charlie):
    store_many(unlimited, 2)
    theirs = store(charlie, name="theirs", ago=timedelta(days=-1))
    assert names(page_of(as_alice, f"?after={theirs.pk}")) == ["run-000", "run-001"]


def test_the_count_stops_where_nobody_counts_on(as_alice, unlimited, monkeypatch):
    monkeypatch.setattr("traces.listing.LIST_COUNT_MAX", 3)
    monkeypatch.setattr("traces.reading.trace_list.LIST_COUNT_MAX", 3)
    store_many(unlimited, 5)
    assert "<span data-total-text>3+</span>" in page_of(as_alice)


WORDS = {"session": "session", "user": "end_user", "model": "model", "provider": "provider"}


@pytest.mark.parametrize(("word", "column"), WORDS.items())
def test_an_exact_word_narrows_the_list(as_alice, unlimited, word, column):
    for value in ("a&b", "a&B", "a", ""):
        store(unlimited, name=f"of {value or 'nobody'}", **{column: value})
    assert names(page_of(as_alice, f"?{word}=a%26b")) == ["of a&amp;b"]


def test_each_word_can_be_taken_away_and_the_others_stay(as_alice, unlimited):
    store(unlimited, session="s", end_user="u")
    html = page_of(as_alice, "?session=s&user=u&status=success")
    assert 'href="?user=u&amp;status=success"' in html.replace(
        "?status=success&amp;user=u", "?user=u&amp;status=success"
    )


def test_the_words_have_fields_filled_from_the_address(as_alice, unlimited):
    store(unlimited, session="s", end_user="u")
    html = page_of(as_alice, "?session=s&user=%22u")
    fields = re.findall(r'<input\s+class="inp"\s+name="(\w+)"\s+value="([^"]*)"', html)
    assert fields == [("session", "s"), ("user", "&quot;u"), ("model", ""), ("provider", "")]
    assert re.findall(r'<details class="more-filters"( open)?>', html) == [" open"]


def test_without_a_word_its_fields_are_folded(as_alice, unlimited):
    store(unlimited)
    assert re.findall(r'<details class="more-filters"( open)?>', page_of(as_alice)) == [""]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_any_bytes_finds_nothing_and_breaks_nothing(as_alice, unlimited, word):
    store(unlimited)
    assert names(page_of(as_alice, f"?{word}=%00%ff%ed%a0%80" + "x" * 10_000)) == []


def store_crowd(person) -> None:
    """Four hundred traces that none of the filters below narrows a list to, told to PostgreSQL's planner.

    Of one row all indexes cost the same, and which is taken depends on whether statistics happen to have been gathered.
    """
    other = Agent.objects.create(account=person.account, name="other")
    now = timezone.now()
    Trace.objects.bulk_create(
        Trace(
            account=person.account,
            agent=other,
            source=Source.TRACEN,
            name=f"other-{number}",
            status=TraceStatus.ERROR,
            started_at=now,
            received_at=now - timedelta(seconds=number),
        )
        for number in range(400)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE traces_trace, traces_agent")
            # Even so few rows are read faster without an index; the question is which one may be used.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")


@pytest.mark.parametrize("column", ["session", "end_user", "model", "provider"])
def test_the_database_walks_the_index_of_the_word(unlimited, column):
    store(unlimited, **{column: "a"})
    store_crowd(unlimited)
    plan = find_traces(unlimited.account, TraceFilter(**{column: "a"}))[:50].explain()
    assert f"trace_newest_of_{column}" in plan


@pytest.mark.parametrize("narrowed", [{"agent": "a"}, {"status": TraceStatus.SUCCESS}, {"source": Source.NEXUS}])
def test_a_narrowed_list_is_read_in_order_and_counted_from_its_index_alone(unlimited, narrowed):
    store(unlimited, agent="a")
    store_crowd(unlimited)
    traces = find_traces(unlimited.account, TraceFilter(**narrowed))
    index = f"trace_newest_of_{next(iter(narrowed))}"

    plan = traces[:50].explain()
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
    # Such as count. Without the order PostgreSQL takes any index until a vacuum has told it what all can see.
    ids = (traces if connection.vendor == "postgresql" else traces.order_by()).values("pk")[:50].explain()
    assert f"COVERING INDEX {index}" in ids or f"Index Only Scan using {index}" in ids


def test_a_row_says_what_it_cost(as_alice, unlimited):
    store(unlimited, input_tokens=5, cost_nanodollars=390_400)
    store(unlimited, input_tokens=5)
    store(unlimited)
    cells = re.findall(r'<td class="num opt">([^/]*)(?:</span>)?\s*</td>\s*</tr>', page_of(as_alice))
    assert [re.sub(r"<[^>]*>|\s+", "", cell) for cell in cells] == ["–", "noprice", "$0.00039"]


def test_three_rows_cost_what_one_does(as_alice, unlimited, django_assert_num_queries):
    store(unlimited, agent="first")
    with CaptureQueriesContext(connection) as one:
        page_of(as_alice)
    store(unlimited, agent="second")
    store(unlimited, agent="third")
    with django_assert_num_queries(len(one)):
        page_of(as_alice)


def test_the_script_is_told_only_what_is_new(as_alice, unlimited):
    store(unlimited)
    first = as_alice.get(f"{LIST}?part=list")
    assert b"<html" not in first.content
    again = as_alice.get(f"{LIST}?part=list", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    store(unlimited, name="newer")
    assert as_alice.get(f"{LIST}?part=list", headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_row_that_changed_is_news(as_alice, unlimited):
    trace = store(unlimited, status=TraceStatus.RUNNING, until=None)
    etag = as_alice.get(f"{LIST}?part=list")["ETag"]
    append_spans(unlimited.account, trace.pk, [span("a")])
    assert as_alice.get(f"{LIST}?part=list", headers={"If-None-Match": etag}).status_code == 200


def test_the_page_itself_is_never_a_304(as_alice, unlimited):
    etag = as_alice.get(LIST)["ETag"]
    assert as_alice.get(LIST, headers={"If-None-Match": etag}).status_code == 200


def test_a_trace_still_running_lasts_since_it_was_received(as_alice, unlimited):
    store(unlimited, status=TraceStatus.RUNNING, until=None, ago=timedelta(hours=1, minutes=2))
    assert "1 h 02 m" in page_of(as_alice)


def test_deleting_asks_first_and_names_what_goes(as_alice, unlimited):
    first, second, _ = store_many(unlimited, 3)
    response = as_alice.post(f"{LIST}/delete", {"id": [first.pk, second.pk], "list": "status=success"})
    html = response.content.decode()
    assert "Delete 2 traces?" in html
    assert "run-000" in html
    assert "run-002" not in html
    assert Trace.objects.count() == 3


def test_what_was_confirmed_is_gone_with_all_that_hangs_on_it(as_alice, unlimited):
    gone = shared(unlimited.account, run(span("a", input=1)))
    shared(unlimited.account, run(span("b", input=1)))
    sent = {"id": [gone.trace_id], "confirmed": "yes", "list": "status=success&q=%26"}
    response = as_alice.post(f"{LIST}/delete", sent)
    assert response["Location"] == f"{LIST}?status=success&q=%26"
    counts = [model.objects.count() for model in (Trace, TracePayload, Span, SpanPack, ShareLink)]
    assert counts == [1, 1, 1, 1, 1]
    assert "1 trace deleted." in page_of(as_alice)


def test_a_strangers_trace_stays_and_is_not_named(client, alice, charlie):
    trace = store(alice)
    client.force_login(charlie.user)
    assert client.post(f"{LIST}/delete", {"id": trace.pk})["Location"] == LIST
    client.post(f"{LIST}/delete", {"id": trace.pk, "confirmed": "yes"})
    assert Trace.objects.filter(pk=trace.pk).exists()


@pytest.mark.parametrize("chosen", [{}, {"id": "nonsense"}])
def test_deleting_nothing_says_so(as_alice, chosen):
    as_alice.post(f"{LIST}/delete", {**chosen, "confirmed": "yes"})
    assert "No trace was selected." in page_of(as_alice)


def test_the_way_back_is_never_another_site(as_alice):
    response = as_alice.post(f"{LIST}/delete", {"list": "//evil.example/?x", "confirmed": "yes"})
    assert response["Location"].startswith(f"{LIST}?")


def test_the_short_address_leads_here(as_alice):
    assert as_alice.get("/app")["Location"] == LIST
