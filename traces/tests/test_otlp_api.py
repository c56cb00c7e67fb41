"""`POST /v1/traces` and its relatives: what an exporter is answered, and whose spans are stored."""

import gzip
import json
import zlib
from base64 import b64encode
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from accounts.api_keys import revoke_key
from accounts.models import ApiKey
from tests.api import NEXUS, Api
from traces.api import otlp
from traces.limits import MAX_OTLP_BODY_BYTES, MAX_SPANS_PER_TRACE
from traces.models import MonthlyUsage, Span, Trace

pytestmark = pytest.mark.django_db

OTLP = "/v1/traces"
TRACE_ID = "5b8efff798038103d269b633813fc60c"
STARTED = 1_795_000_000_000_000_000
PROTOBUF = "application/x-protobuf"


def span(number: int = 1, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "traceId": TRACE_ID,
        "spanId": f"{number:016x}",
        "name": f"step {number}",
        "kind": 1,
        "startTimeUnixNano": str(STARTED + number * 10**6),
        "endTimeUnixNano": str(STARTED + 10**9),
    }
    return made | changes


def export(*spans: dict[str, Any], service: str = "shop") -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "tests"}, "spans": [*spans]}]}]}


def as_protobuf(body: dict[str, Any]) -> bytes:
    """The same export as an SDK's own encoder writes it; ids are bytes there, which protobuf's JSON has in base64."""
    copied = json.loads(json.dumps(body))
    for of_resource in copied["resourceSpans"]:
        for made in of_resource["scopeSpans"][0]["spans"]:
            for name in {"traceId", "spanId", "parentSpanId"} & set(made):
                made[name] = b64encode(bytes.fromhex(made[name])).decode()
    return ParseDict(copied, ExportTraceServiceRequest()).SerializeToString()


def test_an_export_in_json_is_stored_and_answered_in_json(unlimited):
    answer = unlimited.api.post(OTLP, export(span(1), span(2, parentSpanId=f"{1:016x}")))
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "application/json", b"{}")
    trace = Trace.objects.get()
    assert (trace.name, trace.status, trace.source, trace.span_count) == ("step 1", "success", "otlp", 2)
    assert trace.agent is not None
    assert trace.agent.name == "shop"


@pytest.mark.parametrize("kind", [PROTOBUF, "application/protobuf", "application/x-protobuf; charset=utf-8"])
def test_an_export_in_protobuf_is_stored_and_answered_in_protobuf(unlimited, kind):
    answer = unlimited.api.post(OTLP, raw=as_protobuf(export(span(1))), content_type=kind)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, PROTOBUF, b"")
    assert Span.objects.get().name == "step 1"


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)], ids=["gzip", "deflate"]
)
def test_a_compressed_export_is_read(unlimited, encoding, pack):
    packed = pack(as_protobuf(export(span(1))))
    answer = unlimited.api.post(OTLP, raw=packed, content_type=PROTOBUF, headers={"Content-Encoding": encoding})
    assert (answer.status_code, Span.objects.count()) == (200, 1)


@pytest.mark.parametrize(
    "address", ["/v1/traces/", "/otel/v1/traces", "/api/public/otel/v1/traces", NEXUS, f"{NEXUS}/"]
)
def test_an_export_is_understood_at_every_address(unlimited, address):
    in_json = unlimited.api.post(address, export(span(1)))
    in_protobuf = unlimited.api.post(address, raw=as_protobuf(export(span(2))), content_type=PROTOBUF)
    assert (in_json.status_code, in_protobuf.status_code, Span.objects.count()) == (200, 200, 2)


def authorizations(key: str) -> list[dict[str, str]]:
    pair = b64encode(f"pk-lf-1234:{key}".encode()).decode()
    return [
        {"Authorization": f"Bearer {key}"},
        {"X-Tracen-Key": key},
        {"X-Api-Key": key},
        {"Authorization": f"Basic {pair}"},
        {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"},
        {"Authorization": key},
        {"Authorization": f"Bearer%20{key}"},
    ]


@pytest.mark.parametrize("way", range(7))
def test_a_key_is_taken_in_the_ways_of_all_exporters(unlimited, way):
    headers = authorizations(unlimited.api.key)[way]
    assert Api(None).post(OTLP, export(span(1)), headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic !!!"},
        {"Authorization": f"Basic {b64encode(bytes([255, 254])).decode()}"},
        {"Authorization": "Bearer"},
        {"X-Api-Key": ""},
        {"Authorization": "tracen_sk_" + "x" * 43},
    ],
)
def test_what_is_no_key_is_refused(db, headers):
    answer = Api(None).post(OTLP, export(span(1)), headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"error": "Invalid API key"})


