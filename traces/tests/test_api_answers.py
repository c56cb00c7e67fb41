"""Contract §3: what every answer of the API has in common, whichever dialect it speaks."""

import gzip
import json
import uuid

import pytest

from tests.api import NEXUS, TRACES, Api, nexus_body, span_body, tracen_body, without
from traces import ingest
from traces.limits import MAX_BODY_BYTES, MAX_JSON_DEPTH
from traces.models import Span, Trace

pytestmark = pytest.mark.django_db

NOBODYS = "550e8400-e29b-41d4-a716-446655440000"
INVALID_KEY = {"error": "Invalid API key"}


# JSON, whatever happens ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/v1/nothing", "/v1/nothing", "/api/v1/traces/a/b/c"])
def test_an_unknown_route_is_a_json_404(path):
    answer = Api(None).get(path)

    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png;q=0.1", "garbage"])
def test_answers_are_json_whatever_is_asked_for(alice, accept):
    answer = alice.api.post(TRACES, tracen_body(), headers={"Accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_a_foreign_host_is_a_json_400(alice):
    answer = alice.api.post(TRACES, tracen_body(), headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()) == (400, {"error": "Bad request"})


def test_a_wrong_method_on_health_is_a_json_405():
    answer = Api(None).post("/health")

    assert (answer.status_code, answer.json()) == (405, {"error": "Method not allowed"})
    assert answer["Allow"] == "GET, HEAD"


def test_the_unexpected_is_a_500_that_says_nothing(alice, monkeypatch):
    monkeypatch.setattr(ingest, "Months", lambda _: 1 / 0)

    answer = alice.api.post(TRACES, tracen_body())

    assert (answer.status_code, answer.json()) == (500, {"error": "Internal server error"})


@pytest.mark.parametrize("method", ["POST", "GET", "PATCH", "PUT"])
def test_no_answer_is_cached(alice, method):
    assert alice.api.send(method, TRACES)["Cache-Control"] == "no-store"


# The order of checks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", TRACES, "POST, OPTIONS"),
        ("PUT", TRACES, "POST, OPTIONS"),
        ("DELETE", TRACES, "POST, OPTIONS"),
        ("TRACE", TRACES, "POST, OPTIONS"),
        ("CREATE", TRACES, "POST, OPTIONS"),
        ("DELETE", NEXUS, "GET, POST, HEAD, OPTIONS"),
        ("POST", f"{NEXUS}/{NOBODYS}", "GET, PATCH, HEAD, OPTIONS"),
        ("GET", f"{NEXUS}/{NOBODYS}/spans", "POST, OPTIONS"),
    ],
)
def test_a_wrong_method_is_405_even_without_a_key(method, path, allow):
    answer = Api(None).send(method, path)

    assert (answer.status_code, answer.json(), answer["Allow"]) == (405, {"error": "Method not allowed"}, allow)


def test_the_key_is_checked_before_the_trace_and_the_body(alice):
    answer = Api(None).post(f"{NEXUS}/{NOBODYS}/spans", raw=b"{")

    assert (answer.status_code, answer.json()) == (401, INVALID_KEY)


