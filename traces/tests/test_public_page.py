"""The public page over HTTP: what it shows, its headers, its size, and that it stands whatever is stored."""

import gzip
import json
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from traces.models import ShareLink, Span, TracePayload
from traces.packs import Texts
from traces.records import TraceStatus
from traces.sharing import revoke, share
from traces.span_texts import rewrite_texts
from traces.tests.runs import big_run, call, failed, run, shared, span


def page_of(client, link, query: str = ""):
    return client.get(f"/traces/{link.pk}{query}")


def text_of(response) -> str:
    return response.content.decode()


def test_a_call_is_readable_by_anybody(client, alice):
    record = call(span("llm_call"), prompt="Summarise this", response="Here is **it**", name="Summarise this")
    html = text_of(page_of(client, shared(alice.account, record)))
    for piece in ("<h1", "Summarise this", "Here is <strong>it</strong>", "llm_call", "openai / gpt-4o", "100 ms"):
        assert piece in html


def test_a_run_shows_the_chosen_span_with_what_went_in_and_out(client, alice):
    html = text_of(page_of(client, shared(alice.account, run(span("search", input={"query": "heat"}, output=[7])))))
    for piece in ("Selected span", "<b>query</b>", '"heat"', '<span class="n">7</span>', "assistant"):
        assert piece in html


def test_a_failure_is_told_and_linked(client, alice):
    record = run(failed("search", error="ConnectError: refused"), status=TraceStatus.ERROR)
    html = text_of(page_of(client, shared(alice.account, record)))
    address = f"?span={record.spans[0].id}#detail"
    link = f'<aclass="hl"href="{address}"><bdi>search</bdi></a><bdi>failedafter100ms:refused.</bdi>'
    assert link in "".join(html.split())


