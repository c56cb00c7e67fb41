"""Traces that come in pieces: the same run, whatever the order, the cuts and the repetitions."""

import random
from datetime import timedelta
from itertools import pairwise, permutations
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from traces.alerts import FAILURES
from traces.limits import MAX_TOKENS
from traces.models import Alert, Span, SpanPack, Trace, TracePayload
from traces.tests.test_otlp_api import OTLP, STARTED, attribute, export, span
from traces.timeouts import end_silent_traces

pytestmark = pytest.mark.django_db

ROOT, AGENT, CALL, TOOL = (f"{number:016x}" for number in (1, 2, 3, 4))


def number(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)}}


def usage(model: str, given: int, got: int) -> list[dict[str, Any]]:
    return [
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.provider.name", "openai"),
        attribute("gen_ai.response.model", model),
        number("gen_ai.usage.input_tokens", given),
        number("gen_ai.usage.output_tokens", got),
    ]


def run() -> list[dict[str, Any]]:
    """A root, an agent that repeats the tokens of its one call, the call, and a tool that failed and was dealt with."""
    repeated = [attribute("gen_ai.operation.name", "invoke_agent"), *usage("gpt-4o", 1000, 50)[1:]]
    return [
        span(1, name="answer", attributes=[attribute("session.id", "s-1"), attribute("input.value", "Hello?")]),
        span(2, parentSpanId=ROOT, attributes=repeated),
        span(3, parentSpanId=AGENT, attributes=usage("gpt-4o", 1000, 50)),
        span(4, parentSpanId=AGENT, status={"code": 2, "message": "no such city"}),
    ]


def send(person: Any, *exports: list[dict[str, Any]]) -> None:
    for spans in exports:
        answer = person.api.post(OTLP, export(*spans))
        assert (answer.status_code, answer.content) == (200, b"{}")


def facts() -> dict[str, Any]:
    names = (
        "name", "status", "started_at", "ended_at", "agent__name", "provider", "model", "session", "input_tokens",
        "output_tokens", "cost_nanodollars", "span_count", "payload__prompt",
    )  # fmt: skip
    trace = Trace.objects.values(*names).get()
    counting = Span.objects.filter(is_counted=True, input_tokens__isnull=False).values_list("id", flat=True)
    return trace | {"counting": [found.hex[16:] for found in counting]}


WHOLE = {
    "name": "answer",
    "status": "success",
    "agent__name": "shop",
    "provider": "openai",
    "model": "gpt-4o",
    "session": "s-1",
    "input_tokens": 1000,
    "output_tokens": 50,
    # 1,000 tokens at $2.50 and 50 at $10 a million.
    "cost_nanodollars": 2_500_000 + 500_000,
    "span_count": 4,
    "payload__prompt": "Hello?",
    "counting": [CALL],
}


def whole() -> dict[str, Any]:
    return {name: facts()[name] for name in WHOLE}


@pytest.mark.parametrize("order", permutations(range(4)))
def test_any_order_of_single_spans_makes_the_same_trace(unlimited, order):
    send(unlimited, *([run()[place]] for place in order))
    assert whole() == WHOLE


@pytest.mark.parametrize("cut", range(1, 4))
def test_any_cut_into_two_makes_the_same_trace(unlimited, cut):
    send(unlimited, run()[cut:], run()[:cut])
    assert whole() == WHOLE


def test_what_comes_again_changes_nothing(unlimited):
    send(unlimited, run())
    before, rows = facts(), list(SpanPack.objects.order_by("pk").values())
    heard_at = Trace.objects.get().heard_at
    send(unlimited, run(), run()[2:])
    assert (facts(), list(SpanPack.objects.order_by("pk").values())) == (before, rows)
    assert Trace.objects.get().heard_at == heard_at


def test_a_span_twice_in_one_export_is_one(unlimited):
    send(unlimited, [*run(), *run()])
    assert whole() == WHOLE


def test_pieces_may_come_again_in_any_order(unlimited):
    dice = random.Random(4)
    pieces = [[made] for made in run()] * 3
    dice.shuffle(pieces)
    send(unlimited, *pieces)
    assert whole() == WHOLE


# What a trace is ----------------------------------------------------------------------------------------------------


