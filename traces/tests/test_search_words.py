"""The words that ingest makes are those that PostgreSQL would make, and a search finds a text whoever made them."""

import json
import random
import re
import string
import uuid

import pytest
from django.db import connection

from tests.api import TRACES, tracen_body
from traces.ingest import merge_fragments
from traces.listing import TraceFilter, find_traces
from traces.models import Trace, TracePayload
from traces.records import TraceFragment
from traces.search_words import ready_words
from traces.tests.runs import span

UGLY = string.ascii_letters + string.digits * 2 + string.punctuation + "  \t\n\r\x0b\x0c\x1b\x7f"


@pytest.fixture
def postgres(db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's index makes its words by itself")


def words_by_postgres(payload: TracePayload) -> set[str]:
    """Let the trigger make the words of a stored text anew."""
    TracePayload.objects.filter(pk=payload.pk).update(prompt=payload.prompt)
    return words_of(payload)


def words_of(payload: TracePayload) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tsvector_to_array(words) FROM traces_tracepayload WHERE id = %s", [payload.pk])
        return set(cursor.fetchone()[0])


@pytest.mark.parametrize("seed", range(20))
def test_they_are_the_words_that_postgres_would_make(postgres, unlimited, seed):
    chance = random.Random(seed)
    text = "".join(chance.choices(UGLY, k=chance.choice((3, 50, 4_000))))
    # What PostgreSQL takes for a number and a word.
    text = re.sub(r"\b\d+[eE]\d+(?=[A-Za-z])", "", text)
    unlimited.api.post(
        TRACES, tracen_body(prompt=f"x {text}", response="1e5 2E-3 0x1f 12ab v1.2.3 a_b x@y.example http://h/p?q=1")
    )

    payload = TracePayload.objects.get()

    assert ready_words((payload.names, payload.prompt, payload.response)) is not None
    assert words_of(payload) ^ words_by_postgres(payload) == set()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("Two WORDS, two words",), {"two", "words"}),
        (("cut at a sign…", None, "“so” — it’s ✅ done"), {"cut", "at", "a", "sign", "so", "it", "s", "done"}),
        ((), set()),
        ((None, "", "?!"), set()),
        (("x" * 2_046, "y" * 2_047), {"x" * 2_046}),
        (("a " * 125_000 + "late",), {"a"}),
    ],
)
def test_words_are_runs_of_letters_and_digits(texts, words):
    assert set(ready_words(texts).split()) == words


@pytest.mark.parametrize("text", ["Première", "über", "Ответ", "中文", "x²", "a٣b", "cafe\u0301s"])
def test_what_is_not_plain_is_left_to_the_database(text):
    assert ready_words(("plain", text)) is None


@pytest.mark.parametrize(
    ("more", "query"),
    [(more, query) for more in ("", " über") for query in ("7e12qqi", "7E12Q", "7e1", "7e12 mark")]
    + [(" über", "7e12qqi über")],
)
def test_a_number_that_goes_on_as_a_word_is_found(unlimited, query, more):
    unlimited.api.post(TRACES, tracen_body(prompt=f"Run 7e12qqi of Mark{more}"))

    assert len(find_traces(unlimited.account, TraceFilter(text=query))) == 1


@pytest.mark.parametrize("query", ["cafe\u0301s au lait", "cafe\u0301"])
def test_a_word_whose_accents_are_characters_of_their_own_is_found(unlimited, query):
    unlimited.api.post(TRACES, tracen_body(prompt="Two cafe\u0301s au lait"))

    assert len(find_traces(unlimited.account, TraceFilter(text=query))) == 1


def test_long_metadata_does_not_keep_an_answer_from_being_found(unlimited):
    texts = {"prompt": "zanzibar", "response": "yakcanary", "metadata": json.dumps({"m": "long " * 60_000})}
    merge_fragments(unlimited.account, [TraceFragment(id=uuid.uuid4(), name="x", spans=(span("s"),), **texts)])

    for text in ("zanzibar", "yakcanary"):
        assert len(find_traces(unlimited.account, TraceFilter(text=text))) == 1


def test_a_text_without_a_word_is_stored(unlimited):
    unlimited.api.post(TRACES, tracen_body(prompt="?!", response="…"))

    assert Trace.objects.count() == 1