def test_the_page_is_for_readers_and_not_for_machines(client, alice):
    response = page_of(client, shared(alice.account, run(span("a"))))
    assert response["X-Robots-Tag"] == "noindex"
    assert response["Cache-Control"] == "private, no-store"
    assert response["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert '<meta name="robots" content="noindex">' in text_of(response)


def test_the_page_needs_no_inline_style_or_script(client, unlimited):
    record = run(*(span(f"s{number}", input={"q": "x" * 400}) for number in range(20)))
    html = text_of(page_of(client, shared(unlimited.account, record)))
    assert not re.search(r"<[^>]*\sstyle=|<style|<script(?![^>]*\ssrc=)|\son\w+=", html)


def test_links_unfurl_with_the_name_and_the_sentence(client, alice, settings):
    link = shared(alice.account, run(span("a"), name='Say "hi" & <go>'))
    html = text_of(page_of(client, link))
    assert '<meta property="og:title" content="Say &quot;hi&quot; &amp; &lt;go&gt;">' in html
    assert f'<meta property="og:url" content="{settings.BASE_URL}/traces/{link.pk}">' in html
    assert 'property="og:description" content="Finished in 100 ms, all of it in a. 1 span, 100 ms, assistant."' in html


@pytest.mark.parametrize("suffix", ["", "/", "?span=nonsense", "?from=-1", "?from=9999999999999", "?from=x&part=rows"])
def test_every_form_of_the_address_answers(client, alice, suffix):
    assert page_of(client, shared(alice.account, run(span("a"))), suffix).status_code == 200


def test_unknown_malformed_revoked_and_expired_links_are_one_and_the_same_404(client, alice):
    live = shared(alice.account, run(span("a")))
    revoked, expired = share(live.trace), share(live.trace, timedelta(seconds=-1))
    revoke(revoked)
    ids = ["00000000-0000-4000-8000-000000000000", "nonsense", str(revoked.pk), str(expired.pk), str(live.trace_id)]
    for ending in ("", ".json", f"/spans/{live.trace.spans.get().id}"):
        answers = [client.get(f"/traces/{share_id}{ending}") for share_id in ids]
        assert [answer.status_code for answer in answers] == [404] * 5
        # The form of the theme names the visitor's own address and a token, each its own.
        own = rb'name="(csrfmiddlewaretoken|next)" value="[^"]*"'
        assert len({re.sub(own, b"", answer.content) for answer in answers}) == 1


def test_a_look_is_counted_and_a_probe_is_not(client, alice):
    link = shared(alice.account, run(span("a")))
    page_of(client, link)
    page_of(client, link, "?part=rows")
    client.head(f"/traces/{link.pk}")
    assert ShareLink.objects.get(pk=link.pk).view_count == 1


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_the_page_is_only_read(client, alice, method):
    assert getattr(client, method)(f"/traces/{shared(alice.account, run()).pk}").status_code == 405


def test_one_span_is_a_piece_of_html(client, alice):
    record = run(span("a", input={"q": 1}), span("b"))
    link = shared(alice.account, record)
    response = client.get(f"/traces/{link.pk}/spans/{record.spans[0].id}")
    html = text_of(response)
    assert html.lstrip().startswith("<article")
    assert "<html" not in html
    assert response["Cache-Control"] == "private, no-store"


def test_a_span_that_is_not_there_is_a_404(client, alice):
    link = shared(alice.account, run(span("a")))
    assert client.get(f"/traces/{link.pk}/spans/nonsense").status_code == 404


def test_the_download_is_a_file_with_a_fixed_name(client, alice):
    link = shared(alice.account, run(span("a", input={"q": "ü"}), name="../../x\r\nSet-Cookie: a"))
    response = client.get(f"/traces/{link.pk}.json")
    assert response["Content-Disposition"] == f'attachment; filename="trace-{link.pk}.json"'
    assert json.loads(b"".join(response.streaming_content))["spans"][0]["input"] == {"q": "ü"}


def test_rows_come_alone_for_the_script(client, unlimited):
    record = run(*(span(f"s{number}", number, number + 1) for number in range(310)))
    link = shared(unlimited.account, record)
    html = text_of(page_of(client, link, "?from=300&part=rows"))
    assert html.count("<li ") == 10
    assert "<html" not in html


def test_without_script_the_rows_go_on_behind_a_link(client, unlimited):
    record = run(*(span(f"s{number}", number, number + 1) for number in range(310)))
    link = shared(unlimited.account, record)
    html = text_of(page_of(client, link))
    assert 'href="?from=300#spans"' in html
    assert "1–300 of 310" in html
    assert ">s309<" in text_of(page_of(client, link, "?from=300"))


@pytest.mark.slow
@pytest.mark.parametrize("count", [1_000, 10_000])
def test_the_page_of_a_big_trace_grows_neither_with_its_spans_nor_with_what_they_said(client, unlimited, count):
    spans = [span(f"s{number}", number, number + 5, input={"text": "x" * 2_000}) for number in range(count)]
    link = shared(unlimited.account, run(*spans, until=count))
    assert len(text_of(page_of(client, link))) < 300_000


def test_the_page_of_two_thousand_spans_is_light(client, unlimited):
    html = page_of(client, shared(unlimited.account, big_run(2_000))).content
    assert len(html) < 300_000
    assert len(gzip.compress(html, 6)) < 30_000


def test_rows_are_lean(client, unlimited):
    record = run(*(span("step", number, number + 5) for number in range(100)))
    rows = re.findall(r"<li class=\"row.*?</li>", text_of(page_of(client, shared(unlimited.account, record))))
    assert len(rows) == 100
    assert sum(map(len, rows)) / 100 < 380


def test_two_thousand_levels_are_a_page(client, unlimited):
    spans = [span("level-0")]
    while len(spans) < 2_000:
        spans.append(span(f"level-{len(spans)}", parent_id=spans[-1].id))
    response = page_of(client, shared(unlimited.account, run(*spans)), "?from=1900")
    assert response.status_code == 200
    assert 'aria-level="2000"' in text_of(response)


NASTY = [
    '{"broken',
    "[" * 3_000,
    '"\\ud83d"',
    "NaN",
    '{"role": 5, "content": [{"type": []}]}',
    '[{"role":"user","content":{}}]',
    '{"messages":[{"role":"user","content":[null,5,{"type":"tool_result","content":[[]]}]}]}',
    '{"role":"tool","content":"{\\"half\\":\\"\\\\ud83d\\"}"}',
    '"' + "x" * 200_000 + '"',
]


@pytest.mark.parametrize("text", NASTY, ids=lambda text: text[:30])
def test_whatever_is_stored_the_page_stands(client, alice, text):
    record = run(failed("a", input=1, output=1, error="x"), metadata="{}", status=TraceStatus.ERROR)
    link = shared(alice.account, record)
    rewrite_texts({Span.objects.get().pk: Texts(text, text, text)})
    TracePayload.objects.update(metadata=text, prompt=text, response=text, error=text)
    assert page_of(client, link).status_code == 200
    assert client.get(f"/traces/{link.pk}/spans/{record.spans[0].id}").status_code == 200
    assert json.loads(b"".join(client.get(f"/traces/{link.pk}.json").streaming_content))["id"] == str(link.pk)


def test_strangers_text_is_only_text(client, alice):
    evil = "<img src=x onerror=alert(1)>'\"&{{ 7*7 }}"
    record = run(
        failed(evil, input={evil: evil}, output=evil, error=evil, model=evil, provider=evil),
        name=evil, agent=evil, metadata=json.dumps({evil: evil}), status=TraceStatus.ERROR,
    )  # fmt: skip
    html = text_of(page_of(client, shared(alice.account, record)))
    assert "<img" not in html
    assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", html)[0]


def test_a_run_that_goes_on_and_one_without_spans_are_pages(client, alice):
    now = timezone.now()
    running = run(span("a", 0, None), until=None, status=TraceStatus.RUNNING)
    object.__setattr__(running, "started_at", now)
    assert "running" in text_of(page_of(client, shared(alice.account, running)))
    assert "Nothing was recorded inside this run." in text_of(page_of(client, shared(alice.account, run())))
