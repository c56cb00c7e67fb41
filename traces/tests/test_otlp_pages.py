"""Traces of real exporters as people read them: their owners, and whoever has a link."""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.utils.html import strip_tags

from traces.models import Span, Trace
from traces.reading.page import owner_page, span_detail
from traces.sharing import share
from traces.tests.test_otlp_api import OTLP, attribute, export, span
from traces.timeline import NOTES

pytestmark = pytest.mark.django_db

PAYLOADS = Path(__file__).resolve().parents[2] / "tests" / "otlp_payloads"


@pytest.fixture
def as_alice(unlimited, client):
    client.force_login(unlimited.user)
    return client


def send(person: Any, client: str) -> Trace:
    """What a real client exported, stored."""
    for request in json.loads((PAYLOADS / f"{client}.json").read_text())["requests"]:
        if sent := request.get("export") or request.get("body"):
            assert person.api.post(request["path"], sent).status_code == 200
    return Trace.objects.get()


def words(response: Any) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(strip_tags(response.content.decode())).split())


def read(client: Any, trace: Trace, span_id: Any = None) -> str:
    return words(client.get(f"/dashboard/traces/{trace.pk}" + (f"/spans/{span_id}" if span_id else "")))


def calls(trace: Trace) -> list[Any]:
    return list(Span.objects.filter(trace=trace, kind="llm").order_by("started_at").values_list("id", flat=True))


def row_sums(trace: Trace) -> tuple[int, int]:

    rows = [shown.row for shown in owner_page(trace).timeline.rows]
    return sum(row.tokens or 0 for row in rows), sum(row.cost_nanodollars or 0 for row in rows)


@pytest.mark.parametrize("payload", sorted(path.stem for path in PAYLOADS.glob("*.json")))
def test_every_span_of_every_client_has_a_page_and_the_rows_add_up_to_the_header(as_alice, unlimited, payload):
    trace = send(unlimited, payload)
    assert row_sums(trace) == (trace.input_tokens + trace.output_tokens, trace.cost_nanodollars or 0)
    for span_id in Span.objects.values_list("id", flat=True):
        assert "cannot be displayed" not in read(as_alice, trace, span_id)


@pytest.mark.parametrize(
    "payload",
    ["langfuse", "openinference-openai", "openllmetry", "logfire-pydantic-ai", "vercel-ai", "openai-agents-chat"],
)
def test_the_second_call_shows_only_what_is_new_in_it(as_alice, unlimited, payload):
    trace = send(unlimited, payload)
    second = next(page for call in calls(trace)[1:] if "earlier message" in (page := read(as_alice, trace, call)))
    assert re.search(r"[23] earlier messages shown in an earlier step", second)
    assert second.index("earlier messages") < second.index("14 °C, rain") < second.index("Take an umbrella.")


def test_a_tool_call_has_its_result_beside_it(as_alice, unlimited):
    trace = send(unlimited, "openllmetry")
    assert re.search(
        r"get_weather .*city: \"Paris\" result, 12 bytes 14 °C, rain", read(as_alice, trace, calls(trace)[0])
    )


def test_a_repeated_usage_is_told_to_be_counted_elsewhere(as_alice, unlimited):
    trace = send(unlimited, "openinference-anthropic")
    inner = Span.objects.filter(is_counted=False, kind="llm").first()
    assert "counted in the step around it" in read(as_alice, trace, inner.id)


def test_the_documents_of_a_retriever_are_read(as_alice, unlimited):
    trace = send(unlimited, "openinference-retrieval")
    found = read(as_alice, trace, Span.objects.get(kind="retriever").id)
    assert "Paris has 111 days of rain a year." in found
    assert found.partition("Context")[0].count("An umbrella was invented for the sun.") == 1


def test_a_call_without_content_says_which_switch_to_set(as_alice, unlimited):
    trace = send(unlimited, "openai-agents")
    assert "The sender left the content out. To send it:" in read(as_alice, trace, calls(trace)[0])


def test_a_session_leads_to_the_traces_of_it(as_alice, unlimited):
    trace = send(unlimited, "langfuse")
    page = as_alice.get(f"/dashboard/traces/{trace.pk}").content.decode()
    assert 'href="/dashboard/traces?session=session-42"' in page
    assert 'href="/dashboard/traces?user=user-7"' in page
    assert "1 found" in words(as_alice.get("/dashboard/traces?session=session-42&user=user-7"))


PRIVATE = {
    "session.id": "secret-session",
    "user.id": "secret-user",
    "http.request.header.authorization": "secret-header",
    "metadata": '{"user_api_key_hash": "secret-metadata"}',
    "langsmith.metadata.LANGSMITH_API_KEY": "secret-key",
    "tag.tags": "secret-tag",
}


