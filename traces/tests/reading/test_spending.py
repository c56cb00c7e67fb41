"""Tokens and cost in words: what counts, what has no price, and where a price is from."""

from datetime import date
from decimal import Decimal

import pytest

from traces.reading.spending import Amount, reported_note, row_cost, run_cost, span_amounts, uncounted_note
from traces.reading.timeline_view import lay_out
from traces.records import SpanKind
from traces.tests.runs import at, run, span
from traces.timeline.forest import Node

CALL = {"kind": SpanKind.LLM, "input_tokens": 1_200, "output_tokens": 50}


def cost_of(*nodes: Node, **record) -> Amount | None:
    return run_cost(run(**record), lay_out(run(**record), nodes, at(100)))


def node(number: int, **more) -> Node:
    return Node(str(number), None, f"s{number}", "llm", "ok", at(0), at(1), number, **more)


def test_the_parts_of_a_calls_tokens_and_the_day_of_its_price():
    call = span(
        "a",
        **CALL,
        cache_read_tokens=1_000,
        reasoning_tokens=32,
        cost_nanodollars=390_400,
        priced_on=date(2026, 11, 10),
    )
    assert span_amounts(call) == [
        Amount("Tokens", "1.2k in, 50 out", "1,200 in, 50 out"),
        Amount("Cache", "1k read", "1,000 read, of the tokens in"),
        Amount("Reasoning", "32", "32 of the tokens out"),
        Amount("Cost", "$0.00039", note="priced 2026-11-10"),
    ]


def test_a_cost_without_a_day_is_the_senders():
    assert span_amounts(span("a", cost_nanodollars=2_000_000_000)) == [
        Amount("Cost", "$2.00", note="as reported by the sender")
    ]


@pytest.mark.parametrize(
    ("reported", "note"),
    [(Decimal("0.5"), "The sender reported $0.5000."), (Decimal("2"), ""), (Decimal("2.000001"), ""), (None, "")],
)
def test_what_the_sender_reported_is_said_where_it_differs(reported, note):
    assert reported_note(span("a", cost_nanodollars=2_000_000_000), reported) == note


def test_without_a_price_there_is_nothing_to_differ_from():
    assert reported_note(span("a"), Decimal("0.5")) == ""


def test_tokens_of_an_unknown_model_have_no_price():
    assert [(amount.label, amount.value) for amount in span_amounts(span("a", **CALL))] == [
        ("Tokens", "1.2k in, 50 out"),
        ("Cost", "no price"),
    ]


def test_a_span_that_has_no_tokens_says_nothing_of_money():
    assert span_amounts(span("a")) == []


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (SpanKind.AGENT, "Its tokens are reported; counted in the steps below."),
        (SpanKind.LLM, "Its tokens are reported; counted in the step around it, which recorded the same call."),
    ],
)
def test_a_span_that_does_not_count_says_where_its_tokens_do(kind, note):
    assert uncounted_note(span("a", kind=kind, is_counted=False)) == note


def test_a_row_tells_a_missing_price_from_nothing_to_pay():
    assert (row_cost(10, None), row_cost(None, None), row_cost(10, 0)) == ("no price", "", "$0")


def test_a_run_costs_what_its_counted_spans_cost():
    counted = (
        node(1, input_tokens=5, cost_nanodollars=10_000_000),
        node(2, input_tokens=5, cost_nanodollars=2_300_000),
    )
    repeated = node(3, input_tokens=10, cost_nanodollars=12_300_000, is_counted=False)
    assert cost_of(*counted, repeated) == Amount("Cost", "$0.0123")


def test_a_run_with_a_call_without_a_price_costs_at_least_the_rest():
    assert cost_of(node(1, input_tokens=5, cost_nanodollars=10_000_000), node(2, output_tokens=7)) == Amount(
        "Cost", "at least $0.0100", note="1 call has no price"
    )


def test_a_run_of_which_no_call_has_a_price_says_so_and_one_without_tokens_nothing():
    assert cost_of(node(1, input_tokens=5)).value == "no price"
    assert cost_of(node(1)) is None


def test_the_runs_own_cost_goes_before_the_sum():
    assert cost_of(node(1, cost_nanodollars=1), cost_nanodollars=1_500_000_000).value == "$1.50"
