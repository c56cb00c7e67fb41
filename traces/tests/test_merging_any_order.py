"""Any run in any pieces: cut, shuffled and repeated at random, it is the run that came whole."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traces.models import Span, Trace, TracePayload
from traces.tests.test_merging import number, send
from traces.tests.test_otlp_api import attribute, span

pytestmark = pytest.mark.django_db

MOST_SPANS = 8
OPERATIONS = st.sampled_from(["", "chat", "invoke_agent", "execute_tool", "embeddings"])
MODELS = st.sampled_from(["", "gpt-4o", "gpt-4o-2024-08-06", "claude-sonnet-4-5", "house-model"])
TOKENS = st.sampled_from([None, 0, 10, 1_000])


@st.composite
def spans(draw: st.DrawFn, place: int) -> dict[str, Any]:
    """One of a run's spans: its parent may be any other, itself, one that never comes, or none."""
    told = {"gen_ai.operation.name": draw(OPERATIONS), "gen_ai.response.model": draw(MODELS)}
    attributes = [attribute(key, text) for key, text in told.items() if text]
    counts = [(side, draw(TOKENS)) for side in ("input", "output")]
    attributes += [number(f"gen_ai.usage.{side}_tokens", count) for side, count in counts if count is not None]
    parent = draw(st.integers(0, MOST_SPANS + 1))
    return span(
        place,
        attributes=attributes,
        status={"code": draw(st.sampled_from([0, 2]))},
        **({"parentSpanId": f"{parent:016x}"} if parent else {}),
        **({"endTimeUnixNano": "0"} if draw(st.integers(0, 9)) == 0 else {}),
    )


RUNS = st.integers(1, MOST_SPANS).flatmap(lambda count: st.tuples(*(spans(place) for place in range(1, count + 1))))


@st.composite
def pieces(draw: st.DrawFn) -> tuple[tuple[dict[str, Any], ...], list[list[dict[str, Any]]]]:
    """A run, and exports that bring each of its spans once or more."""
    run = draw(RUNS)
    repeated = draw(st.lists(st.sampled_from(run), max_size=4))
    shuffled = draw(st.permutations([*run, *repeated]))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled)), max_size=4)) | {0, len(shuffled)})
    return run, [shuffled[start:end] for start, end in pairwise(cuts)]


def facts() -> tuple[Any, ...]:
    """What a reader sees of the one trace that there is, but for the order in which it came."""
    fields = (
        "status", "started_at", "ended_at", "provider", "model", "input_tokens", "output_tokens", "cost_nanodollars",
        "span_count",
    )  # fmt: skip
    trace = Trace.objects.values(*fields).get()
    of_spans = ("id", "parent_id", "kind", "status", "ended_at", "model", "input_tokens", "is_counted")
    return trace, list(Span.objects.order_by("id").values_list(*of_spans))


def named() -> tuple[Any, ...]:
    """What a root says of its run."""
    return Trace.objects.values_list("name").get() + TracePayload.objects.values_list("names").get()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces())
def test_a_run_in_pieces_is_the_run_that_came_whole(unlimited, sent):
    run, exports = sent
    Trace.objects.all().delete()
    send(unlimited, [*run])
    whole, name_of_whole = facts(), named()
    Trace.objects.all().delete()

    send(unlimited, *exports)

    assert facts() == whole
    assert not Trace.objects.filter(status="success").exclude(payload__error=None).exists()
    if any("parentSpanId" not in made for made in run):
        assert named() == name_of_whole
