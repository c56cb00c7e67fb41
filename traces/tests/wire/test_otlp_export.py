"""OTLP's two encodings, what clients make of them, and what is refused."""

import base64
import json
import struct
from contextlib import suppress

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from traces.limits import MAX_ATTRIBUTES_PER_SPAN
from traces.tests.wire.otlp_spans import SPAN_ID, STARTED, TRACE_ID
from traces.wire.otlp.checks import TOO_DEEP, TOO_MANY_ATTRIBUTES
from traces.wire.otlp.export import decode_export
from traces.wire.otlp.span import Event, Export, Link, MalformedExport, OtlpSpan

GOOD = {"traceId": TRACE_ID, "spanId": SPAN_ID, "name": "chat", "startTimeUnixNano": str(STARTED)}
YEAR_9999 = 253_370_764_800 * 10**9


def request_with(**fields):
    """A protobuf export with one span, whose fields may be replaced."""
    request = ExportTraceServiceRequest()
    fields = {
        "trace_id": bytes.fromhex(TRACE_ID),
        "span_id": bytes.fromhex(SPAN_ID),
        "name": "chat",
        "start_time_unix_nano": STARTED,
        **fields,
    }
    request.resource_spans.add().scope_spans.add().spans.add(**fields)
    return request


def from_json(*spans, **resource_spans) -> Export:
    export = {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}], **resource_spans}]}
    return decode_export(json.dumps(export).encode(), "json")


def from_protobuf(request) -> Export:
    return decode_export(request.SerializeToString(), "protobuf")


def value_of(any_value):
    """What a JSON export's AnyValue is read as."""
    [span] = from_json({**GOOD, "attributes": [{"key": "it", "value": any_value}]}).spans
    return span.attributes["it"]


def whole_request():
    request = request_with(
        parent_span_id=bytes.fromhex("eee19b7ec3c1b174"),
        kind=3,
        end_time_unix_nano=STARTED + 5,
        status={"code": 2, "message": "broke"},
    )
    [of_resource] = request.resource_spans
    of_resource.resource.attributes.add(key="service.name").value.string_value = "weather"
    [of_scope] = of_resource.scope_spans
    of_scope.scope.name, of_scope.scope.version = "lib", "1.2"
    [span] = of_scope.spans
    for key, field, value in (
        ("text", "string_value", "hello"),
        ("empty", "string_value", ""),
        ("yes", "bool_value", True),
        ("count", "int_value", 2**53),
        ("share", "double_value", 0.5),
        ("bytes", "bytes_value", b"\xff"),
    ):
        setattr(span.attributes.add(key=key).value, field, value)
    span.attributes.add(key="nothing")
    span.attributes.add(key="list").value.array_value.values.add().kvlist_value.values.add(key="a").value.int_value = 1
    event = span.events.add(name="exception", time_unix_nano=STARTED + 1)
    event.attributes.add(key="exception.type").value.string_value = "ValueError"
    span.links.add(trace_id=bytes.fromhex(TRACE_ID), span_id=bytes.fromhex(SPAN_ID))
    return request


WHOLE_SPAN = OtlpSpan(
    trace_id=TRACE_ID,
    span_id=SPAN_ID,
    parent_id="eee19b7ec3c1b174",
    name="chat",
    started_ns=STARTED,
    ended_ns=STARTED + 5,
    kind=3,
    attributes={
        "text": "hello",
        "empty": "",
        "yes": True,
        "count": 2**53,
        "share": 0.5,
        "bytes": "/w==",
        "nothing": None,
        "list": [{"a": 1}],
    },
    events=[Event("exception", STARTED + 1, {"exception.type": "ValueError"})],
    links=[Link(TRACE_ID, SPAN_ID, {})],
    status_code=2,
    status_message="broke",
    resource={"service.name": "weather"},
    scope_name="lib",
    scope_version="1.2",
)


def test_protobuf_is_read_whole():
    assert from_protobuf(whole_request()) == Export([WHOLE_SPAN])


def test_json_with_base64_ids_and_names_of_enumerations_is_read_the_same():
    # What protobuf's own JSON writer makes, which is not what OTLP asks for, and is sent all the same.
    text = MessageToJson(whole_request())
    assert '"SPAN_KIND_CLIENT"' in text
    assert decode_export(text.encode(), "json") == Export([WHOLE_SPAN])


def test_json_in_snake_case_with_hex_ids_and_numbers_is_read_the_same():
    text = MessageToJson(whole_request(), preserving_proto_field_name=True, use_integers_for_enums=True)
    for sent in (TRACE_ID, SPAN_ID, "eee19b7ec3c1b174"):
        text = text.replace(base64.b64encode(bytes.fromhex(sent)).decode(), sent.upper())
    assert decode_export(text.encode(), "json") == Export([WHOLE_SPAN])


