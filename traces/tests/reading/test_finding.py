"""Which spans say something, in what went in, what came out and what went wrong."""

import pytest

from traces.models import Trace
from traces.reading.finding import spans_with
from traces.tests.runs import failed, run, shared, span

pytestmark = pytest.mark.django_db

RECORD = run(
    span("a", input={"city": "Ærø", "quote": 'she said "hi"'}),
    span("b", output=["first\nsecond", "100 %_"]),
    failed("c", error='ValueError: bad "date"\nat line 3'),
    span("needle"),
)


@pytest.fixture
def trace(alice) -> Trace:
    return shared(alice.account, RECORD).trace


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("CITY", "a"),
        ("Ærø", "a"),
        ("ærØ", "a"),
        ('said "hi"', "a"),
        ("first\nsecond", "b"),
        ("100 %", "b"),
        ("%_", "b"),
        ("valueerror", "c"),
        ('"date"', "c"),
        ("needle", ""),
        ("absent", ""),
        ("", ""),
        ("  ", ""),
        ("\0", ""),
        ("x" * 5_000, ""),
    ],
)
def test_what_a_text_finds(trace, text, names):
    name_of = {str(record.id): record.name for record in RECORD.spans}

    assert [name_of[span_id] for span_id in spans_with(trace, text)] == list(names)


def test_the_public_and_the_owners_address_answer_alike(client, alice):
    link = shared(alice.account, RECORD)
    ids = [str(RECORD.spans[0].id)]
    assert client.get(f"/traces/{link.pk}/find?q=city").json() == ids
    client.force_login(alice.user)
    assert client.get(f"/dashboard/traces/{link.trace_id}/find?q=city").json() == ids