def statuses(person: Any, *exports: list[dict[str, Any]]) -> list[str]:
    found = []
    for spans in exports:
        send(person, spans)
        found.append(Trace.objects.get().status)
    return found


def failed(number_of_it: int, **changes: Any) -> dict[str, Any]:
    return span(number_of_it, status={"code": 2, "message": "refused"}, **changes)


def test_a_trace_runs_until_its_root_is_there(unlimited):
    assert statuses(unlimited, run()[1:], run()[:1]) == ["running", "success"]


def test_a_trace_runs_while_a_parent_is_missing(unlimited):
    assert statuses(unlimited, [run()[0], run()[2]], [run()[1]]) == ["running", "success"]


def test_a_root_that_failed_makes_an_error(unlimited):
    assert statuses(unlimited, [failed(1), span(2, parentSpanId=ROOT)]) == ["error"]


def test_one_of_several_roots_that_failed_makes_an_error(unlimited):
    assert statuses(unlimited, [span(1)], [failed(2)]) == ["success", "error"]


def test_a_failure_below_a_root_that_did_not_fail_was_dealt_with(unlimited):
    assert statuses(unlimited, [span(1), failed(2, parentSpanId=ROOT)]) == ["success"]


def test_an_alert_is_raised_once_when_it_becomes_an_error(unlimited):
    statuses(unlimited, [failed(1)], [span(2, parentSpanId=ROOT)], [failed(1)])
    assert [alert.status for alert in Alert.objects.all()] == [FAILURES[0]]


def test_the_times_are_those_of_the_first_start_and_the_last_end(unlimited):
    send(unlimited, [span(5, endTimeUnixNano=str(STARTED + 3 * 10**9))], [span(2, parentSpanId=f"{5:016x}")])
    trace = Trace.objects.get()
    assert trace.ended_at is not None
    assert (trace.ended_at - trace.started_at) == timedelta(seconds=3) - timedelta(milliseconds=2)


@pytest.mark.parametrize(
    "spans",
    [
        [span(1, parentSpanId=ROOT)],
        [span(1, parentSpanId=AGENT), span(2, parentSpanId=ROOT)],
        [span(1, parentSpanId=TOOL), span(2, parentSpanId=ROOT), span(4, parentSpanId=AGENT)],
    ],
    ids=["its own parent", "a circle of two", "a circle of three"],
)
def test_spans_in_a_circle_are_stored_and_readable(unlimited, spans):
    send(unlimited, spans)
    trace = Trace.objects.get()
    assert trace.span_count == len(spans)
    assert len(unlimited.api.get(f"/api/v1/traces/{trace.pk}").json()["spans"]) == len(spans)


# Spans that still run -----------------------------------------------------------------------------------------------


def pending(of: str, parent: str, number_of_it: int) -> dict[str, Any]:
    """As Logfire announces a span: an id of its own, the real one as its parent, and the real parent in an attribute."""
    told = [attribute("logfire.span_type", "pending_span"), attribute("logfire.pending_parent_id", parent)]
    at = str(STARTED)
    return span(number_of_it, parentSpanId=of, attributes=told, startTimeUnixNano=at, endTimeUnixNano=at)


def test_an_announced_span_makes_a_running_trace(unlimited):
    send(unlimited, [pending(ROOT, "0" * 16, 91)])
    stored = Span.objects.get()
    assert (Trace.objects.get().status, stored.id.hex[16:], stored.parent_id, stored.ended_at) == (
        "running",
        ROOT,
        None,
        None,
    )


@pytest.mark.parametrize("is_late", [False, True])
def test_an_announced_span_is_ended_by_its_end_whichever_comes_first(unlimited, is_late):
    exports = [[pending(ROOT, "0" * 16, 91), pending(AGENT, ROOT, 92)], run()[:2]]
    send(unlimited, *(exports[::-1] if is_late else exports))
    assert [(found.id.hex[16:], found.ended_at is None) for found in Span.objects.order_by("id")] == [
        (ROOT, False),
        (AGENT, False),
    ]
    assert (Trace.objects.get().status, Trace.objects.get().name) == ("success", "answer")