@pytest.mark.parametrize(
    ("any_value", "value"),
    [
        ({"intValue": "12"}, 12),
        ({"intValue": 12}, 12),
        ({"intValue": str(2**70)}, str(2**70)),
        ({"intValue": "twelve"}, "twelve"),
        ({"doubleValue": 1}, 1),
        ({"doubleValue": "NaN"}, "NaN"),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {"boolValue": False}]}}, ["a", False]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}, {"a": 1}),
        ({"bytesValue": "/w=="}, "/w=="),
        ({}, {}),
        ("plain", "plain"),
        ({"city": "Paris", "days": 2}, {"city": "Paris", "days": 2}),
    ],
)
def test_a_json_value_is_unwrapped(any_value, value):
    assert value_of(any_value) == value


def test_attributes_may_be_an_object():
    [span] = from_json({**GOOD, "attributes": {"a": 1, "b": {"stringValue": "c"}}}).spans
    assert span.attributes == {"a": 1, "b": "c"}


@pytest.mark.parametrize(("sent", "text"), [("NaN", "NaN"), ("-Infinity", "-Infinity"), ("1e999", "Infinity")])
def test_a_number_that_json_lacks_becomes_a_text(sent, text):
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{**GOOD, "attributes": {"it": 7}}]}]}]})
    [span] = decode_export(body.replace(": 7", f": {sent}").encode(), "json").spans
    assert span.attributes == {"it": text}


def test_a_double_that_json_lacks_becomes_a_text_from_protobuf_too():
    request = request_with()
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="it").value.double_value = float("nan")
    assert from_protobuf(request).spans[0].attributes == {"it": "NaN"}


def test_nul_and_half_a_surrogate_pair_are_replaced_in_both_encodings():
    [span] = from_json({**GOOD, "name": "a\0b", "attributes": {"k\0": "\ud83d"}}).spans
    assert (span.name, span.attributes) == ("a\ufffdb", {"k\ufffd": "\ufffd"})
    request = request_with(name="a\0b")
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k\0").value.string_value = "\0"
    [span] = from_protobuf(request).spans
    assert (span.name, span.attributes) == ("a\ufffdb", {"k\ufffd": "\ufffd"})


@pytest.mark.parametrize("parent", ["", "0" * 16])
def test_a_root_has_no_parent(parent):
    assert from_json({**GOOD, "parentSpanId": parent}).spans[0].parent_id is None


def test_a_span_without_a_name_or_an_end_is_let_in():
    [span] = from_json({key: value for key, value in GOOD.items() if key != "name"}).spans
    assert (span.name, span.ended_ns) == ("(unnamed)", 0)


def test_an_end_before_the_start_is_let_in():
    assert from_json({**GOOD, "endTimeUnixNano": STARTED - 5}).spans[0].ended_ns == STARTED - 5


def test_an_event_without_a_time_is_at_the_start_of_its_span():
    assert from_json({**GOOD, "events": [{"name": "e"}]}).spans[0].events == [Event("e", STARTED, {})]


def test_unknown_fields_are_left_out():
    assert len(from_json({**GOOD, "fleet": 1}, future=[{}]).spans) == 1
    assert len(decode_export(request_with().SerializeToString() + b"\x9a\x06\x01x", "protobuf").spans) == 1


def deep(levels):
    value = {"stringValue": "end"}
    for _ in range(levels):
        value = {"arrayValue": {"values": [value]}}
    return value


BAD_JSON_SPANS = [
    ({"traceId": "abc"}, "A trace id is not 32 hexadecimal digits."),
    ({"traceId": "0" * 32}, "A trace id is all zero."),
    ({"traceId": 7}, "A trace id is not 32 hexadecimal digits."),
    ({"traceId": "g" * 32}, "A trace id is not 32 hexadecimal digits."),
    ({"traceId": "!!!="}, "A trace id is not 32 hexadecimal digits."),
    ({"spanId": "0" * 16}, "A span id is all zero."),
    ({"spanId": SPAN_ID * 2}, "A span id is not 16 hexadecimal digits."),
    ({"parentSpanId": "12"}, "A parent span id is not 16 hexadecimal digits."),
    ({"startTimeUnixNano": 0}, "A span has no start time."),
    ({"startTimeUnixNano": "soon"}, "A span has no start time."),
    ({"startTimeUnixNano": str(YEAR_9999)}, "A span's time is after the year 2199."),
    ({"endTimeUnixNano": YEAR_9999}, "A span's time is after the year 2199."),
    ({"attributes": [{"key": "deep", "value": deep(65)}]}, TOO_DEEP),
    ({"attributes": {str(index): 1 for index in range(MAX_ATTRIBUTES_PER_SPAN + 1)}}, TOO_MANY_ATTRIBUTES),
]


