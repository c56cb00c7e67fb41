"""Exports that a broken, odd or hostile exporter sends: what each is answered, and how what was kept of it reads.

An exporter sends a batch again after a 503 and drops it after any other error, so that one bad span must never cost its
neighbours anything, and nothing that a client can send is our trouble.
"""

import gzip
import json
import zlib
from base64 import b64encode
from dataclasses import replace
from typing import Any

from tests.api import NEXUS
from tests.bad_input.case import Body, Case, each
from traces.limits import MAX_OTLP_BODY_BYTES, MAX_TOKENS
from traces.tests.test_otlp_api import OTLP, STARTED, TRACE_ID, as_protobuf, attribute, export, span

PROTOBUF = "application/x-protobuf"
DAMAGED = {"error": "Invalid JSON body", "detail": "The compressed data is damaged"}
BROKEN = "x\ufffdy"
"""How a text reads in which something could not be stored."""
TOO_DEEP = "A span's attribute is nested deeper than 64 levels."
NOT_PROTOBUF = "The body is not an OTLP export in protobuf."
NO_TRACE_ID = "A trace id is not 32 hexadecimal digits."
NO_START = "A span has no start time."
TOO_LATE = "A span's time is after the year 2199."
SCRIPT = "</script><img src=x onerror=alert(1)>"


def kept(name: str, body: Body, comes_back: dict[str, Any] | None = None, ref: str = "otlp", **headers: str) -> Case:
    """An export of which every span is stored; `comes_back` is how the first of them reads."""
    return _case(ref, name, body, 200, {}, comes_back, headers)


def partly(name: str, body: Body, rejected: int, reason: str, comes_back: dict[str, Any] | None = None) -> Case:
    told = {"partialSuccess": {"rejectedSpans": str(rejected), "errorMessage": reason}}
    return _case("otlp", name, body, 200, told, comes_back, {})


def refused(name: str, body: Body, detail: str, ref: str = "otlp", **headers: str) -> Case:
    return _case(ref, name, body, 400, {"error": "Invalid OTLP body", "detail": detail}, None, headers)


def _case(
    ref: str,
    name: str,
    body: Body,
    status: int,
    answer: dict[str, Any],
    comes_back: dict[str, Any] | None,
    headers: dict[str, str],
) -> Case:
    sent = {"Authorization": "Bearer <my key>", "Content-Type": "application/json"}
    sent |= {header.replace("_", "-"): value for header, value in headers.items()}
    return Case(
        ref=ref, name=name, path=OTLP, headers=sent, body=body, status=status, answer=answer, comes_back=comes_back
    )