@pytest.fixture
def private(unlimited) -> Trace:
    """A failed call that carries what its author would not show."""
    attributes = [
        attribute("openinference.span.kind", "LLM"),
        attribute("input.value", "What is shown?"),
        attribute("output.value", "The answer."),
        *(attribute(name, value) for name, value in PRIVATE.items()),
    ]
    stack = "Traceback (most recent call last):\n  File secret-path.py\nValueError: bad"
    told = [attribute("exception.type", "ValueError"), attribute("exception.message", "bad")]
    event = {"name": "exception", "attributes": [*told, attribute("exception.stacktrace", stack)]}
    sent = export(span(1, attributes=attributes, events=[event], status={"code": 2}), service="shop")
    sent["resourceSpans"][0]["resource"]["attributes"].append(attribute("host.name", "secret-host"))
    assert unlimited.api.post(OTLP, sent).status_code == 200
    return Trace.objects.get()


SECRETS = {"session", "user", "header", "metadata", "key", "tag", "path", "host"}


def secrets_in(text: str) -> set[str]:
    return {found for found in SECRETS if f"secret-{found}" in text}


def test_its_owner_sees_all_that_came(as_alice, unlimited, private):
    assert secrets_in(read(as_alice, private, Span.objects.get().id)) == SECRETS
    document = b"".join(as_alice.get(f"/dashboard/traces/{private.pk}.json").streaming_content)
    assert secrets_in(document.decode()) == SECRETS


@pytest.mark.parametrize("part", ["", "?part=rows", "/spans/{span}", ".json"])
def test_the_public_sees_nothing_private(client, private, part):
    answer = client.get(f"/traces/{share(private).pk}{part.format(span=Span.objects.get().id)}")
    text = (b"".join(answer) if answer.streaming else answer.content).decode()
    assert answer.status_code == 200
    assert secrets_in(text) == set()


def test_the_public_sees_what_was_said(client, private):
    page = words(client.get(f"/traces/{share(private).pk}"))
    assert all(said in page for said in ("What is shown?", "The answer.", "ValueError: bad"))


@pytest.mark.parametrize(
    ("text", "found"), [("is SHOWN?", 1), ("the answer", 1), *((f"secret-{name}", 0) for name in sorted(SECRETS))]
)
def test_the_public_finds_no_more_than_it_sees(client, private, text, found):
    assert len(client.get(f"/traces/{share(private).pk}/find", {"q": text}).json()) == found


def test_its_owner_finds_what_came(as_alice, unlimited, private):
    assert len(as_alice.get(f"/dashboard/traces/{private.pk}/find", {"q": "secret-header"}).json()) == 1


@pytest.mark.parametrize("part", ["", "/spans/{span}", ".json"])
def test_the_public_sees_no_parameter_that_is_not_known(unlimited, client, part):
    asked = {"temperature": 0.5, "base_url": "https://secret-host", "api_key": "secret-key"}
    told = [
        attribute("openinference.span.kind", "LLM"),
        attribute("llm.invocation_parameters", json.dumps(asked)),
        attribute("gen_ai.request.authorization", "secret-header"),
    ]
    unlimited.api.post(OTLP, export(span(1, attributes=told)))
    answer = client.get(f"/traces/{share(Trace.objects.get()).pk}{part.format(span=Span.objects.get().id)}")
    text = (b"".join(answer) if answer.streaming else answer.content).decode()
    assert secrets_in(text) == set()
    assert ("temperature" in text) == (part != ".json")


KEY = "sk-proj-0123456789abcdef"


@pytest.mark.parametrize("part", ["", "/spans/{span}", ".json"])
def test_the_public_reads_errors_without_keys_and_home_directories(unlimited, client, part):
    """In the sentence, in what a chat shows of the link, in the panel and in the file."""
    call = [attribute("gen_ai.operation.name", "chat"), attribute("gen_ai.input.messages", ASKED)]
    tool = [attribute("gen_ai.operation.name", "execute_tool"), attribute("gen_ai.tool.call.id", "c1")]
    failure = {"code": 2, "message": f"{KEY} was refused in /home/alice/app.py"}
    unlimited.api.post(OTLP, export(span(1, attributes=call), span(2, attributes=tool, status=failure)))
    link = share(Trace.objects.get())
    for span_id in Span.objects.values_list("id", flat=True):
        answer = client.get(f"/traces/{link.pk}{part.format(span=span_id)}")
        text = (b"".join(answer) if answer.streaming else answer.content).decode()
        assert (KEY in text, "alice" in text, "••• was refused in ~/app.py" in text) == (False, False, True)


