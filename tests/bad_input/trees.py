"""Cases 47 to 59: ids, parents, patches and repeated requests; see tests/bad_input/case.py."""

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body
from tests.bad_input.case import (
    INVALID_JSON,
    MY_SPANS,
    MY_TRACE,
    NO_PARENT,
    NO_TRACE,
    NOT_AN_OBJECT,
    NOT_TEXT,
    WITH_KEY,
    Case,
    bad_fields,
    bad_span,
    each,
    refused,
    run,
    span,
)

UNKNOWN = "6f1c0b52-9d0c-4e5b-8f0a-0d5f1f7f3a11"
NO_IDS = (
    *(
        "x",
        "%00",
        "%ff",
        "%ed%a0%80",
        "%0a",
        "%20",
        "-1",
        "0",
        "null",
        "undefined",
        "%2e%2e",
        "..;",
        "'%20OR%201=1--",
        "%3Cscript%3E",
    ),
    *(
        "{<my trace>}",
        "urn:uuid:<my trace>",
        "<my trace>%00",
        "<my trace>%0a",
        "%20<my trace>",
        "<my trace>x",
        "x" * 4_096,
        "%F0%9F%8E%89",
    ),
    *(
        "<my trace>;x=1",
        "<my trace>.json",
        "<my trace without hyphens>",
        UNKNOWN,
        "00000000-0000-0000-0000-000000000000",
    ),
    "٦f1c0b52-9d0c-4e5b-8f0a-0d5f1f7f3a11",
)
HIDDEN = ("<stranger's trace>", "<tracen trace>")
BAD_KEYS = {"empty": "", "of 256 characters": "x" * 256, "not ASCII": "é", "with a tab": "a\tb", "with a NUL": "a\0b"}
BAD_KEY = bad_fields(**{"Idempotency-Key": "Must have 1 to 255 printable ASCII characters"})


def patch(ref: str, name: str, body: dict[str, object], comes_back: dict[str, object]) -> Case:
    return Case(
        ref=ref,
        name=name,
        method="PATCH",
        path=MY_TRACE,
        body=body,
        status=200,
        answer={"ok": True},
        comes_back=comes_back,
    )


IDS = (
    *(
        Case(ref="47", name=f"reading {no_id:.40}", method="GET", path=f"{NEXUS}/{no_id}", status=404, answer=NO_TRACE)
        for no_id in NO_IDS
    ),
    *(
        refused("47", f"a span for {no_id:.40}", f"{NEXUS}/{no_id}/spans", span_body(), NO_TRACE, 404)
        for no_id in NO_IDS
    ),
    *(
        refused("47", f"a patch of {no_id:.40}", f"{NEXUS}/{no_id}", b"{", NO_TRACE, 404, method="PATCH")
        for no_id in NO_IDS
    ),
    *(
        Case(ref="47", name=f"a page of {no_id:.40}", method="GET", path=f"/traces/{no_id}", status=404)
        for no_id in (
            "x",
            "%00",
            "%ff",
            "{<tracen trace>}",
            "<my trace>",
            "<stranger's trace>",
            UNKNOWN,
            "<tracen trace>%00",
            "<tracen trace>/x",
        )
    ),
    Case(ref="48", name="the id in capitals", method="GET", path=f"{NEXUS}/<MY TRACE>", status=200),
    Case(ref="48", name="a span by the id in capitals", path=f"{NEXUS}/<MY TRACE>/spans", body=span_body(), status=201),
    Case(ref="48", name="the page by the id in capitals", method="GET", path="/traces/<TRACEN TRACE>", status=200),
    Case(
        ref="49",
        name="reading a stranger's trace",
        method="GET",
        path=f"{NEXUS}/<stranger's trace>",
        status=404,
        answer=NO_TRACE,
    ),
    *(refused("49", f"a span for {whose}", f"{NEXUS}/{whose}/spans", b"{", NO_TRACE, 404) for whose in HIDDEN),
    *(
        refused("49", f"a patch of {whose}", f"{NEXUS}/{whose}", {"status": "error"}, NO_TRACE, 404, method="PATCH")
        for whose in HIDDEN
    ),
    Case(
        ref="50",
        name="a colleague's key",
        path=MY_SPANS,
        headers=WITH_KEY | {"Authorization": "Bearer <colleague's key>"},
        body=span_body(),
        status=201,
    ),
)

PATCHES = (
    patch("51", "nothing to change", {}, {"status": "running", "ended_at": None}),
    patch("51", "no end", {"ended_at": None}, {"ended_at": None}),
    patch(
        "51",
        "fields that a patch does not have",
        {"name": 5, "agent_id": None, "metadata": [], "spans": "x", "id": {}},
        {"name": "user-query-2026-04-06", "metadata": {"user_id": "u_123"}},
    ),
    patch("52", "back to running", {"status": "running"}, {"status": "running"}),
    patch("52", "a timeout", {"status": "timeout", "ended_at": "2026-04-06T12:00:05Z"}, {"status": "timeout"}),
    *(
        refused("51", f"a patch that is {raw!r}", MY_TRACE, raw, answer, method="PATCH")
        for raw, answer in ((b"", INVALID_JSON), (b"{", INVALID_JSON), (b"[]", NOT_AN_OBJECT), (b"null", NOT_AN_OBJECT))
    ),
)

PARENTS = (
    span("54", "a parent of the same trace", span_body(parent_span_id="<my span>"), {"parent_span_id": "<my span>"}),
    span("54", "a parent in capitals", span_body(parent_span_id="<MY SPAN>"), {"parent_span_id": "<my span>"}),
    *(
        bad_span("54", f"a parent that is {parent!r:.40}", {"parent_span_id": NO_PARENT}, parent_span_id=parent)
        for parent in (
            "",
            "x",
            "\0",
            "\ud83d",
            "x" * 10_000,
            "{<my span>}",
            "urn:uuid:<my span>",
            "<my span>\n",
            UNKNOWN,
            "<my trace>",
            "<other span>",
            "<stranger's span>",
        )
    ),
    *(
        bad_span("54", f"a parent that is {value!r}", {"parent_span_id": NOT_TEXT}, parent_span_id=value)
        for value in each(5, True, [], {})
    ),
    span(
        "53",
        "a span long before its trace",
        span_body(started_at="1970-01-01T00:00:00Z", ended_at="1970-01-01T00:00:00Z"),
    ),
    span(
        "53",
        "a span long after its trace",
        span_body(started_at="2199-01-01T00:00:00Z", ended_at=None),
        {"ended_at": None},
    ),
)

REPEATS = (
    run("58", "a key of 255 signs", nexus_body(), headers=WITH_KEY | {"Idempotency-Key": "~" * 255}),
    run(
        "58",
        "a key of signs that mean something elsewhere",
        nexus_body(),
        headers=WITH_KEY | {"Idempotency-Key": "'; DROP TABLE x;-- %s"},
    ),
    *(
        refused("59", f"a key {name}", path, body, BAD_KEY, headers=WITH_KEY | {"Idempotency-Key": key})
        for name, key in BAD_KEYS.items()
        for path, body in ((NEXUS, nexus_body()), (TRACES, tracen_body()), (MY_SPANS, span_body()))
    ),
)

CASES: tuple[Case, ...] = (*IDS, *PATCHES, *PARENTS, *REPEATS)
