"""Cases 36 to 46: points in time; see tests/bad_input/case.py."""

from tests.api import nexus_body, span_body, tracen_body
from tests.bad_input.case import (
    MY_TRACE,
    NOT_STEP_TIME,
    NOT_TIME,
    REQUIRED,
    Case,
    bad_patch,
    bad_post,
    bad_run,
    bad_span,
    each,
    post,
    run,
    span,
)

BEFORE_START = "Must not be before started_at"

READ = {
    "2026-04-06T12:00:00Z": "2026-04-06T12:00:00Z",
    "2026-04-06t12:00:00z": "2026-04-06T12:00:00Z",
    "2026-04-06 12:00:00+02:00": "2026-04-06T10:00:00Z",
    "2026-04-06T12:00:00-00:00": "2026-04-06T12:00:00Z",
    "2026-04-06T12:00:00+23:59": "2026-04-05T12:01:00Z",
    "2026-04-06T12:00:00.000Z": "2026-04-06T12:00:00Z",
    "2026-04-06T12:00:00.120Z": "2026-04-06T12:00:00.120Z",
    "2026-04-06T12:00:00.999999999Z": "2026-04-06T12:00:00.999999Z",
    "2016-12-31T23:59:60Z": "2016-12-31T23:59:59Z",
    "2024-02-29T00:00:00Z": "2024-02-29T00:00:00Z",
    "1970-01-01T00:00:00Z": "1970-01-01T00:00:00Z",
    "2199-12-31T23:59:59.999999Z": "2199-12-31T23:59:59.999999Z",
}
NAIVE = ("2026-04-06T12:00:00", "2026-04-06 12:00:00.5")
UNREADABLE = (
    *(
        "2026-04-06",
        "2026-04-06T12:00:00.Z",
        "2026-04-06T12:00:00.1234567890Z",
        "2026-04-06T12:00:00,5Z",
        "20260406T120000Z",
    ),
    *("2026-W15-1T12:00:00Z", "2026-097T12:00:00Z", "2026-04-06T12Z", "2026-04-06T12:00Z", "2026-04-06T12:00:00Z\n"),
    *(
        " 2026-04-06T12:00:00Z",
        "2026-04-06T12:00:00 Z",
        "2026-04-06T12:00:00ZZ",
        "2026-04-06T12:00:00UTC",
        "٢026-04-06T12:00:00Z",
    ),
    *(
        "2026-04-06T12:00:00Z\0",
        "2026-04-06T12:00:00\u2212" + "02:00",
        "2026-04-06T12:00:00+0200",
        "2026-04-06T12:00:00+02",
        "-2026-04-06T12:00:00Z",
    ),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
    *("1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "2200-01-01T00:00:00Z", "2199-12-31T23:59:59-01:00"),
    *(
        "2026-02-30T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-04-06T24:00:00Z",
        "2026-04-06T12:60:00Z",
    ),
    *(
        "2026-04-06T12:00:61Z",
        "2026-04-06T12:00:00+99:99",
        "2026-04-06T12:00:00+24:00",
        "now",
        "1767225600",
        "   ",
        "9" * 100_000,
    ),
)
OTHER_TYPES = each(1767225600, 1.5, True, False, [], {}, ["2026-04-06T12:00:00Z"])

CASES: tuple[Case, ...] = (
    *(
        run("36", f"a start at {sent}", nexus_body(started_at=sent), {"started_at": back})
        for sent, back in READ.items()
    ),
    *(
        span("37", f"a span's start at {sent}", span_body(started_at=sent, ended_at=None), {"started_at": back})
        for sent, back in READ.items()
    ),
    *(bad_run("39", f"a start without a zone: {sent}", {"started_at": NOT_TIME}, started_at=sent) for sent in NAIVE),
    *(
        post(
            "39",
            f"a step without a zone: {sent}",
            tracen_body(steps=[{"name": "x", "timestamp": sent, "latency_ms": 0}]),
        )
        for sent in NAIVE
    ),
    *(bad_run("41", f"a start at {sent!r:.60}", {"started_at": NOT_TIME}, started_at=sent) for sent in UNREADABLE),
    *(
        bad_run("41", f"an end at {sent!r:.60}", {"ended_at": NOT_TIME}, ended_at=sent)
        for sent in ("", *UNREADABLE[:6])
    ),
    *(
        bad_patch("41", f"a patched end at {sent!r:.60}", {"ended_at": NOT_TIME}, ended_at=sent)
        for sent in ("", *NAIVE, *UNREADABLE[20:28])
    ),
    *(
        bad_post(
            "41",
            f"a step at {sent!r:.60}",
            {"steps[0].timestamp": NOT_STEP_TIME},
            steps=[{"name": "x", "timestamp": sent, "latency_ms": 0}],
        )
        for sent in UNREADABLE
    ),
    *(
        bad_span("42", f"a start that is {value!r}", {"started_at": NOT_TIME}, started_at=value)
        for value in OTHER_TYPES
    ),
    *(bad_run("42", f"an end that is {value!r}", {"ended_at": NOT_TIME}, ended_at=value) for value in OTHER_TYPES),
    bad_run("42", "a start that is null", {"started_at": REQUIRED}, started_at=None),
    bad_run("44", "an end before the start", {"ended_at": BEFORE_START}, ended_at="2026-04-06T11:59:59.999999Z"),
    bad_span("44", "a span's end before its start", {"ended_at": BEFORE_START}, ended_at="2026-04-06T14:00:00.5+02:00"),
    run("44", "an end at the start", nexus_body(ended_at="2026-04-06T12:00:00Z"), {"ended_at": "2026-04-06T12:00:00Z"}),
    Case(
        ref="45",
        name="an end before the start by patch",
        method="PATCH",
        path=MY_TRACE,
        body={"ended_at": "1970-01-01T00:00:00Z"},
        status=200,
        answer={"ok": True},
        comes_back={"ended_at": "1970-01-01T00:00:00Z"},
    ),
    run(
        "46",
        "two hundred years of work",
        nexus_body(started_at="1970-01-01T00:00:00Z", ended_at="2199-12-31T23:59:59Z"),
        {"ended_at": "2199-12-31T23:59:59Z"},
    ),
    post(
        "46",
        "the last moment and the longest latency",
        tracen_body(
            steps=[{"name": "x", "timestamp": "2199-12-31T23:59:59.999999Z", "latency_ms": 31_622_400_000}],
            total_latency_ms=31_622_400_000,
        ),
    ),
    post(
        "46",
        "steps two hundred years apart, the last one first",
        tracen_body(
            steps=[
                {"name": "x", "timestamp": f"{year}-01-01T00:00:00Z", "latency_ms": 0} for year in (2199, 1970, 2024)
            ],
            total_latency_ms=None,
        ),
    ),
)