@pytest.mark.parametrize(("fields", "sentence"), BAD_JSON_SPANS)
def test_a_bad_span_is_counted_and_its_neighbours_live(fields, sentence):
    export = from_json({**GOOD, **fields}, GOOD, "no span")
    assert ([span.span_id for span in export.spans], export.rejected, export.complaints) == ([SPAN_ID], 2, sentence)


def test_64_levels_are_let_in():
    assert value_of(deep(64)) is not None


BAD_PROTOBUF_SPANS = [
    ({"trace_id": b"short"}, "A trace id is not 32 hexadecimal digits."),
    ({"span_id": bytes(8)}, "A span id is all zero."),
    ({"start_time_unix_nano": 0}, "A span has no start time."),
    ({"start_time_unix_nano": 2**64 - 1}, "A span's time is after the year 2199."),
]


@pytest.mark.parametrize(("fields", "sentence"), BAD_PROTOBUF_SPANS)
def test_a_bad_span_in_protobuf_is_counted_and_its_neighbours_live(fields, sentence):
    request = request_with(**fields)
    request.MergeFrom(request_with())
    export = from_protobuf(request)
    assert (len(export.spans), export.rejected, export.complaints) == (1, 1, sentence)


def test_a_text_that_is_not_utf_8_costs_only_its_span():
    request = request_with(name="caf?")
    request.MergeFrom(request_with())
    body = request.SerializeToString().replace(b"caf?", b"caf\xe9")
    export = decode_export(body, "protobuf")
    assert (len(export.spans), export.rejected) == (1, 1)
    assert export.complaints == "A span is not readable protobuf; its texts must be UTF-8."


def test_a_value_nested_too_deep_for_protobuf_costs_only_its_span():
    request = request_with()
    request.MergeFrom(request_with())
    value = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value
    for _ in range(60):
        value = value.array_value.values.add()
    export = from_protobuf(request)
    assert (len(export.spans), export.rejected) == (1, 1)


def test_a_text_that_is_not_utf_8_is_repaired_in_json():
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{**GOOD, "name": "caf?"}]}]}]}).encode()
    assert decode_export(body.replace(b"caf?", b"caf\xe9"), "json").spans[0].name == "caf\ufffd"


def test_an_unreadable_resource_does_not_cost_its_spans():
    export = from_json(GOOD, resource={"attributes": [{"key": "deep", "value": deep(99)}]})
    assert [span.resource for span in export.spans] == [{}]


@pytest.mark.parametrize("body", [b"", b"\xff\xff\xff", b"{", b"hello there", b"\x9a\x06\x01x"])
def test_what_is_no_protobuf_export_is_malformed(body):
    with pytest.raises(MalformedExport):
        decode_export(body, "protobuf")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"spans": []}',
        b'{"resourceSpans": {}}',
        b"[" * 100_000,
        b'{"resourceSpans": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b"[" + b"1," * 1_000_001 + b"1]",
        "{}".encode("utf-16"),
    ],
)
def test_what_is_no_json_export_is_malformed(body):
    with pytest.raises(MalformedExport):
        decode_export(body, "json")


def test_an_export_of_nothing_is_empty():
    assert decode_export(b"{}", "json") == Export()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from([TRACE_ID, "12"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(GOOD)) | st.text(), inner),
    max_leaves=12,
)
SPAN_FIELDS = st.sampled_from(
    [*GOOD, "parentSpanId", "kind", "attributes", "events", "links", "status", "endTimeUnixNano"]
)


@given(st.dictionaries(SPAN_FIELDS, JSON_VALUES), JSON_VALUES)
def test_no_json_span_raises(fields, resource):
    export = from_json({**GOOD, **fields}, resource=resource)
    assert len(export.spans) + export.rejected == 1


@given(st.binary(max_size=60), st.integers(0, 60))
def test_no_bytes_raise_anything_but_malformed(noise, place):
    body = whole_request().SerializeToString()
    for damaged in (noise, body[:place] + noise + body[place:], struct.pack("<B", 10) + noise):
        with suppress(MalformedExport):
            export = decode_export(damaged, "protobuf")
            assert bool(export.rejected) == bool(export.complaints)
