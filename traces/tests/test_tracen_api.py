"""Contract §5: the Tracen dialect beyond what its reference says, and what §1 says of its traces."""

from datetime import UTC, datetime

import pytest

from tests.api import NEXUS, TRACES, tracen_body, without
from traces.models import ShareLink, Span, Trace

pytestmark = pytest.mark.django_db

STEP = {"name": "llm_call", "timestamp": "2024-01-15T10:30:00.000Z", "latency_ms": 1240}


def fields_of(answer):
    assert (answer.status_code, answer.json()["error"]) == (400, "Validation failed")
    return answer.json()["fields"]


def stored(alice, **changes) -> Trace:
    answer = alice.api.post(TRACES, tracen_body(**changes))
    assert answer.status_code == 200
    return Trace.objects.select_related("payload").get(pk=answer.json()["trace_id"])


# What is stored -----------------------------------------------------------------------------------------------------


def test_the_trace_is_finished_public_and_without_an_agent(alice):
    trace = stored(alice)

    assert (trace.source, trace.status, trace.agent) == ("tracen", "success", None)
    assert (trace.started_at, trace.ended_at) == (
        datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        datetime(2024, 1, 15, 10, 30, 1, 240_000, tzinfo=UTC),
    )
    link = ShareLink.objects.get()
    assert (link.pk, link.trace, link.expires_at, link.revoked_at) == (trace.pk, trace, None, None)


def test_its_texts_and_numbers(alice):
    trace = stored(alice)

    assert (trace.provider, trace.model, trace.input_tokens, trace.output_tokens) == ("openai", "gpt-4o", 120, 45)
    assert (trace.payload.prompt, trace.payload.response, trace.payload.error) == (
        "Summarise this text: ...",
        "Here is a summary: ...",
        None,
    )


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("One line", "One line"),
        ("\n\n  First words \nmore", "First words"),
        ("x" * 120, "x" * 120),
        ("x" * 121, "x" * 119 + "…"),
    ],
)
def test_its_name_is_the_first_line_of_the_prompt(alice, prompt, name):
    assert stored(alice, prompt=prompt).name == name


def test_steps_keep_their_order(alice):
    steps = [STEP | {"name": name} for name in ("z", "a", "m")]

    stored(alice, steps=steps)

    assert list(Span.objects.order_by("ordinal").values_list("name", flat=True)) == ["z", "a", "m"]


def test_without_a_total_the_trace_ends_with_its_last_step(alice):
    later = STEP | {"timestamp": "2024-01-15T10:30:05Z", "latency_ms": 500}

    trace = stored(alice, steps=[later | {"timestamp": STEP["timestamp"]}, later], total_latency_ms=None)

    assert trace.ended_at == datetime(2024, 1, 15, 10, 30, 5, 500_000, tzinfo=UTC)


def test_without_steps_the_trace_starts_when_it_is_received(alice):
    trace = stored(alice, steps=[], total_latency_ms=100)

    assert abs((trace.received_at - trace.started_at).total_seconds()) < 60
    assert (trace.ended_at - trace.started_at).total_seconds() == 0.1


def test_a_missing_zone_is_utc(alice):
    assert stored(alice, steps=[STEP | {"timestamp": "2024-01-15T10:30:00"}]).started_at.isoformat() == (
        "2024-01-15T10:30:00+00:00"
    )


# What is accepted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"response": ""},
        {"steps": []},
        {"input_tokens": None, "output_tokens": None, "total_latency_ms": None},
        {"input_tokens": 0, "total_latency_ms": 0},
        {"input_tokens": 2**53 - 1},
        {"total_latency_ms": 31_622_400_000},
        {"total_latency_ms": 1240.0},
        {"error_message": "told anyway"},
        {"status": "error", "error_message": None},
        {"status": "error", "error_message": ""},
        {"provider": "my own", "model": "x" * 255},
        {"steps": [STEP] * 1_000},
    ],
)
def test_accepted(alice, changes):
    assert alice.api.post(TRACES, tracen_body(**changes)).status_code == 200


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "total_latency_ms", "error_message"])
def test_optional_fields_may_be_absent(alice, field):
    assert alice.api.post(TRACES, without(tracen_body(), field)).status_code == 200


# What is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["prompt", "response", "provider", "model", "steps", "status"])
@pytest.mark.parametrize("how", ["absent", "null"])
def test_required_fields(alice, field, how):
    body = without(tracen_body(), field) if how == "absent" else tracen_body(**{field: None})

    assert fields_of(alice.api.post(TRACES, body)) == {field: "Required"}


@pytest.mark.parametrize("field", ["prompt", "provider", "model", "status"])
@pytest.mark.parametrize("blank", ["", "  \n", "\u200b"])
def test_fields_that_must_not_be_blank(alice, field, blank):
    assert fields_of(alice.api.post(TRACES, tracen_body(**{field: blank}))) == {field: "Required"}


@pytest.mark.parametrize("field", ["prompt", "response", "provider", "model", "error_message"])
@pytest.mark.parametrize("value", [5, True, [], {}])
def test_a_string_is_a_string(alice, field, value):
    assert fields_of(alice.api.post(TRACES, tracen_body(**{field: value}))) == {field: "Must be a string"}


@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "total_latency_ms"])
@pytest.mark.parametrize("value", [12.5, "12", True, [], {}])
def test_an_integer_is_an_integer(alice, field, value):
    assert fields_of(alice.api.post(TRACES, tracen_body(**{field: value}))) == {field: "Must be an integer"}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("input_tokens", -1, "Must be 0 or more"),
        ("input_tokens", 2**53, "At most 9007199254740991"),
        ("total_latency_ms", 31_622_400_001, "At most 31622400000"),
        ("status", "timeout", "Must be one of: success, error"),
        ("status", "Success", "Must be one of: success, error"),
        ("status", ["error"], "Must be one of: success, error"),
        ("steps", {}, "Must be an array"),
        ("steps", "x", "Must be an array"),
        ("steps", [STEP] * 1_001, "At most 1000 items"),
        ("model", "x" * 256, "At most 255 characters"),
    ],
)
def test_refused(alice, field, value, sentence):
    assert fields_of(alice.api.post(TRACES, tracen_body(**{field: value}))) == {field: sentence}


def test_bad_steps_are_named_by_their_place(alice):
    steps = [STEP, "x", {}, STEP | {"latency_ms": "12", "timestamp": "soon", "name": " "}]

    assert fields_of(alice.api.post(TRACES, tracen_body(steps=steps))) == {
        "steps[1]": "Must be an object",
        "steps[2].name": "Required",
        "steps[2].timestamp": "Required",
        "steps[2].latency_ms": "Required",
        "steps[3].name": "Required",
        "steps[3].timestamp": "Must be an ISO 8601 timestamp",
        "steps[3].latency_ms": "Must be an integer",
    }


def test_nothing_refused_is_stored(alice):
    alice.api.post(TRACES, tracen_body(status="bad"))

    assert (Trace.objects.count(), ShareLink.objects.count(), alice.api.get(NEXUS).json()) == (0, 0, [])