def one(*attributes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An export of one span."""
    return export(span(1, **({"attributes": [*attributes]} if attributes else {}), **changes))


def value(key: str, **held: Any) -> dict[str, Any]:
    return {"key": key, "value": held}


def nested(kind: str, levels: int) -> dict[str, Any]:
    """An attribute with a value in a value in a value."""
    held: dict[str, Any] = {"stringValue": "x"}
    for _ in range(levels):
        held = {
            "list": {"arrayValue": {"values": [held]}},
            "object": {"kvlistValue": {"values": [{"key": "k", "value": held}]}},
            "wrapper": {"stringValue": held},
        }[kind]
    return {"key": "deep", "value": held}


def with_surrogate() -> bytes:
    """Half of a pair in every text of a span, as only a JSON escape can say it."""
    told = [attribute("HALF", "HALF"), attribute("input.value", "HALF")]
    made = one(*told, name="HALF", events=[{"name": "HALF", "attributes": told}], status={"code": 2, "message": "HALF"})
    return json.dumps(made).replace("HALF", r"x\ud83dy").encode()


def in_its_texts(character: str) -> dict[str, Any]:
    text = f"x{character}y"
    told = [attribute(text, text), attribute("input.value", text), attribute("session.id", text)]
    events = [{"name": text, "attributes": told}]
    made = one(*told, name=text, events=events, status={"code": 2, "message": text})
    made["resourceSpans"][0]["resource"]["attributes"] = [attribute("service.name", text)]
    return made


def call(number: int, **tokens: Any) -> dict[str, Any]:
    told = [attribute("gen_ai.operation.name", "chat"), attribute("gen_ai.request.model", "gpt-4o")]
    told += [value(f"gen_ai.usage.{side}_tokens", **held) for side, held in tokens.items()]
    return span(number, attributes=told)


FRAMING = (
    refused("an empty body", b"", "The body is empty."),
    refused("an empty body in protobuf", b"", "The body is empty.", Content_Type=PROTOBUF),
    refused("no JSON", b"resourceSpans", "The body is not JSON."),
    refused("UTF-16", json.dumps(one()).encode("utf-16"), "The body is not JSON.", ref="4"),
    refused("a list", b"[]", "The body has no resourceSpans.", ref="13"),
    refused("a million brackets", b"[" * 1_000_000, "The body is nested too deeply.", ref="10"),
    refused(
        "six million commas", lambda: b"[" + b"," * 6_000_000 + b"]", "The body has more than 1000000 values.", "11"
    ),
    refused("not protobuf", b"\xff" * 100, NOT_PROTOBUF, Content_Type=PROTOBUF),
    refused("JSON that says it is protobuf", b"{}", NOT_PROTOBUF, Content_Type=PROTOBUF),
    replace(
        refused("JSON that says it is protobuf, to Nexus", b"{}", NOT_PROTOBUF, ref="19", Content_Type=PROTOBUF),
        path=NEXUS,
    ),
    refused("protobuf that says it is JSON", as_protobuf(one()), "The body is not JSON."),
    kept("a byte order mark", b"\xef\xbb\xbf" + json.dumps(one()).encode(), ref="5"),
    kept(
        "bytes that are not UTF-8 in a text",
        json.dumps(one(name="x?y")).encode().replace(b"?", b"\xff"),
        {"name": BROKEN},
    ),
    kept("gzip", gzip.compress(json.dumps(one()).encode()), ref="16", Content_Encoding="gzip"),
    kept("deflate", zlib.compress(json.dumps(one()).encode()), Content_Encoding="deflate"),
    kept("no content type", json.dumps(one()).encode(), ref="18", Content_Type=""),
    *(
        _case("17", name, body, 400, DAMAGED, None, {"Content_Encoding": encoding})
        for name, body, encoding in (
            ("half of a gzip file", gzip.compress(json.dumps(one()).encode())[:-9], "gzip"),
            ("no gzip", json.dumps(one()).encode(), "gzip"),
            ("deflate without its head", zlib.compress(json.dumps(one()).encode())[2:], "deflate"),
        )
    ),
    *(
        _case("16", name, body, 413, {"error": "Request body too large", "limit": MAX_OTLP_BODY_BYTES}, None, headers)
        for name, body, headers in (
            ("20 MiB and a byte", lambda: b" " * (MAX_OTLP_BODY_BYTES + 1), {}),
            ("a gzip bomb", lambda: gzip.compress(b" " * 50_000_000, 1), {"Content_Encoding": "gzip"}),
        )
    ),
)
SHAPES = (
    kept("an empty export", {}),
    kept("no spans", {"resourceSpans": []}),
    kept("things that are no objects", {"resourceSpans": [None, 5, {"scopeSpans": {}}, {"resource": [], "scopeSpans": [7]}]}),
    partly("a span that is no object", export(span(1), *each(None, "x", [])), 3, "A span is not an object."),
    kept("attributes as an object", one(attributes={"input.value": "hi"}), {"input": "hi"}),
    kept("attributes that are none", one(attributes=[None, 5, {"key": 7}, {"value": 1}])),
    kept("events and links that are none", one(events="x", links={"a": 1})),
    kept("enumerations by their names", one(kind="SPAN_KIND_CLIENT", status="STATUS_CODE_ERROR"), {"status": "error"}),
    kept("enumerations of another world", one(kind=99, status={"code": [1]}), {"status": "ok"}),
    kept("names with underscores", {"resource_spans": [{"scope_spans": [{"spans": [
        {"trace_id": TRACE_ID, "span_id": "b" * 16, "name": "x", "start_time_unix_nano": STARTED}]}]}]}, {"name": "x"}),
    kept("lists at the last level", one(nested("list", 31))),
    *(partly(f"{kind}s too deep", one(nested(kind, 70)), 1, TOO_DEEP) for kind in ("list", "object", "wrapper")),
    partly("wrappers as deep as JSON goes", one(nested("wrapper", 450)), 1, TOO_DEEP),
    partly(
        "more attributes than a span has",
        lambda: json.dumps(one(*(attribute(f"k{number}", "v") for number in range(10_001)))).encode(),
        1,
        "A span has more than 10000 attributes.",
    ),
    kept("an attribute of ten megabytes", lambda: json.dumps(one(attribute("input.value", "ab " * 3_300_000))).encode()),
)  # fmt: skip
IDENTIFIERS = (
    kept("capitals", one(traceId=TRACE_ID.upper(), spanId="AB" * 8), {"id": "00000000-0000-0000-abab-abababababab"}),
    kept(
        "base64",
        one(traceId=b64encode(bytes(range(16))).decode(), spanId=b64encode(bytes(range(8))).decode()),
        {"id": "00000000-0000-0000-0001-020304050607"},
    ),
    kept("a parent of zeros", one(parentSpanId="0" * 16), {"parent_span_id": None}),
    *(
        partly(f"the trace id {wrong!a:.20}", export(span(1), span(2, traceId=wrong)), 1, NO_TRACE_ID)
        for wrong in each("", "5b8e", None, 7, [], "g" * 32, "５" * 32, "a" * 33, TRACE_ID + "\n")
    ),
    partly("a trace id of zeros", one(traceId="0" * 32), 1, "A trace id is all zero."),
    partly("a span id of zeros", one(spanId="0" * 16), 1, "A span id is all zero."),
    partly("a parent that is no id", one(parentSpanId="root"), 1, "A parent span id is not 16 hexadecimal digits."),
)
TEXTS = (
    kept("NUL in every text", in_its_texts("\0"), {"name": BROKEN, "input": BROKEN, "error": BROKEN}, ref="1"),
    kept("NUL in protobuf", as_protobuf(in_its_texts("\0")), {"name": BROKEN, "input": BROKEN}, "2", Content_Type=PROTOBUF),
    kept("half a surrogate pair", with_surrogate(), {"name": BROKEN, "input": BROKEN, "error": BROKEN}, ref="3"),
    kept("half a pair within JSON", one(attribute("input.value", r'{"x\ud83d": "\u0000"}')), {"input": {BROKEN[:2]: "\ufffd"}}),
    kept("HTML", in_its_texts(SCRIPT), {"name": f"x{SCRIPT}y", "input": f"x{SCRIPT}y"}),
    kept("control characters", in_its_texts("\x01\x1b[31m\r\n\u202e"), {"input": "x\x01\x1b[31m\r\n\u202ey"}),
    kept("no name", one(name=" \n"), {"name": "(unnamed)"}),
    kept("a name of 10,000 characters", one(name="n" * 10_000), {"name": "n" * 255}, ref="24"),
    kept("an agent's name of 10,000 characters", export(span(1), service="😀" * 10_000), ref="24"),
    kept("a message that is deep", one(attribute("input.value", "[" * 500 + "]" * 500)), {"input": "[" * 500 + "]" * 500}),
    kept("a list's index that is huge", one(attribute("llm.input_messages.99999999999.message.role", "user"))),
    kept("a path that is long", one(attribute("llm.input_messages." + ".".join("0" * 3_000), "x"))),
)  # fmt: skip
NUMBERS = (
    kept("NaN and infinity", json.dumps(one(value("x", doubleValue=float("nan")), value("y", doubleValue=1e999))).encode()),
    kept("an integer of thirty digits", one(value("x", intValue="9" * 30), value("y", intValue=10**30)), ref="7"),
    kept("tokens that are none", export(call(1, input={"intValue": "-5"}, output={"doubleValue": 1e308}))),
    kept("more tokens than there are", export(*(call(number, input={"intValue": str(MAX_TOKENS)}) for number in range(1, 4)))),
    kept(
        "more dollars than there are",
        lambda: json.dumps(
            export(*(span(number, attributes=[value("gen_ai.usage.cost", doubleValue=1e6)]) for number in range(1, 40)))
        ).encode(),
    ),
)  # fmt: skip
TIMES = (
    kept("1970", one(startTimeUnixNano="1", endTimeUnixNano="2"), {"started_at": "1970-01-01T00:00:00Z"}, ref="46"),
    kept("the end of 2199", one(startTimeUnixNano="7258118399999999999", endTimeUnixNano="7258118399999999999")),
    kept("two centuries", one(startTimeUnixNano="1", endTimeUnixNano="7258118399999999999")),
    kept("an end before the start", one(endTimeUnixNano=str(STARTED - 10**12)), ref="45"),
    kept("times as numbers", one(startTimeUnixNano=STARTED, endTimeUnixNano=float(STARTED))),
    kept("no end", one(endTimeUnixNano="0"), {"ended_at": None}),
    *(
        partly(f"a start of {wrong!a:.25}", export(span(1), span(2, startTimeUnixNano=wrong)), 1, reason)
        for wrong, reason in each(
            ("0", NO_START), (None, NO_START), ("", NO_START), (-1, NO_START), ("2026-11-22T10:00:00Z", NO_START),
            (True, NO_START), ("NaN", NO_START), (str(2**63 - 1), TOO_LATE), (2**64, TOO_LATE), (1e300, TOO_LATE),
        )
    ),
    partly("an end after 2199", one(endTimeUnixNano=str(2**63 - 1)), 1, TOO_LATE),
    kept("an event of no time", one(events=[{"name": "e", "timeUnixNano": "-7"}])),
)  # fmt: skip
TREES = (
    kept("a span that is its own parent", one(parentSpanId=f"{1:016x}"), ref="55"),
    kept("a circle", export(span(1, parentSpanId=f"{2:016x}"), span(2, parentSpanId=f"{1:016x}")), ref="55"),
    kept("a parent that never comes", one(parentSpanId="a" * 16), ref="55"),
    kept("one id for two spans", export(span(1, name="first"), span(1, name="second")), {"name": "first"}, ref="55"),
    kept("two roots", export(span(1), span(2)), ref="55"),
    kept("a chain of two thousand", lambda: json.dumps(export(span(1), *(
        span(number, parentSpanId=f"{number - 1:016x}") for number in range(2, 2_001)))).encode(), ref="57"),
    kept("two services", {"resourceSpans": [
        *export(span(1), service="one")["resourceSpans"],
        *export(span(2, parentSpanId=f"{1:016x}"), service="two")["resourceSpans"]]}),
)  # fmt: skip
CASES: tuple[Case, ...] = (*FRAMING, *SHAPES, *IDENTIFIERS, *TEXTS, *NUMBERS, *TIMES, *TREES)
