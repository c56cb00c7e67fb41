"""The trace page of its owners over HTTP: who sees it, its parts, what it costs and what it tells while a run goes on."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from traces.ingest import append_spans, end_trace, record_trace
from traces.models import Trace
from traces.records import TraceEnd, TraceStatus
from traces.sharing import share
from traces.tests.runs import at, call, failed, run, span

LIST = "/dashboard/traces"


@pytest.fixture
def as_alice(unlimited, client):
    client.force_login(unlimited.user)
    return client


def store(person, record) -> str:
    record_trace(person.account, record)
    return f"{LIST}/{record.id}"


def text_of(response) -> str:
    return response.content.decode()


def squeezed(response) -> str:
    return "".join(text_of(response).split())


def test_the_page_shows_the_run_as_the_public_one_does(as_alice, unlimited):
    record = run(failed("search", error="ConnectError: refused"), status=TraceStatus.ERROR)
    html = text_of(as_alice.get(store(unlimited, record)))
    for piece in ("<h1", "user-query", "Selected span", "assistant", "<dt>Received</dt>"):
        assert piece in html
    assert f'href="?span={record.spans[0].id}#detail"' in html


def test_a_call_is_a_sheet_with_its_permanent_link(as_alice, unlimited):
    record = call(span("llm_call"), prompt="Summarise", response="Here is **it**")
    html = text_of(as_alice.get(store(unlimited, record)))
    assert "Here is <strong>it</strong>" in html
    assert f"/traces/{record.id}</a>" in html
    assert "the address your POST answered with" in html


def test_a_teammate_sees_it_and_everybody_else_does_not(client, alice, bob, charlie):
    record = run(span("a"))
    page = store(alice, record)
    endings = ("", "/", ".json", "/live", "/share", f"/spans/{record.spans[0].id}", "?part=rows")
    for person, status in ((alice, 200), (bob, 200), (charlie, 404)):
        client.force_login(person.user)
        assert [client.get(page + ending).status_code for ending in endings] == [status] * len(endings)


def test_sharing_a_trace_opens_nothing_of_the_dashboard(client, alice):
    record = run(span("a"))
    page = store(alice, record)
    share(Trace.objects.get())
    response = client.get(page)
    assert (response.status_code, response["Location"]) == (302, f"/accounts/login?next={page}")


@pytest.mark.parametrize("trace_id", ["nonsense", "00000000-0000-4000-8000-000000000000", "A" * 300])
def test_an_unknown_trace_is_a_404(as_alice, trace_id):
    assert as_alice.get(f"{LIST}/{trace_id}").status_code == 404


@pytest.mark.parametrize("ending", ["", "/live", ".json", "/spans/x"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_the_page_is_only_read(as_alice, unlimited, method, ending):
    assert getattr(as_alice, method)(store(unlimited, run()) + ending).status_code == 405


def test_the_page_is_kept_by_nobody_and_strict(as_alice, unlimited):
    response = as_alice.get(store(unlimited, run(span("a"))))
    assert response["Cache-Control"] == "private, no-store"
    assert '<meta name="robots" content="noindex">' in text_of(response)
    assert not re.search(r"<[^>]*\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=", text_of(response))


def test_the_neighbours_are_those_of_the_list(as_alice, unlimited):
    pages = [store(unlimited, run(name=name)) for name in ("old", "middle", "new")]
    html = squeezed(as_alice.get(pages[1]))
    assert f'rel="prev"href="{pages[2]}"' in html
    assert f'rel="next"href="{pages[0]}"' in html
    newest = squeezed(as_alice.get(pages[2]))
    assert 'rel="prev"' not in newest


def test_a_strangers_trace_is_no_neighbour(as_alice, unlimited, charlie):
    page = store(unlimited, run())
    store(charlie, run())
    assert 'rel="prev"' not in squeezed(as_alice.get(page))


def test_one_span_is_a_piece_of_html_that_leads_back_here(as_alice, unlimited):
    child = failed("child", error="x")
    parent = failed("parent", error="x")
    child = failed("child", error="x", parent_id=parent.id)
    page = store(unlimited, run(parent, child, status=TraceStatus.ERROR))
    html = text_of(as_alice.get(f"{page}/spans/{parent.id}"))
    assert html.lstrip().startswith("<article")
    assert f'href="{page}?span={child.id}#detail"' in html


def test_the_download_has_everything(as_alice, unlimited):
    record = run(span("a", input={"q": "ü"}))
    response = as_alice.get(f"{store(unlimited, record)}.json")
    assert response["Content-Disposition"] == f'attachment; filename="trace-{record.id}.json"'
    assert json.loads(b"".join(response.streaming_content))["spans"][0]["input"] == {"q": "ü"}


def test_a_span_costs_no_query(as_alice, unlimited, django_assert_num_queries):
    one, many = store(unlimited, run(span("a"))), store(unlimited, run(*(span(f"s{n}") for n in range(40))))
    with CaptureQueriesContext(connection) as queries:
        as_alice.get(one)
    # Both have a neighbour on one side.
    with django_assert_num_queries(len(queries)):
        as_alice.get(many)


@pytest.mark.slow
def test_three_thousand_spans_are_under_300_kb_of_html(as_alice, unlimited):
    spans = [span(f"step number {number}", number, number + 5, input={"text": "x" * 500}) for number in range(3_000)]
    page = store(unlimited, run(*spans, until=3_000))
    assert len(as_alice.get(page).content) < 300_000


# A run that goes on ---------------------------------------------------------------------------------------------------


def running(person, *spans) -> str:
    return store(person, run(*spans, until=None, status=TraceStatus.RUNNING))


def etag_in(response) -> str:
    (etag,) = re.findall(r'data-etag="&quot;([^&]*)&quot;"', text_of(response))
    return etag


def test_only_a_run_that_goes_on_asks_for_news(as_alice, unlimited):
    assert "data-live-line" in text_of(as_alice.get(running(unlimited)))
    assert "data-live-line" not in text_of(as_alice.get(store(unlimited, run())))


def test_nothing_new_is_a_304_by_the_version_of_the_page(as_alice, unlimited):
    page = running(unlimited, span("a"))
    etag = f'"{etag_in(as_alice.get(page))}"'
    response = as_alice.get(f"{page}/live", headers={"If-None-Match": etag})
    assert (response.status_code, response.content) == (304, b"")


def test_asking_costs_one_query_beside_who_asks(as_alice, unlimited, django_assert_num_queries):
    page = running(unlimited, *(span(f"s{number}") for number in range(20)))
    etag = as_alice.get(f"{page}/live")["ETag"]
    session_person_and_account = 3
    with django_assert_num_queries(session_person_and_account + 1):
        as_alice.get(f"{page}/live", headers={"If-None-Match": etag})


def test_a_new_span_and_the_end_are_news(as_alice, unlimited):
    page = running(unlimited, span("first"))
    trace = Trace.objects.get()
    etag = as_alice.get(f"{page}/live")["ETag"]
    append_spans(unlimited.account, trace.pk, [span("second", 50, 80)])
    grown = as_alice.get(f"{page}/live", headers={"If-None-Match": etag})
    assert ">second<" in text_of(grown)
    assert "data-live" in text_of(grown)[:80]
    assert "<html" not in text_of(grown)
    end_trace(unlimited.account, trace.pk, TraceEnd(status=TraceStatus.SUCCESS, ended_at=at(100)))
    ended = as_alice.get(f"{page}/live", headers={"If-None-Match": grown["ETag"]})
    assert "data-live" not in text_of(ended)[:80]
    assert "Success" in text_of(ended)


def test_the_rows_come_as_many_as_the_page_shows(as_alice, unlimited):
    page = running(unlimited, *(span(f"s{number}", number) for number in range(400)))
    for query, count in (("", 300), ("?rows=350", 350), ("?from=300&rows=300", 100), ("?rows=99999", 400)):
        assert text_of(as_alice.get(f"{page}/live{query}")).count("<li class=") - 1 <= count
        assert text_of(as_alice.get(f"{page}/live{query}")).count('class="wf"') == count