@pytest.mark.parametrize("raw", [b"{", b"x" * (MAX_BODY_BYTES + 1)], ids=["not JSON", "too large"])
def test_the_trace_is_looked_up_before_the_body_is_read(alice, raw):
    for answer in (
        alice.api.post(f"{NEXUS}/{NOBODYS}/spans", raw=raw),
        alice.api.patch(f"{NEXUS}/{NOBODYS}", raw=raw, content_type="application/xml"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": "Trace not found"})


def test_size_comes_before_media_type_and_media_type_before_json(alice):
    too_large = alice.api.post(NEXUS, raw=b"{" * (MAX_BODY_BYTES + 1), content_type="application/xml")
    wrong_type = alice.api.post(NEXUS, raw=b"{", content_type="application/xml")

    assert (too_large.status_code, wrong_type.status_code) == (413, 415)


def test_a_body_of_exactly_the_limit_is_read(alice):
    padding = MAX_BODY_BYTES - len(json.dumps(tracen_body(prompt="")).encode())

    assert alice.api.post(TRACES, tracen_body(prompt="x" * padding)).status_code == 200
    answer = alice.api.post(TRACES, tracen_body(prompt="x" * (padding + 1)))
    assert (answer.status_code, answer.json()) == (
        413,
        {"error": "Request body too large", "limit": MAX_BODY_BYTES},
    )


# Bodies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b'{"a":1} x'])
def test_what_is_not_json(alice, raw):
    for path in (TRACES, NEXUS):
        answer = alice.api.post(path, raw=raw)
        assert (answer.status_code, answer.json()) == (400, {"error": "Invalid JSON body"})


@pytest.mark.parametrize("body", [[], "x", 1, True, [{}]])
def test_json_that_is_not_an_object(alice, body):
    answer = alice.api.post(NEXUS, body)

    assert (answer.status_code, answer.json()) == (400, {"error": "Body must be a JSON object"})


def test_null_is_json_that_is_not_an_object(alice):
    assert alice.api.post(NEXUS, raw=b"null").json() == {"error": "Body must be a JSON object"}


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "text/plain", ""])
def test_media_types_that_are_read(alice, content_type):
    assert alice.api.post(TRACES, tracen_body(), content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/x-protobuf",
        "application/json; charset=utf-16",
        "application/json; charset=bogus",
    ],
)
def test_media_types_that_are_refused(alice, content_type):
    assert alice.api.post(TRACES, tracen_body(), content_type=content_type).status_code == 415


def test_gzip_is_read(alice):
    raw = gzip.compress(json.dumps(tracen_body()).encode())

    assert alice.api.post(TRACES, raw=raw, headers={"Content-Encoding": "gzip"}).status_code == 200


def test_the_size_counts_after_gzip(alice):
    raw = gzip.compress(b" " * (MAX_BODY_BYTES + 1))

    assert alice.api.post(TRACES, raw=raw, headers={"Content-Encoding": "gzip"}).status_code == 413


def test_a_byte_order_mark_is_allowed(alice):
    assert alice.api.post(TRACES, raw=b"\xef\xbb\xbf" + json.dumps(tracen_body()).encode()).status_code == 200


def test_the_deepest_accepted_nesting_comes_back(alice):
    metadata = {"a": 1}
    for _ in range(MAX_JSON_DEPTH - 2):
        metadata = {"a": metadata}

    trace_id = alice.api.create_trace(metadata=metadata)

    assert alice.api.trace(trace_id)["metadata"] == metadata
    too_deep = alice.api.post(NEXUS, nexus_body(metadata={"a": metadata}))
    assert too_deep.status_code == 400
    assert too_deep.json()["limit"] == MAX_JSON_DEPTH


@pytest.mark.parametrize(
    "value",
    [0, 1, -7, 2.5, False, True, "", "x", [], {}, [0, [None]], {"é": "日本 🎉"}, "  ", {"": None}, 2**53 + 1, "\u2028"],
)
def test_any_payload_comes_back_equal(alice, value):
    trace_id = alice.api.create_trace(metadata={"value": value})
    alice.api.add_span(trace_id, input=value, output=value)

    trace = alice.api.trace(trace_id)

    assert trace["metadata"] == {"value": value}
    assert [(span["input"], span["output"]) for span in trace["spans"]] == [(value, value)]


# Fields -------------------------------------------------------------------------------------------------------------


def test_all_bad_fields_are_named_at_once(alice):
    answer = alice.api.post(NEXUS, {"agent_id": 5, "name": " ", "status": "done", "started_at": "now", "metadata": []})

    assert answer.status_code == 400
    assert answer.json() == {
        "error": "Validation failed",
        "fields": {
            "agent_id": "Must be a string",
            "name": "Required",
            "status": "Must be one of: running, success, error, timeout",
            "started_at": "Must be an ISO 8601 timestamp with a time zone",
            "metadata": "Must be an object",
        },
    }


