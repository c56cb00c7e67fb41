"""Cases 1 to 21: bytes, encodings, JSON and media types; see tests/bad_input/case.py."""

import gzip
import json
import zlib
from typing import Any

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body
from tests.bad_input.case import (
    INVALID_JSON,
    MY_SPANS,
    NOT_AN_OBJECT,
    WITH_KEY,
    Case,
    post,
    refused,
    run,
    span,
)
from traces.limits import MAX_BODY_BYTES, MAX_JSON_DEPTH, MAX_JSON_INTEGER, MAX_JSON_VALUES

GZIP = WITH_KEY | {"Content-Encoding": "gzip"}
TOO_DEEP = INVALID_JSON | {"detail": f"Nested deeper than {MAX_JSON_DEPTH} levels", "limit": MAX_JSON_DEPTH}
TOO_MANY = INVALID_JSON | {"detail": f"More than {MAX_JSON_VALUES} values", "limit": MAX_JSON_VALUES}
INTEGER = INVALID_JSON | {"detail": "Integer out of range; send it as a string", "limit": MAX_JSON_INTEGER}
NUMBER = INVALID_JSON | {"detail": "Number out of range; send it as a string"}
DAMAGED = INVALID_JSON | {"detail": "The compressed data is damaged"}
TOO_LARGE = {"error": "Request body too large", "limit": MAX_BODY_BYTES}
NOT_JSON_TYPE = {"error": "Content-Type must be application/json"}
NOT_UTF8 = {"error": "The charset must be UTF-8"}
NOT_GZIP = {"error": "Content-Encoding must be gzip or absent"}
NASTY_TEXT = (
    "</script><!--<img src=x onerror=alert(1)> \u2028\u2029 \u202eright to left\u202c \u0645\u0631\u062d\u0628\u0627 "
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 e\u0301 \x1b[31m \x7f\x85"
)


def nested(levels: int) -> dict[str, Any]:
    """A body that is `levels` deep, of objects and arrays in turn."""
    value: Any = 1
    for level in range(levels - 1):
        value = [value] if level % 2 else {"a": value}
    return nexus_body(metadata=value if isinstance(value, dict) else {"a": value[0]})


def with_metadata(text: str) -> bytes:
    """A run's body with this text where the metadata stand, so that it may be what no JSON library would write."""
    return json.dumps(nexus_body(metadata="METADATA")).replace('"METADATA"', text).encode()


def bomb(megabytes: int) -> bytes:
    """That many megabytes of blanks in a thousandth of the space."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(megabytes)) + packer.flush()


def sent_as(media_type: str) -> dict[str, str]:
    return WITH_KEY | {"Content-Type": media_type}


def encoded_as(coding: str) -> dict[str, str]:
    return WITH_KEY | {"Content-Encoding": coding}


RUN = json.dumps(nexus_body()).encode()

REPAIRED = (
    run("1", "NUL in a name", nexus_body(name="a\0b"), {"name": "a\ufffdb"}),
    run("1", "NUL in an agent's id", nexus_body(agent_id="a\0b"), {"agent_id": "a\ufffdb"}),
    span("1", "NUL in a span's name", span_body(name="\0"), {"name": "\ufffd"}),
    span("1", "NUL in an error", span_body(error="\0\0"), {"error": "\ufffd\ufffd"}),
    post("1", "NUL in a prompt", tracen_body(prompt="a\0b"), {"prompt": "a\ufffdb"}),
    post("1", "NUL in a response", tracen_body(response="\0"), {"response": "\ufffd"}),
    post("1", "NUL in a model", tracen_body(model="m\0"), {"model": "m\ufffd"}),
    post("1", "NUL in an error message", tracen_body(error_message="\0"), {"error": "\ufffd"}),
    run("2", "NUL in a value of the metadata", nexus_body(metadata={"a": ["\0"]}), {"metadata": {"a": ["\ufffd"]}}),
    run(
        "2",
        "NUL in a key of the metadata",
        nexus_body(metadata={"\0": {"\0x": 1}}),
        {"metadata": {"\ufffd": {"\ufffdx": 1}}},
    ),
    span("2", "NUL in an input's key", span_body(input={"\0": 1}), {"input": {"\ufffd": 1}}),
    span("2", "NUL as the whole output", span_body(output="\0"), {"output": "\ufffd"}),
    run("3", "high surrogate alone in a name", nexus_body(name="\ud83d"), {"name": "\ufffd"}),
    run("3", "low surrogate alone in a name", nexus_body(name="x\udc00y"), {"name": "x\ufffdy"}),
    run(
        "3",
        "surrogates in the wrong order",
        nexus_body(metadata={"a": "\udc00\ud83d"}),
        {"metadata": {"a": "\ufffd\ufffd"}},
    ),
    run("3", "lone surrogate in a key", nexus_body(metadata={"\ud83d": 1}), {"metadata": {"\ufffd": 1}}),
    run("3", "surrogate escape in capitals", with_metadata(r'{"a":"\uD83D"}'), {"metadata": {"a": "\ufffd"}}),
    run(
        "3",
        "surrogate pair split by text",
        with_metadata(r'{"a":"\ud83d-\ude00"}'),
        {"metadata": {"a": "\ufffd-\ufffd"}},
    ),
    run("3", "whole surrogate pair", with_metadata(r'{"a":"\ud83d\ude00"}'), {"metadata": {"a": "😀"}}),
    run("3", "escaped backslash before u0000", with_metadata(r'{"a":"\\u0000"}'), {"metadata": {"a": r"\u0000"}}),
    span("3", "lone surrogate in an output", span_body(output=["\udfff"]), {"output": ["\ufffd"]}),
    post("3", "lone surrogate in a prompt", tracen_body(prompt="\ud83d hi"), {"prompt": "\ufffd hi"}),
    run("5", "byte order mark", b"\xef\xbb\xbf" + RUN, {"name": "user-query-2026-04-06"}),
    post("5", "byte order mark on a Tracen trace", b"\xef\xbb\xbf" + json.dumps(tracen_body()).encode()),
)

NASTY_TEXTS = (
    run(
        "1",
        "nasty text everywhere",
        nexus_body(name=NASTY_TEXT, agent_id=NASTY_TEXT, metadata={NASTY_TEXT: NASTY_TEXT}),
        {"name": NASTY_TEXT, "agent_id": NASTY_TEXT, "metadata": {NASTY_TEXT: NASTY_TEXT}},
    ),
    span(
        "1",
        "nasty text in a span",
        span_body(name=NASTY_TEXT, input=NASTY_TEXT, output={NASTY_TEXT: 1}, error=NASTY_TEXT),
        {"name": NASTY_TEXT, "input": NASTY_TEXT, "output": {NASTY_TEXT: 1}, "error": NASTY_TEXT},
    ),
    post(
        "1",
        "nasty text in a Tracen trace",
        tracen_body(
            prompt=NASTY_TEXT, response=NASTY_TEXT, model=NASTY_TEXT, provider=NASTY_TEXT, error_message=NASTY_TEXT
        ),
        {
            "prompt": NASTY_TEXT,
            "response": NASTY_TEXT,
            "model": NASTY_TEXT,
            "provider": NASTY_TEXT,
            "error": NASTY_TEXT,
        },
    ),
    post(
        "1",
        "nasty text in a step",
        tracen_body(steps=[{"name": NASTY_TEXT, "timestamp": "2024-01-15T10:30:00Z", "latency_ms": 0}]),
        {},
    ),
    post(
        "1",
        "a prompt of line separators",
        tracen_body(prompt="\u2028\u2029\x85.\x0b"),
        {"prompt": "\u2028\u2029\x85.\x0b"},
    ),
    post(
        "1",
        "a template's and a format's own signs",
        tracen_body(prompt="{{ 7*7 }} {% now %} %s %(x)s {0}"),
        {"prompt": "{{ 7*7 }} {% now %} %s %(x)s {0}"},
    ),
    post("1", "a megabyte without a blank", tracen_body(prompt="x" * 1_000_000), {"prompt": "x" * 1_000_000}),
    post("1", "a hundred thousand lines", tracen_body(response="\n" * 100_000), {"response": "\n" * 100_000}),
    post(
        "1",
        "a thousand combining marks",
        tracen_body(prompt="z" + "\u0301" * 1_000),
        {"prompt": "z" + "\u0301" * 1_000},
    ),
    post("1", "markdown that nests", tracen_body(response=">" * 2_000 + "[" * 2_000 + "*" * 2_001)),
    run(
        "1",
        "keys of a prototype",
        nexus_body(metadata={"__proto__": {"x": 1}, "constructor": None}),
        {"metadata": {"__proto__": {"x": 1}, "constructor": None}},
    ),
)

NUMBERS = (
    *(
        refused("6", f"{text} as a number", NEXUS, with_metadata(f'{{"a":{text}}}'), INVALID_JSON)
        for text in ("NaN", "Infinity", "-Infinity", "nan", "+1", "01", "1.", ".5", "0x10", "1_000", "٣")
    ),
    *(
        refused("6", f"{text} is out of range", NEXUS, with_metadata(f'{{"a":{text}}}'), NUMBER)
        for text in ("1e400", "-1e400")
    ),
    refused(
        "6",
        "1e400 as a token count",
        TRACES,
        json.dumps(tracen_body(input_tokens=0)).replace('"input_tokens": 0', '"input_tokens": 1e400').encode(),
        NUMBER,
    ),
    run(
        "6",
        "the smallest numbers",
        with_metadata('{"a":[1e-400,-0.0,5e-324,1E3]}'),
        {"metadata": {"a": [0.0, -0.0, 5e-324, 1e3]}},
    ),
    *(
        refused("7", f"integer {name}", NEXUS, with_metadata(f'{{"a":{text}}}'), INTEGER)
        for name, text in (
            ("2^63", str(2**63)),
            ("below -2^63", str(-(2**63) - 1)),
            ("of 4,000 digits", "9" * 4_000),
            ("of 1,000,000 digits", "9" * 1_000_000),
        )
    ),
    run(
        "7",
        "the largest integers",
        nexus_body(metadata={"a": [2**63 - 1, -(2**63)]}),
        {"metadata": {"a": [2**63 - 1, -(2**63)]}},
    ),
)

SHAPES = (
    run("8", "64 levels", nested(64), {"metadata": nested(64)["metadata"]}),
    span("8", "an input of 63 levels", span_body(input=nested(63)["metadata"]), {"input": nested(63)["metadata"]}),
    run("8", "many brackets in a text", nexus_body(metadata={"a": "[" * 100_000}), {"metadata": {"a": "[" * 100_000}}),
    *(refused("9", f"{levels} levels", NEXUS, nested(levels), TOO_DEEP) for levels in (65, 66, 500)),
    refused("9", "65 levels in an unknown field", TRACES, tracen_body(unknown=nested(64)), TOO_DEEP),
    refused("10", "10,000 levels", NEXUS, lambda: with_metadata("[" * 10_000 + "]" * 10_000), TOO_DEEP),
    refused(
        "10", "10,000 levels of objects", NEXUS, lambda: with_metadata('{"a":' * 10_000 + "1" + "}" * 10_000), TOO_DEEP
    ),
    refused("10", "a million brackets that never close", NEXUS, lambda: b"[" * 1_000_000, TOO_DEEP),
    refused("10", "a million objects that never close", TRACES, lambda: b'{"a":' * 1_000_000, TOO_DEEP),
    refused(
        "11", "800,000 empty arrays", NEXUS, lambda: with_metadata(f'{{"a":[{",".join(["[]"] * 800_000)}]}}'), TOO_MANY
    ),
    refused(
        "11", "400,000 small objects", NEXUS, lambda: with_metadata(f'{{"a":[{",".join(["{}"] * 400_000)}]}}'), TOO_MANY
    ),
    refused(
        "11", "a million numbers", NEXUS, lambda: with_metadata(f'{{"a":[{",".join(["1"] * 1_000_000)}]}}'), TOO_MANY
    ),
    run("12", "duplicate keys", b'{"name":"first","name":"second",' + RUN[1:-1] + b',"name":"last"}', {"name": "last"}),
    run("12", "duplicate keys in the metadata", with_metadata('{"a":1,"a":2}'), {"metadata": {"a": 2}}),
    *(
        refused("13", f"{text} instead of an object", path, text.encode(), NOT_AN_OBJECT)
        for text in ("[]", '"x"', "1", "null", "true", '[{"name":"x"}]')
        for path in (NEXUS, TRACES)
    ),
    *(
        refused("13", f"nothing: {raw!r}", path, raw, INVALID_JSON)
        for raw in (b"", b" \n", b"\xef\xbb\xbf")
        for path in (NEXUS, TRACES, MY_SPANS)
    ),
    *(
        refused("14", f"not JSON: {raw!r}", NEXUS, raw, INVALID_JSON)
        for raw in (
            b"{",
            b"}",
            b"{}{}",
            RUN + b"x",
            RUN + b"\0",
            b"// c\n" + RUN,
            b"/* c */" + RUN,
            b"{'name':'x'}",
            b'{"a":1,}',
            b"[1,]",
            b'{name:"x"}',
            b'{"a" "b"}',
            b'{"a":"\n"}',
            b'{"a":"\\x41"}',
            b'{"a":"\\u12"}',
            b"undefined",
            b"name=x",
            b"<xml/>",
        )
    ),
)

BYTES = (
    *(
        refused(
            "4",
            f"not UTF-8: {name}",
            path,
            json.dumps(body).replace("BYTES", "\udcfe").encode("utf-8", "surrogateescape").replace(b"\xfe", raw),
            INVALID_JSON,
        )
        for name, raw in (
            ("a surrogate in three bytes", b"\xed\xa0\x80"),
            ("FF", b"\xff"),
            ("an overlong slash", b"\xc0\xaf"),
            ("a cut character", b"\xe2\x82"),
            ("beyond the last character", b"\xf4\x90\x80\x80"),
        )
        for path, body in ((NEXUS, nexus_body(name="BYTES")), (TRACES, tracen_body(prompt="BYTES")))
    ),
    *(
        refused("4", f"a body in {encoding}", NEXUS, RUN.decode().encode(encoding), INVALID_JSON)
        for encoding in ("utf-16", "utf-16-le", "utf-32")
    ),
    refused("4", "a body of random bytes", TRACES, bytes(range(256)) * 40, INVALID_JSON),
)

SIZES = (
    refused("15", "a body over the limit by one byte", NEXUS, lambda: b" " * (MAX_BODY_BYTES + 1), TOO_LARGE, 413),
    refused(
        "15",
        "a body over the limit that is sound",
        TRACES,
        lambda: json.dumps(tracen_body(prompt="x" * MAX_BODY_BYTES)).encode(),
        TOO_LARGE,
        413,
    ),
    refused("16", "a bomb of 100 MB in 97 kB", NEXUS, lambda: bomb(100), TOO_LARGE, 413, headers=GZIP),
    refused("16", "a bomb on the Tracen route", TRACES, lambda: bomb(100), TOO_LARGE, 413, headers=GZIP),
    run("16", "gzip", gzip.compress(RUN), {"name": "user-query-2026-04-06"}, headers=GZIP),
    run("16", "gzip by its old name", gzip.compress(RUN), headers=encoded_as("x-gzip")),
    run("16", "gzip in capitals", gzip.compress(RUN), headers=encoded_as("GZIP")),
    refused("17", "not gzip at all", NEXUS, RUN, DAMAGED, headers=GZIP),
    refused("17", "gzip cut short", NEXUS, gzip.compress(RUN)[:-9], DAMAGED, headers=GZIP),
    refused("17", "gzip with a wrong checksum", NEXUS, gzip.compress(RUN)[:-8] + bytes(8), DAMAGED, headers=GZIP),
    refused("17", "gzip with something behind it", NEXUS, gzip.compress(RUN) + b"x", DAMAGED, headers=GZIP),
    refused("17", "gzip of nothing", NEXUS, b"", DAMAGED, headers=GZIP),
    refused("17", "zlib instead of gzip", NEXUS, zlib.compress(RUN), DAMAGED, headers=GZIP),
    refused("17", "gzip in gzip", NEXUS, gzip.compress(gzip.compress(RUN)), INVALID_JSON, headers=GZIP),
    *(
        refused("17", f"content coding {coding}", NEXUS, gzip.compress(RUN), NOT_GZIP, 415, headers=encoded_as(coding))
        for coding in ("br", "zstd", "deflate", "gzip, gzip", "garbage")
    ),
    refused(
        "35",
        "a prompt of 10 MB",
        TRACES,
        lambda: json.dumps(tracen_body(prompt="x" * 10_000_000)).encode(),
        TOO_LARGE,
        413,
    ),
)

MEDIA_TYPES = (
    *(
        run("18", f"media type {media_type!r}", nexus_body(), headers=sent_as(media_type))
        for media_type in (
            "",
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=UTF-8",
            'application/json; charset="utf-8"',
            "text/plain",
        )
    ),
    *(
        refused("19", f"media type {media_type}", NEXUS, nexus_body(), NOT_JSON_TYPE, 415, headers=sent_as(media_type))
        for media_type in (
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data; boundary=x",
            "application/xml",
            "text/html",
            "application/octet-stream",
            "garbage",
            "é/é; charset=é",
        )
    ),
    *(
        refused(
            "20",
            f"charset {charset}",
            NEXUS,
            nexus_body(),
            NOT_UTF8,
            415,
            headers=sent_as(f"application/json; charset={charset}"),
        )
        for charset in ("utf-16", "utf-7", "bogus", "rot13", "hex", "idna", "undefined", "x" * 5_000)
    ),
    *(
        run("21", f"Accept: {accept}", nexus_body(), headers=WITH_KEY | {"Accept": accept})
        for accept in ("text/html", "application/xml", "application/json;q=0", "garbage", "*/*;q=x", "," * 1_000)
    ),
)

CASES: tuple[Case, ...] = (*REPAIRED, *NASTY_TEXTS, *NUMBERS, *SHAPES, *BYTES, *SIZES, *MEDIA_TYPES)
