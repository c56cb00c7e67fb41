"""What a developer finds for each real client's run: tests/otlp_payloads/<client>.json is sent, <client>.txt is found.

The texts were read by a person: the tree is the one that the program has, tokens count once, and the cost is the price
list's by hand. A span whose tokens are counted elsewhere in the tree is marked "repeats".
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.capture import PAYLOADS
from tests.clients.catalogue import CLIENTS
from traces.models import Span, Trace

pytestmark = pytest.mark.django_db


def send(person: Any, client: str) -> None:
    payload = json.loads((PAYLOADS / f"{client}.json").read_text())
    for request in payload["requests"]:
        if "export" in request:
            answer = person.api.post(request["path"], request["export"])
            assert (answer.status_code, answer.content) == (200, b"{}")


def told(trace: Trace) -> Iterator[str]:
    yield f"{trace.name}: {trace.status}"
    yield f"agent {trace.agent}, session {trace.session or None}, user {trace.end_user or None}"
    yield f"model {trace.model or None} of {trace.provider or None}"
    yield f"{trace.input_tokens} + {trace.output_tokens} tokens, {dollars(trace.cost_nanodollars)}"
    yield f"asked: {trace.payload.prompt}"
    yield f"answered: {trace.payload.response}"
    yield ""
    yield from branches(list(trace.spans.order_by("started_at", "ordinal")), None, "")


def branches(spans: list[Span], parent: uuid.UUID | None, indent: str) -> Iterator[str]:
    for span in spans:
        if span.parent_id == parent:
            yield f"{indent}{', '.join(words(span))}"
            yield from branches(spans, span.id, indent + "  ")


def words(span: Span) -> Iterator[str]:
    yield f"{span.kind} {span.name}"
    if span.input_tokens is not None:
        yield f"{span.input_tokens} + {span.output_tokens or 0}"
        yield dollars(span.cost_nanodollars)
    if span.status != "ok":
        yield span.status
    if not span.is_counted:
        yield "repeats"


def dollars(nanodollars: int | None) -> str:
    return "no price" if nanodollars is None else f"${nanodollars / 10**9:.9f}"


@pytest.mark.parametrize("client", CLIENTS)
def test_a_clients_run_is_the_one_trace_that_is_expected(unlimited, client):
    send(unlimited, client)
    assert "\n".join(told(Trace.objects.get())) == (PAYLOADS / f"{client}.txt").read_text().rstrip("\n")


@pytest.mark.parametrize("client", CLIENTS)
def test_a_trace_has_the_sum_of_the_spans_that_count(unlimited, client):
    send(unlimited, client)
    trace = Trace.objects.get()
    counted = [span for span in trace.spans.all() if span.is_counted]
    sums = [sum(getattr(span, name) or 0 for span in counted) for name in ("input_tokens", "output_tokens")]
    assert [trace.input_tokens, trace.output_tokens] == sums
    assert (trace.cost_nanodollars or 0) == sum(span.cost_nanodollars or 0 for span in counted)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_run_that_comes_again_changes_nothing(unlimited, client):
    send(unlimited, client)
    before = list(told(Trace.objects.get()))
    send(unlimited, client)
    assert list(told(Trace.objects.get())) == before