@pytest.mark.parametrize("missing", [None, "", " \t", "\u200b"])
@pytest.mark.parametrize("field", ["agent_id", "name", "status"])
def test_absent_null_or_blank_is_required(alice, field, missing):
    for body in (nexus_body(**{field: missing}), without(nexus_body(), field)):
        assert alice.api.post(NEXUS, body).json()["fields"] == {field: "Required"}


@pytest.mark.parametrize("field", ["agent_id", "name"])
def test_names_have_a_longest_length(alice, field):
    assert alice.api.post(NEXUS, nexus_body(**{field: "é" * 255})).status_code == 201
    assert alice.api.post(NEXUS, nexus_body(**{field: "é" * 256})).json()["fields"] == {field: "At most 255 characters"}


def test_unknown_fields_are_ignored_and_never_assigned(alice, charlie):
    sent = str(uuid.uuid4())
    body = nexus_body(id=sent, trace_id=sent, account=charlie.account.pk, received_at="1999-01-01T00:00:00Z", x=[1])

    trace_id = alice.api.post(NEXUS, body).json()["trace_id"]

    trace = Trace.objects.get(pk=trace_id)
    assert trace_id != sent
    assert (trace.account, trace.received_at.year >= 2026) == (alice.account, True)


def test_of_duplicate_keys_the_last_wins(alice):
    raw = b'{"name":"first",' + json.dumps(nexus_body(name="last")).encode()[1:]

    trace_id = alice.api.post(NEXUS, raw=raw).json()["trace_id"]

    assert alice.api.trace(trace_id)["name"] == "last"


@pytest.mark.parametrize("path", [TRACES, NEXUS])
def test_a_trailing_slash_is_the_same_route(alice, path):
    body = tracen_body() if path == TRACES else nexus_body()

    assert alice.api.post(f"{path}/", body).status_code in (200, 201)


def test_trailing_slashes_of_one_trace(alice):
    trace_id = alice.api.create_trace()

    assert alice.api.post(f"{NEXUS}/{trace_id}/spans/", span_body()).status_code == 201
    assert alice.api.patch(f"{NEXUS}/{trace_id}/", {}).status_code == 200
    assert alice.api.get(f"{NEXUS}/{trace_id}/").status_code == 200


def test_text_is_repaired(alice):
    raw = json.dumps(nexus_body(name="NAME", metadata={"KEY": "VALUE"})).replace("NAME", r"a\u0000b")
    raw = raw.replace("KEY", r"\ud83d").replace("VALUE", r"x\udc00\u0000")

    trace_id = alice.api.post(NEXUS, raw=raw.encode()).json()["trace_id"]

    trace = alice.api.trace(trace_id)
    assert (trace["name"], trace["metadata"]) == ("a\ufffdb", {"\ufffd": "x\ufffd\ufffd"})


def test_a_whole_surrogate_pair_is_a_character(alice):
    raw = json.dumps(nexus_body(name="🎉")).encode()
    assert rb"\ud83c" in raw

    trace_id = alice.api.post(NEXUS, raw=raw).json()["trace_id"]

    assert alice.api.trace(trace_id)["name"] == "🎉"


# Time ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2026-04-06T12:00:00Z", "2026-04-06T12:00:00Z"),
        ("2026-04-06t12:00:00z", "2026-04-06T12:00:00Z"),
        ("2026-04-06 12:00:00+02:00", "2026-04-06T10:00:00Z"),
        ("2026-04-06T12:00:00.5Z", "2026-04-06T12:00:00.500Z"),
        ("2026-04-06T12:00:00.123Z", "2026-04-06T12:00:00.123Z"),
        ("2026-04-06T12:00:00.123456Z", "2026-04-06T12:00:00.123456Z"),
        ("2026-04-06T12:00:00.123456789Z", "2026-04-06T12:00:00.123456Z"),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59Z"),
        ("2026-04-06T12:00:00-00:00", "2026-04-06T12:00:00Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59Z"),
    ],
)
def test_times_that_are_read_and_how_they_come_back(alice, sent, read):
    trace_id = alice.api.create_trace(started_at=sent)

    assert alice.api.trace(trace_id)["started_at"] == read


