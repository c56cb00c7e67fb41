"""Cases 22 to 34: the fields of a body; see tests/bad_input/case.py."""

from tests.api import NEXUS, TRACES, nexus_body, span_body, tracen_body, without
from tests.bad_input.case import (
    MY_SPANS,
    NEGATIVE,
    NOT_INTEGER,
    NOT_TEXT,
    REQUIRED,
    TOO_LONG,
    TRACE_WORDS,
    Case,
    bad_fields,
    bad_patch,
    bad_post,
    bad_run,
    bad_span,
    each,
    post,
    refused,
    run,
    span,
)
from traces.limits import MAX_LATENCY_MS, MAX_STEPS_PER_POST, MAX_TOKENS

STEP = {"name": "llm_call", "timestamp": "2024-01-15T10:30:00.000Z", "latency_ms": 1240}
OTHER_TYPES = each(5, 0, 1.5, True, False, [], {}, ["x"], {"a": "x"})
COUNTS = ("input_tokens", "output_tokens", "total_latency_ms")

MISSING = (
    refused(
        "22",
        "an empty run",
        NEXUS,
        b"{}",
        bad_fields(agent_id=REQUIRED, name=REQUIRED, status=REQUIRED, started_at=REQUIRED),
    ),
    refused("22", "an empty span", MY_SPANS, b"{}", bad_fields(name=REQUIRED, status=REQUIRED, started_at=REQUIRED)),
    refused(
        "22",
        "an empty Tracen trace",
        TRACES,
        b"{}",
        bad_fields(**dict.fromkeys(("prompt", "response", "provider", "model", "steps", "status"), REQUIRED)),
    ),
    *(
        refused("22", f"a run without {field}", NEXUS, without(nexus_body(), field), bad_fields(**{field: REQUIRED}))
        for field in ("agent_id", "name", "status", "started_at")
    ),
    *(
        bad_span("22", f"a span whose {field} is null", {field: REQUIRED}, **{field: None})
        for field in ("name", "status", "started_at")
    ),
    *(
        bad_run("23", f"an agent named {blank!r}", {"agent_id": REQUIRED}, agent_id=blank)
        for blank in ("", " \t\n", "\u200b\ufeff", "\u3000")
    ),
    *(
        bad_post("23", f"a blank {field}", {field: REQUIRED}, **{field: " \u200b"})
        for field in ("prompt", "provider", "model", "status")
    ),
    bad_post("23", "a step without a name", {"steps[0].name": REQUIRED}, steps=[STEP | {"name": "\u2060"}]),
)

LENGTHS = (
    run(
        "24",
        "255 characters",
        nexus_body(name="é" * 255, agent_id="🎉" * 255),
        {"name": "é" * 255, "agent_id": "🎉" * 255},
    ),
    span("24", "a span's name of 255 characters", span_body(name="日" * 255), {"name": "日" * 255}),
    post(
        "24", "a model of 255 characters", tracen_body(model="🎉" * 255, provider="\u202e" * 255), {"model": "🎉" * 255}
    ),
    bad_run("24", "256 characters", {"name": TOO_LONG, "agent_id": TOO_LONG}, name="x" * 256, agent_id="x" * 256),
    bad_span("24", "a span's name of a megabyte", {"name": TOO_LONG}, name="x" * 1_000_000),
    bad_post(
        "24",
        "provider and model too long",
        {"provider": TOO_LONG, "model": TOO_LONG},
        provider="x" * 256,
        model="x" * 256,
    ),
    bad_post("24", "a step's name too long", {"steps[0].name": TOO_LONG}, steps=[STEP | {"name": "x" * 256}]),
)

TYPES = (
    *(bad_run("25", f"a name that is {value!r}", {"name": NOT_TEXT}, name=value) for value in OTHER_TYPES),
    *(bad_post("25", f"a prompt that is {value!r}", {"prompt": NOT_TEXT}, prompt=value) for value in OTHER_TYPES),
    bad_post("25", "a response that is an object", {"response": NOT_TEXT}, response={"text": "x"}),
    bad_post("25", "a step's name that is an array", {"steps[0].name": NOT_TEXT}, steps=[STEP | {"name": ["x"]}]),
    *(
        bad_post("26", f"a count that is {value!r}", {"input_tokens": NOT_INTEGER}, input_tokens=value)
        for value in each(True, "12", "", 1.5, [], {}, [1], 1e-300)
    ),
    bad_post(
        "26", "a latency that is a text", {"steps[0].latency_ms": NOT_INTEGER}, steps=[STEP | {"latency_ms": "1240"}]
    ),
    post(
        "26",
        "whole numbers with a point",
        tracen_body(input_tokens=12.0, output_tokens=-0.0, total_latency_ms=1e3),
        {"input_tokens": 12, "output_tokens": 0},
    ),
    *(bad_post("27", f"a negative {field}", {field: NEGATIVE}, **{field: -1}) for field in COUNTS),
    bad_post("27", "a negative latency", {"steps[0].latency_ms": NEGATIVE}, steps=[STEP | {"latency_ms": -0.5 * 2}]),
    *(
        post("28", f"{tokens} tokens", tracen_body(input_tokens=tokens), {"input_tokens": tokens})
        for tokens in (2**31, 2**32, MAX_TOKENS)
    ),
    post(
        "28",
        "the longest latency",
        tracen_body(steps=[STEP | {"latency_ms": MAX_LATENCY_MS}], total_latency_ms=MAX_LATENCY_MS),
    ),
    *(
        bad_post("28", f"{tokens} tokens", {"output_tokens": f"At most {MAX_TOKENS}"}, output_tokens=tokens)
        for tokens in (MAX_TOKENS + 1, 2**63 - 1, 1e300)
    ),
    bad_post(
        "28",
        "a latency above the longest",
        {"total_latency_ms": f"At most {MAX_LATENCY_MS}"},
        total_latency_ms=MAX_LATENCY_MS + 1,
    ),
    bad_post(
        "28",
        "a step's latency above the longest",
        {"steps[0].latency_ms": f"At most {MAX_LATENCY_MS}"},
        steps=[STEP | {"latency_ms": MAX_LATENCY_MS + 1}],
    ),
)

