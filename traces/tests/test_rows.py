"""Rows by their keys, on both databases: what comes back is what the ORM would give."""

from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from tests.api import NEXUS, span_body
from tracen.lib.rows import ask_rows, insert_rows, select_rows, sent_together, update_rows
from traces.models import Agent, MonthlyUsage, Span, Trace, TracePayload

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def test_each_kind_of_value_comes_back_as_the_orm_gives_it(alice):
    trace_id = alice.api.create_trace()
    alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body())
    for model, columns in (
        (Trace, ("id", "account_id", "name", "started_at", "ended_at", "span_count")),
        (Span, ("pk_in_order", "trace_id", "id", "started_at", "priced_on", "is_counted")),
        (MonthlyUsage, ("id", "account_id", "month", "traces")),
    ):
        expected = list(model.objects.values_list(*columns))
        assert expected
        keys = list(model.objects.values_list("pk", flat=True))
        assert [tuple(row) for row in select_rows(model, columns, {model._meta.pk.column: keys})] == expected


def test_rows_come_in_the_order_of_their_key_once_each_and_only_those_there_are(alice):
    ids = sorted(Trace.objects.get(pk=alice.api.create_trace()).pk for _ in range(3))
    found = select_rows(Trace, ("id",), {"id": [*reversed(ids), ids[0], alice.account.traces.model().pk]}, held=True)
    assert [pk for (pk,) in found] == ids
    assert select_rows(Trace, ("id",), {"id": []}) == []


def test_another_column_narrows_it(alice, charlie):
    alice.api.create_trace()
    charlie.api.create_trace()
    (mine,) = MonthlyUsage.objects.filter(account=alice.account)
    accounts = [alice.account.pk, charlie.account.pk]
    found = select_rows(MonthlyUsage, ("id",), {"account_id": accounts, "month": [mine.month]})
    assert len(found) == 2
    other = mine.month.replace(year=2001)
    assert select_rows(MonthlyUsage, ("id",), {"account_id": accounts, "month": [other]}) == []


def test_any_number_of_keys_is_one_question(alice):
    trace_id = alice.api.create_trace()
    account = alice.account.pk
    assert len(select_rows(Trace, ("id",), {"account_id": [account, *range(10**6, 10**6 + 40_000)]})) == 1
    assert str(Trace.objects.get().pk) == trace_id


@pytest.mark.parametrize("count", [1, 31, 32, 33, 71, 199, 200, 201])
def test_any_number_of_rows_is_inserted_and_changed(alice, count):
    rows = [(alice.account.pk, f"agent {number}", NOW) for number in range(count)]
    insert_rows(Agent, ("account_id", "name", "created_at"), rows)
    stored = dict(Agent.objects.values_list("name", "pk"))
    assert len(stored) == count

    update_rows(Agent, ("name",), [(f"new {name}", pk) for name, pk in stored.items()])

    assert dict(Agent.objects.values_list("pk", "name")) == {pk: f"new {name}" for name, pk in stored.items()}


@pytest.mark.parametrize(("kept", "expected"), [("", [None, "new"]), ("new", ["old", "new"]), ("old", ["old", "old"])])
def test_what_is_there_is_kept_as_asked(alice, kept, expected):
    trace_ids = sorted(Trace.objects.get(pk=alice.api.create_trace()).pk for _ in range(2))
    TracePayload.objects.update(prompt="old")

    rows = [(None, trace_ids[0]), ("new", trace_ids[1])]
    update_rows(TracePayload, ("prompt",), rows, key="trace_id", kept=kept)

    assert list(TracePayload.objects.order_by("trace").values_list("prompt", flat=True)) == expected


def test_a_text_is_never_cut_to_its_column(alice):
    trace_id = Trace.objects.get(pk=alice.api.create_trace()).pk
    with pytest.raises(DataError) if connection.vendor == "postgresql" else nullcontext(), transaction.atomic():
        update_rows(Trace, ("provider",), [("x" * 300, trace_id)])
        assert len(Trace.objects.get().provider) == 300


def test_names_with_quotes_are_found(alice):
    names = ['say "hi"', r"back\slash", "comma, {brace}", "NULL", "naïve 🙂"]
    insert_rows(Agent, ("account_id", "name", "created_at"), [(alice.account.pk, name, NOW) for name in names])
    found = select_rows(Agent, ("name",), {"account_id": [alice.account.pk], "name": [*names, "another"]})
    assert {name for (name,) in found} == set(names)


def test_a_column_behind_a_foreign_key_comes_along(alice):
    trace = Trace.objects.get(pk=alice.api.create_trace())
    agent = Agent.objects.create(account=alice.account, name="support-bot", created_at=NOW)
    Trace.objects.update(agent=agent)
    (found,) = select_rows(Trace, ("agent.name", "agent.created_at", "id"), {"id": [trace.pk]})
    assert tuple(found) == ("support-bot", NOW, trace.pk)


def test_what_is_sent_together_is_there_when_it_is_looked_at(alice):
    with transaction.atomic(), sent_together():
        insert_rows(Agent, ("account_id", "name", "created_at"), [(alice.account.pk, "early", NOW)])
        asked = ask_rows(Agent, ("name",), {"account_id": [alice.account.pk]})
        insert_rows(Agent, ("account_id", "name", "created_at"), [(alice.account.pk, "late", NOW)])
        assert [name for (name,) in asked.rows()] == ["early"]
    assert [name for (name,) in asked.rows()] == ["early"]
    assert Agent.objects.count() == 2


def test_trouble_with_one_of_those_that_are_sent_together_undoes_all(alice):
    one = [(alice.account.pk, "twice", NOW)]

    def store(*batches):
        with transaction.atomic(), sent_together():
            for batch in batches:
                insert_rows(Agent, ("account_id", "name", "created_at"), batch)

    for _ in range(2):
        with pytest.raises(IntegrityError):
            store(one, one, [(alice.account.pk, "other", NOW)])
        assert Agent.objects.count() == 0
    # And the connection is good for the next one.
    store(one)
    assert Agent.objects.count() == 1