def test_an_announced_span_and_its_end_in_one_export_are_one(unlimited):
    send(unlimited, [pending(ROOT, "0" * 16, 91), run()[0]])
    assert (Span.objects.get().ended_at is None, Trace.objects.get().status) == (False, "success")


# Silence ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "status"), [([span(2, parentSpanId=ROOT)], "success"), ([failed(2, parentSpanId=ROOT)], "error")]
)
def test_a_trace_whose_root_never_comes_is_concluded_after_minutes(unlimited, spans, status):
    send(unlimited, spans)
    with time_machine.travel(timezone.now() + timedelta(minutes=4), tick=False):
        end_silent_traces()
        assert Trace.objects.get().status == "running"
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        end_silent_traces()
    trace = Trace.objects.get()
    assert (trace.status, trace.ended_at is None) == (status, False)


def test_a_trace_with_an_open_span_becomes_a_timeout(unlimited):
    send(unlimited, [pending(ROOT, "0" * 16, 91)])
    with time_machine.travel(timezone.now() + timedelta(minutes=30), tick=False):
        end_silent_traces()
        assert Trace.objects.get().status == "running"
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        end_silent_traces()
    assert Trace.objects.get().status == "timeout"


def test_a_trace_that_was_concluded_takes_its_late_root(unlimited):
    send(unlimited, [failed(2, parentSpanId=ROOT)])
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        end_silent_traces()
        send(unlimited, [span(1)])
    assert Trace.objects.get().status == "success"


# What a trace says --------------------------------------------------------------------------------------------------


def call(place: int, asked: str, answered: str, **changes: Any) -> dict[str, Any]:
    told = [attribute("input.value", asked), attribute("output.value", answered)]
    return span(place, attributes=[attribute("gen_ai.operation.name", "chat"), *told], **changes)


def said() -> tuple[str | None, ...]:
    return TracePayload.objects.values_list("prompt", "response").get()


@pytest.mark.parametrize("cuts", [[0, 4], [0, 1, 2, 3, 4], [0, 2, 4], [0, 3, 4]])
def test_the_first_question_and_the_last_answer_are_those_of_a_root_that_says_nothing(unlimited, cuts):
    calls = [call(place, f"question {place}", f"answer {place}", parentSpanId=ROOT) for place in (2, 3, 4)]
    sent = [*calls, span(1)]
    send(unlimited, *(sent[start:end] for start, end in pairwise(cuts)))
    assert said() == ("question 2", "answer 4")


def test_what_the_root_says_goes_before_what_its_calls_say(unlimited):
    child = call(2, "inner question", "inner answer", parentSpanId=ROOT)
    late = call(3, "late question", "late answer", parentSpanId=ROOT)
    send(unlimited, [child], [call(1, "question", "answer")], [late])
    assert said() == ("question", "answer")


def test_a_run_of_nothing_but_calls_is_called_by_what_was_asked(unlimited):
    send(unlimited, [call(1, "\n Is it raining?\nIn Paris?", "Yes.", name="ChatCompletion")])
    assert Trace.objects.get().name == "Is it raining?"


def test_the_earliest_of_several_roots_names_the_trace(unlimited):
    send(unlimited, [span(2, name="second")], [span(1, name="first")], [span(3, name="third")])
    assert Trace.objects.get().name == "first"


def test_a_failure_that_was_dealt_with_leaves_no_error(unlimited):
    send(unlimited, [failed(2, parentSpanId=ROOT)])
    assert TracePayload.objects.get().error == "refused"
    send(unlimited, [span(1)])
    assert (Trace.objects.get().status, TracePayload.objects.get().error) == ("success", None)


def test_sums_stop_at_what_can_be_stored(unlimited):
    told = [*usage("house-model", MAX_TOKENS, MAX_TOKENS), {"key": "gen_ai.usage.cost", "value": {"doubleValue": 9e5}}]
    send(unlimited, [span(place, attributes=told) for place in range(1, 13)])
    trace = Trace.objects.get()
    assert {trace.input_tokens, trace.output_tokens, trace.cost_nanodollars} == {MAX_TOKENS}


def test_a_call_that_nobody_can_have_paid_has_no_price(unlimited):
    send(unlimited, [span(1, attributes=usage("gpt-4o", MAX_TOKENS, 0))])
    assert Trace.objects.get().cost_nanodollars is None