WORDS = (
    *(
        bad_run("29", f"status {value!r}", {"status": TRACE_WORDS}, status=value)
        for value in each("done", "SUCCESS", " success", "ok", "success\0", 1, True, ["success"], {"success": 1})
    ),
    *(
        bad_span("29", f"a span's status {value!r}", {"status": "Must be one of: ok, error"}, status=value)
        for value in each("success", "OK", 0, [], {})
    ),
    *(
        bad_post("29", f"a Tracen status {value!r}", {"status": "Must be one of: success, error"}, status=value)
        for value in each("timeout", "running", "Error", ["error"], {})
    ),
    *(
        bad_patch("29", f"a patch with the status {value!r}", {"status": TRACE_WORDS}, status=value)
        for value in each("done", "", None, [], {}, 5)
    ),
    *(
        bad_run("30", f"metadata {value!r}", {"metadata": "Must be an object"}, metadata=value)
        for value in each([], "{}", 0, "", False, 1.5)
    ),
    run("30", "metadata null", nexus_body(metadata=None), {"metadata": None}),
    run("30", "metadata empty", nexus_body(metadata={}), {"metadata": {}}),
    run(
        "31",
        "fields that are not the client's",
        nexus_body(
            id="<other trace>",
            trace_id="<other trace>",
            account=1,
            account_id="x",
            created_at="x",
            received_at=5,
            source="otlp",
            spans=[{}],
            span_count=9,
            is_public=True,
            __class__="x",
            **{"": 1},
        ),
        {"spans": []},
    ),
    span(
        "31",
        "a span's id is not the client's",
        span_body(id="<my span>", span_id="<my span>", kind="<b>", trace="<other trace>", ordinal=-1),
    ),
    post(
        "31",
        "a Tracen trace's id is not the client's",
        tracen_body(trace_id="<other trace>", id="<other trace>", url="https://x.example", user={"a": 1}),
    ),
    *(bad_span("32", f"an error that is {value!r}", {"error": NOT_TEXT}, error=value) for value in OTHER_TYPES),
    *(
        bad_post("32", f"an error message that is {value!r}", {"error_message": NOT_TEXT}, error_message=value)
        for value in each(5, [], {"m": "x"})
    ),
    span("32", "an empty error", span_body(error=""), {"error": ""}),
)

STEPS = (
    *(
        bad_post("33", f"steps {value!r}", {"steps": "Must be an array"}, steps=value)
        for value in each({}, "x", 0, False, {"0": STEP})
    ),
    bad_post(
        "33",
        "items that are no objects",
        {"steps[0]": "Must be an object", "steps[2]": "Must be an object", "steps[3]": "Must be an object"},
        steps=[None, STEP, [STEP], "x"],
    ),
    bad_post(
        "33",
        "the fourth step without a latency",
        {"steps[3].latency_ms": REQUIRED},
        steps=[STEP, STEP, STEP, without(STEP, "latency_ms")],
    ),
    bad_post(
        "33",
        "an empty step",
        {f"steps[0].{field}": REQUIRED for field in ("name", "timestamp", "latency_ms")},
        steps=[{}],
    ),
    bad_post(
        "33",
        "too many steps",
        {"steps": f"At most {MAX_STEPS_PER_POST} items"},
        steps=[STEP] * (MAX_STEPS_PER_POST + 1),
    ),
    bad_post(
        "33", "a hundred thousand empty steps", {"steps": f"At most {MAX_STEPS_PER_POST} items"}, steps=[{}] * 100_000
    ),
    post("33", "the most steps", tracen_body(steps=[STEP] * MAX_STEPS_PER_POST)),
    post("33", "no steps", tracen_body(steps=[])),
    post("34", "an empty response", tracen_body(response=""), {"response": ""}),
    refused("34", "no response", TRACES, without(tracen_body(), "response"), bad_fields(response=REQUIRED)),
    bad_post("34", "a null response", {"response": REQUIRED}, response=None),
    *(
        span("34", f"the payload {value!r}", span_body(input=value, output=value), {"input": value, "output": value})
        for value in each(0, False, "", [], {}, None, [None], 2**53 + 1, 0.1, "null", {"a": {"b": []}})
    ),
)

CASES: tuple[Case, ...] = (*MISSING, *LENGTHS, *TYPES, *WORDS, *STEPS)