ASKED = json.dumps(
    [{"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "search", "arguments": {}}]}]
)


def test_a_span_without_content_says_so_once(as_alice, unlimited):
    trace = send(unlimited, "openai-agents")
    assert "Nothing was recorded" not in read(as_alice, trace, calls(trace)[0])


def test_another_cost_than_the_senders_is_shown_with_the_senders(as_alice, unlimited):
    told = [
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.request.model", "gpt-4o"),
        attribute("gen_ai.provider.name", "openai"),
        attribute("gen_ai.usage.input_tokens", 1000),
        attribute("gen_ai.usage.cost", 0.5),
    ]
    unlimited.api.post(OTLP, export(span(1, attributes=told)))
    assert "The sender reported $0.5000." in read(as_alice, Trace.objects.get(), Span.objects.get().id)


def test_before_sharing_its_owner_reads_what_is_left_out(as_alice, unlimited, private):
    assert "Left out are session and user, tags and metadata, stack traces" in words(
        as_alice.get(f"/dashboard/traces/{private.pk}/share")
    )


def test_a_call_asks_the_database_no_more_when_its_trace_is_long(unlimited, django_assert_num_queries):
    many = [attribute("gen_ai.operation.name", "chat"), attribute("gen_ai.input.messages", "[]")]
    unlimited.api.post(OTLP, export(*(span(number, attributes=many) for number in range(1, 101))))
    trace, middle = Trace.objects.get(), str(Span.objects.order_by("started_at")[50].id)
    # The span, its texts, the beginning of the axis, earlier calls, later ones, tools, the texts of these.
    with django_assert_num_queries(7):
        span_detail(trace, middle)


UGLY = "\u202eabc<script>alert(1)</script>\U0001f600" * 10


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.input.messages": '[{"role": 7, "parts": "x"}]', "gen_ai.operation.name": "chat"},
        {"gen_ai.input.messages": "[" * 50 + "]" * 50, "gen_ai.operation.name": "chat"},
        {"gen_ai.input.messages": '[{"role": "user", "parts": [{"type": []}]}]', "gen_ai.operation.name": "chat"},
        {"gen_ai.tool.definitions": '["x", null, {"function": 1}]', "gen_ai.operation.name": "chat"},
        {
            "gen_ai.retrieval.documents": '["x", {"id": {}, "content": 1, "score": "NaN"}]',
            "gen_ai.operation.name": "retrieval",
        },
        {"llm.invocation_parameters": "[1]", "openinference.span.kind": "LLM"},
        {"session.id": UGLY, "user.id": UGLY, "gen_ai.request.model": UGLY, "tag.tags": UGLY},
        {
            "gen_ai.response.finish_reasons": "{}",
            "gen_ai.response.time_to_first_chunk": "soon",
            "gen_ai.operation.name": "chat",
        },
    ],
)
def test_attributes_of_any_shape_are_shown(as_alice, unlimited, attributes):
    told = [attribute(name, value) for name, value in attributes.items()]
    assert unlimited.api.post(OTLP, export(span(1, attributes=told))).status_code == 200
    trace, span_id = Trace.objects.get(), Span.objects.get().id
    link = share(trace)
    addresses = [f"/dashboard/traces/{trace.pk}", f"/dashboard/traces/{trace.pk}/spans/{span_id}"]
    assert [as_alice.get(address).status_code for address in addresses] == [200, 200]
    addresses = [f"/traces/{link.pk}", f"/traces/{link.pk}/spans/{span_id}", f"/traces/{link.pk}.json"]
    as_alice.logout()
    assert [as_alice.get(address).status_code for address in addresses] == [200, 200, 200]


def test_a_span_that_ended_before_it_started_is_shown_as_0_with_a_note(as_alice, unlimited):
    unlimited.api.post(OTLP, export(span(1, endTimeUnixNano="1")))
    trace = Trace.objects.get()
    shown = read(as_alice, trace, Span.objects.get().id)
    assert "Duration 0 ms" in shown
    assert "It ended before it started: the clocks differed. The duration is shown as 0." in shown


def test_spans_in_a_circle_and_their_own_parents_are_shown_and_marked(unlimited):
    circle = (span(1, parentSpanId=f"{2:016x}"), span(2, parentSpanId=f"{1:016x}"), span(3, parentSpanId=f"{3:016x}"))
    unlimited.api.post(OTLP, export(*circle))

    rows = [shown.row for shown in owner_page(Trace.objects.get()).timeline.rows]
    assert [(row.name, row.depth, row.is_in_cycle) for row in rows] == [
        ("step 1", 0, True), ("step 2", 1, False), ("step 3", 0, True),
    ]  # fmt: skip
    marked = [NOTES["is_in_cycle"] in span_detail(Trace.objects.get(), row.id).notes for row in rows]
    assert marked == [True, False, True]


def test_the_page_of_a_run_hears_that_one_of_its_spans_has_ended(as_alice, unlimited):
    root = span(1, endTimeUnixNano="0")
    unlimited.api.post(OTLP, export(root, span(2, parentSpanId=f"{1:016x}", endTimeUnixNano="0")))
    address = f"/dashboard/traces/{Trace.objects.get().pk}/live"
    etag = as_alice.get(address)["ETag"]
    assert as_alice.get(address, headers={"If-None-Match": etag}).status_code == 304
    unlimited.api.post(OTLP, export(span(2, parentSpanId=f"{1:016x}")))
    assert as_alice.get(address, headers={"If-None-Match": etag}).status_code == 200