def test_two_different_keys_are_refused(alice, charlie):
    headers = {"X-Api-Key": charlie.api.key}
    assert alice.api.post(OTLP, export(span(1)), headers=headers).status_code == 401


def test_a_revoked_key_stores_nothing(unlimited):
    unlimited.api.post(OTLP, export(span(1)))
    revoke_key(ApiKey.objects.get(account=unlimited.account))
    assert unlimited.api.post(OTLP, export(span(2))).status_code == 401
    assert Span.objects.count() == 1


@pytest.mark.parametrize(
    ("address", "body"),
    [(OTLP, {}), (OTLP, export(span(1, traceId="0" * 32))), (f"{OTLP}/ingest", {"data": []}), (f"{OTLP}/litellm", [])],
)
def test_a_revoked_key_is_told_even_where_nothing_is_stored(unlimited, address, body):
    unlimited.api.post(OTLP, export(span(1)))
    revoke_key(ApiKey.objects.get(account=unlimited.account))
    assert unlimited.api.post(address, body).status_code == 401


@pytest.mark.parametrize(("charset", "status"), [("utf-8", 200), ("UTF-8", 200), ("utf-16", 415), ("hex", 415)])
def test_json_is_read_in_utf_8_only(unlimited, charset, status):
    kind = f"application/json; charset={charset}"
    assert unlimited.api.post(OTLP, export(span(1)), content_type=kind).status_code == status


def test_the_same_trace_id_of_two_accounts_is_two_traces(unlimited, charlie):
    for person in (unlimited, charlie):
        person.api.post(OTLP, export(span(1)))
    assert Trace.objects.values("account").distinct().count() == Trace.objects.count() == 2


def test_a_trace_is_read_back_by_its_account_only(unlimited, charlie):
    unlimited.api.post(OTLP, export(span(1, attributes=[attribute("input.value", "Hello")])))
    address = f"{NEXUS}/{Trace.objects.get().pk}"
    assert unlimited.api.get(address).json()["spans"][0]["input"] == "Hello"
    assert charlie.api.get(address).status_code == 404


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"resourceSpans": 5}', b"\xff\xfe"])
@pytest.mark.parametrize("kind", ["application/json", PROTOBUF])
def test_what_is_no_export_is_a_400(unlimited, body, kind):
    answer = unlimited.api.post(OTLP, raw=body, content_type=kind)
    assert (answer.status_code, set(answer.json())) == (400, {"error", "detail"})


@pytest.mark.parametrize("kind", ["application/xml", "multipart/form-data; boundary=x", "application/grpc"])
def test_another_media_type_is_a_415(unlimited, kind):
    assert unlimited.api.post(OTLP, raw=b"x", content_type=kind).status_code == 415


def test_more_than_the_limit_is_a_413_by_what_it_unpacks_to(unlimited):
    bomb = gzip.compress(b" " * (MAX_OTLP_BODY_BYTES + 1))
    answer = unlimited.api.post(OTLP, raw=bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["limit"]) == (413, MAX_OTLP_BODY_BYTES)


def test_a_bad_span_is_told_and_its_neighbours_are_stored(unlimited):
    answer = unlimited.api.post(OTLP, export(span(1), span(2, traceId="0" * 32), span(3)))
    told = answer.json()["partialSuccess"]
    assert (answer.status_code, told) == (200, {"rejectedSpans": "1", "errorMessage": "A trace id is all zero."})
    assert Span.objects.count() == 2


def test_a_partial_success_is_told_in_protobuf(unlimited):
    body = as_protobuf(export(span(1), span(2, startTimeUnixNano="0")))
    answer = unlimited.api.post(OTLP, raw=body, content_type=PROTOBUF)
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (told.rejected_spans, told.error_message) == (1, "A span has no start time.")