@pytest.mark.parametrize(
    "sent",
    [
        "2026-04-06T12:00:00",
        "2026-04-06",
        "2026-04-06T12:00:00.1234567890Z",
        "2026-04-06T12:00:00,5Z",
        "20260406T120000Z",
        "2026-W15-1T12:00:00Z",
        "2026-04-06T12Z",
        "2026-04-06T12:00:00Z\n",
        "٢026-04-06T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-04-06T24:00:00Z",
        "2026-04-06T12:00:61Z",
        "2026-04-06T12:00:00+99:99",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1767225600",
        1767225600,
        True,
        [],
    ],
)
def test_times_that_are_refused(alice, sent):
    answer = alice.api.post(NEXUS, nexus_body(started_at=sent))

    assert answer.status_code == 400
    assert answer.json()["fields"] == {"started_at": "Must be an ISO 8601 timestamp with a time zone"}


def test_an_end_before_the_start_is_refused_on_post(alice):
    early = {"started_at": "2026-04-06T12:00:01Z", "ended_at": "2026-04-06T12:00:00Z"}
    trace_id = alice.api.create_trace()

    for answer in (
        alice.api.post(NEXUS, nexus_body(**early)),
        alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body(**early)),
    ):
        assert (answer.status_code, answer.json()["fields"]) == (400, {"ended_at": "Must not be before started_at"})


# Browsers of other sites --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TRACES, NEXUS, f"{NEXUS}/{NOBODYS}/spans"])
def test_a_preflight_needs_no_key(path):
    answer = Api(None).send("OPTIONS", path, headers={"Origin": "https://x.example"})

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (204, "*")
    assert answer["Access-Control-Allow-Headers"] == "Authorization, X-Tracen-Key, Content-Type, Idempotency-Key"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_other_sites_may_read_answers_and_errors(alice):
    for answer in (alice.api.post(TRACES, tracen_body()), Api(None).post(TRACES), Api(None).get("/api/nothing")):
        assert answer["Access-Control-Allow-Origin"] == "*"
        exposed = answer["Access-Control-Expose-Headers"].split(", ")
        assert {"Retry-After", "X-Total-Count"} <= set(exposed)


# Limits of a trace --------------------------------------------------------------------------------------------------


def test_the_span_limit_of_a_trace(alice, monkeypatch):
    monkeypatch.setattr(ingest, "MAX_SPANS_PER_TRACE", 2)
    trace_id = alice.api.create_trace()
    alice.api.add_span(trace_id)
    alice.api.add_span(trace_id)

    answer = alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body())

    assert (answer.status_code, answer.json()) == (400, {"error": "Span limit per trace reached", "limit": 2})
    assert Span.objects.count() == 2


def test_gzip_of_several_members_and_with_zeros_behind_is_read(alice):
    raw = json.dumps(tracen_body()).encode()
    members = gzip.compress(raw[:40]) + gzip.compress(raw[40:]) + b"\0" * 100

    assert alice.api.post(TRACES, raw=members, headers={"Content-Encoding": "gzip"}).status_code == 200


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-4], lambda raw: raw + b"x", lambda raw: b"x" + raw, lambda _: b""]
)
def test_damaged_gzip_is_no_json(alice, damage):
    raw = damage(gzip.compress(json.dumps(tracen_body()).encode()))

    answer = alice.api.post(TRACES, raw=raw, headers={"Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid JSON body")


def test_a_preflight_has_no_body_and_is_not_kept(alice):
    answer = alice.api.send("OPTIONS", TRACES)

    assert ("Content-Type" in answer.headers, answer["Cache-Control"]) == (False, "no-store")
