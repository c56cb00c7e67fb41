"""Text search: what it finds, what it forgets, and that an index answers, on both databases."""

import pytest
from django.db import connection

from tests.api import NEXUS, TRACES, nexus_body, tracen_body
from traces import search
from traces.listing import TraceFilter, find_traces
from traces.models import Trace, TracePayload

pytestmark = pytest.mark.django_db


def found(person, text: str) -> list[str]:
    return [trace.name for trace in find_traces(person.account, TraceFilter(text=text))]


@pytest.fixture
def library(unlimited):
    """Three traces with different words in different places."""
    unlimited.api.post(
        NEXUS, nexus_body(name="Refund-request 4711", agent_id="support_bot", metadata={"user": "Ada Lovelace"})
    )
    unlimited.api.post(TRACES, tracen_body(prompt="Première ligne\nüber Äpfel", response="Ответ: quokka@zoo.example"))
    unlimited.api.post(
        NEXUS, nexus_body(name="nothing", agent_id="other", metadata={"deep": {"path": ["needle.in/hay"]}})
    )
    return unlimited


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("refund", ["Refund-request 4711"]),
        ("REQUEST", ["Refund-request 4711"]),
        ("refund-request", ["Refund-request 4711"]),
        ("4711 lovelace", ["Refund-request 4711"]),
        ("support bot", ["Refund-request 4711"]),
        ("lov", ["Refund-request 4711"]),
        ("première", ["Première ligne"]),
        ("äpfel", ["Première ligne"]),
        ("ответ", ["Première ligne"]),
        ("zoo", ["Première ligne"]),
        ("quokka@zoo.example", ["Première ligne"]),
        ("needle hay", ["nothing"]),
        ("refund needle", []),
        ("elace", []),
        ("absent", []),
        ('" OR *', []),
        ("'; drop table traces_trace --", []),
        ("NEAR(refund)", []),
        ("!?", []),
        ("x" * 5_000, []),
        ("refund " * 100, ["Refund-request 4711"]),
    ],
)
def test_what_a_text_finds(library, text, names):
    assert found(library, text) == names


def test_nobody_finds_a_strangers_trace(library, charlie):
    assert found(charlie, "refund") == []


def test_a_text_of_any_size_is_stored_and_found(unlimited):
    unlimited.api.post(TRACES, tracen_body(prompt="Opening " + "".join(f"word{i} " for i in range(200_000))))

    assert len(found(unlimited, "opening word10")) == 1


def test_a_deleted_trace_is_forgotten_by_the_index(library):
    Trace.objects.filter(name__startswith="Refund").delete()

    assert found(library, "refund") == []
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM trace_search WHERE trace_search MATCH 'lovelace'")
            assert cursor.fetchone() == (0,)


def test_a_changed_text_is_found_by_its_new_words_only(library):
    TracePayload.objects.filter(names__startswith="Refund").update(names="Complaint")

    assert (found(library, "complaint"), found(library, "refund")) == (["Refund-request 4711"], [])


@pytest.mark.parametrize("query", ["refund", "re", "refund 4711"])
def test_a_common_word_finds_the_same_as_a_rare_one(library, charlie, query, monkeypatch):
    charlie.api.create_trace(name="Refund of a stranger")
    as_rare = found(library, query)
    monkeypatch.setattr(search, "_COMMON", 0)

    assert found(library, query) == as_rare


@pytest.mark.parametrize("query", ["refund", "RE", "re refund", "4711 lovelace", "nowhere"])
def test_a_word_is_found_the_same_with_few_terms_and_with_many(library, query, monkeypatch):
    library.api.post(NEXUS, nexus_body(name="Refunds refunded, re\u0301sume\u0301", metadata={"for": "lovelace 4711"}))
    with_few = found(library, query)
    monkeypatch.setattr(search, "_FEW_TERMS", 0)

    assert found(library, query) == with_few
    assert len(with_few) == (0 if query == "nowhere" else 2)


@pytest.mark.usefixtures("library")
def test_an_index_answers():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {search._SQLITE_FEW}", ["refund*"])
            assert "VIRTUAL TABLE INDEX" in str(cursor.fetchall())
            return
        cursor.execute("SET LOCAL enable_seqscan = off")
        for having in (search._POSTGRESQL_ASCII, search._POSTGRESQL_ANY):
            cursor.execute(f"EXPLAIN {having}", ["refund:*"])
            assert "trace_search" in str(cursor.fetchall())


@pytest.mark.parametrize(
    ("query", "names"), [("q=refund", ["Refund-request 4711"]), ("source=tracen", ["Première ligne"])]
)
def test_the_api_list_knows_these_filters_too(library, query, names):
    assert [row["name"] for row in library.api.get(f"{NEXUS}?{query}").json()] == names