def test_trouble_of_ours_is_a_503_that_an_exporter_tries_again(unlimited, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(otlp, "merge_fragments", fail)
    answer = unlimited.api.post(OTLP, export(span(1)))
    assert (answer.status_code, answer.json()) == (503, {"error": "Service temporarily unavailable"})
    assert int(answer["Retry-After"]) > 0


def test_other_methods_are_refused_before_the_key_is_asked_for(db):
    answer = Api(None).get(OTLP)
    assert (answer.status_code, answer["Allow"]) == (405, "POST, OPTIONS")


# Limits -------------------------------------------------------------------------------------------------------------


def test_over_the_month_whole_traces_are_left_out_and_told(alice):
    alice.api.post(OTLP, export(span(1)))
    MonthlyUsage.objects.update(traces=1_000)
    other = "a" * 32
    answer = alice.api.post(OTLP, export(span(2), span(3, traceId=other), span(4, traceId=other)))
    assert (answer.status_code, answer.json()["partialSuccess"]) == (
        200,
        {"rejectedSpans": "2", "errorMessage": "Monthly trace limit reached. Upgrade to Pro."},
    )
    assert (Trace.objects.count(), Span.objects.count()) == (1, 2)
    assert MonthlyUsage.objects.get().traces == 1_000


def test_a_trace_counts_once_however_many_pieces_it_comes_in(alice):
    for number in range(1, 4):
        alice.api.post(OTLP, export(span(number)))
    assert MonthlyUsage.objects.get().traces == 1


def test_a_second_agent_of_a_free_account_is_left_out_and_told(alice):
    alice.api.post(OTLP, export(span(1)))
    answer = alice.api.post(OTLP, export(span(2, traceId="a" * 32), service="other"))
    assert answer.json()["partialSuccess"] == {"rejectedSpans": "1", "errorMessage": "Free plan limited to 1 agent"}
    assert Trace.objects.count() == 1


def test_a_stored_trace_goes_on_without_an_agent_that_does_not_fit(alice):
    alice.api.create_trace(agent_id="the only one")
    child = span(2, parentSpanId=f"{1:016x}")
    alice.api.post(OTLP, export(child))
    answer = alice.api.post(OTLP, export(span(1)))
    assert answer.json()["partialSuccess"] == {"rejectedSpans": "0", "errorMessage": "Free plan limited to 1 agent"}
    trace = Trace.objects.get(source="otlp")
    assert (trace.agent, trace.span_count, trace.status) == (None, 2, "success")


def test_an_unnamed_service_is_no_agent(alice):
    alice.api.post(OTLP, export(span(1), service="unknown_service:python"))
    assert Trace.objects.get().agent is None


@pytest.mark.slow
def test_a_trace_takes_ten_thousand_spans_and_no_more(unlimited):
    body = export(*(span(number) for number in range(1, MAX_SPANS_PER_TRACE + 2)))
    answer = unlimited.api.post(OTLP, body)
    told = answer.json()["partialSuccess"]
    assert told == {"rejectedSpans": "1", "errorMessage": "Span limit per trace reached"}
    assert Trace.objects.get().span_count == Span.objects.count() == MAX_SPANS_PER_TRACE


# What else a library sends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/v1/metrics", "/v1/logs", "/otel/v1/logs", "/api/public/otel/v1/metrics"])
def test_metrics_and_logs_are_accepted_and_not_kept(unlimited, address):
    in_json = unlimited.api.post(address, {"resourceLogs": []})
    in_protobuf = unlimited.api.post(address, raw=b"\x0a\x00", content_type=PROTOBUF)
    assert [(answer.status_code, answer.content) for answer in (in_json, in_protobuf)] == [(200, b"{}"), (200, b"")]


def test_metrics_need_a_key(db):
    assert Api(None).post("/v1/metrics", {}).status_code == 401


def test_logfire_is_told_the_project(unlimited, settings):
    answer = unlimited.api.get("/v1/info", headers={"Authorization": unlimited.api.key})
    told = {"project_name": unlimited.account.name, "project_url": f"{settings.BASE_URL}/dashboard"}
    assert (answer.status_code, answer.json()) == (200, told)
