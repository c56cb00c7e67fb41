"""Rows by their keys, on both databases: what comes back is what the ORM would give."""

import pytest

from tests.api import NEXUS, span_body
from tracen.lib.rows import select_rows
from traces.models import MonthlyUsage, Span, Trace

pytestmark = pytest.mark.django_db


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
        assert [tuple(row) for row in select_rows(model, columns, keys)] == expected


def test_rows_come_in_the_order_of_their_key_once_each_and_only_those_there_are(alice):
    ids = sorted(Trace.objects.get(pk=alice.api.create_trace()).pk for _ in range(3))
    found = select_rows(Trace, ("id",), [*reversed(ids), ids[0], alice.account.traces.model().pk], held=True)
    assert [pk for (pk,) in found] == ids
    assert select_rows(Trace, ("id",), []) == []


def test_another_column_narrows_it(alice, charlie):
    alice.api.create_trace()
    charlie.api.create_trace()
    (mine,) = MonthlyUsage.objects.filter(account=alice.account)
    accounts = [alice.account.pk, charlie.account.pk]
    found = select_rows(MonthlyUsage, ("id",), accounts, key="account_id", also=("month", mine.month))
    assert len(found) == 2
    other = mine.month.replace(year=2001)
    assert select_rows(MonthlyUsage, ("id",), accounts, key="account_id", also=("month", other)) == []


def test_any_number_of_keys_is_one_question(alice):
    trace_id = alice.api.create_trace()
    account = alice.account.pk
    assert len(select_rows(Trace, ("id",), [account, *range(10**6, 10**6 + 40_000)], key="account_id")) == 1
    assert str(Trace.objects.get().pk) == trace_id
