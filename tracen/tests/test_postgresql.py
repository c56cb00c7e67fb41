"""Transactions on PostgreSQL, whose BEGIN and COMMIT go with other statements: what is stored, seen, raised and left open."""

import threading
from collections.abc import Callable
from contextlib import suppress
from unittest.mock import Mock

import pytest
from django.db import IntegrityError, InternalError, OperationalError, connection, transaction

from accounts.models import Account
from accounts.plans import FREE
from tracen.lib import journeys
from tracen.lib.rows import ask_rows, insert_rows, select_rows, sent_together

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = ("id", "name", "plan_slug", "created_at", "silent_minutes")
MANY = [(number, "many", FREE.slug, "2026-01-01T00:00:00Z", 60) for number in range(10, 400)]


@pytest.fixture(autouse=True)
def postgres(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's transactions are Django's own")


def insert(number: int) -> None:
    created_at = "2026-01-01T00:00:00Z"
    insert_rows(Account, COLUMNS, [(number, "one", FREE.slug, created_at, 60)])


def seen_by_others() -> list[int]:
    found: list[int] = []

    def look() -> None:
        found.extend(Account.objects.order_by("pk").values_list("pk", flat=True))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found


def test_what_goes_with_commit_is_seen_by_all_once_that_is_over():
    with transaction.atomic():
        with sent_together(ends_with_commit=True):
            insert(1)
        assert seen_by_others() == []
    assert seen_by_others() == [1]


def test_a_transaction_may_consist_of_nothing_else_or_of_nothing():
    with transaction.atomic(), sent_together(ends_with_commit=True):
        insert(1)
    with transaction.atomic():
        pass
    assert seen_by_others() == [1]


def test_questions_and_the_orm_may_come_in_between():
    with transaction.atomic():
        with sent_together():
            asked = ask_rows(Account, ("id",), {"id": [1]})
        with sent_together(ends_with_commit=True):
            insert(1)
        assert Account.objects.filter(pk=1).update(name="two") == 1
        with sent_together(ends_with_commit=True):
            insert(2)
        assert select_rows(Account, ("id", "name"), {"id": [1, 2]}) == [(1, "two"), (2, "one")]
        insert(3)
    assert (asked.rows(), seen_by_others()) == ([], [1, 2, 3])


def do_in_transaction(*acts: Callable[[], object]) -> None:
    with transaction.atomic():
        for act in acts:
            act()


def send(*numbers: int) -> None:
    with sent_together(ends_with_commit=True):
        for number in numbers:
            insert(number)


def send_with_many(*numbers: int) -> None:
    with sent_together(ends_with_commit=True):
        for number in numbers:
            insert(number)
        insert_rows(Account, COLUMNS, MANY)


def fail() -> None:
    raise ZeroDivisionError


def test_what_went_wrong_is_raised_by_the_commit_and_nothing_is_stored():
    insert(1)
    with pytest.raises(IntegrityError):
        do_in_transaction(lambda: Account.objects.update(name="two"), lambda: send(2, 1))
    assert list(Account.objects.values_list("pk", "name")) == [(1, "one")]
    assert seen_by_others() == [1]


def test_what_went_wrong_is_raised_by_the_next_statement():
    insert(1)
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            do_in_transaction(lambda: send(1), Account.objects.count)
        insert(2)
    assert seen_by_others() == [1, 2]


def test_an_error_of_the_caller_takes_all_of_it_back():
    with pytest.raises(ZeroDivisionError):
        do_in_transaction(lambda: send(1), fail)
    insert(2)
    assert seen_by_others() == [2]


def test_inner_transactions_are_taken_back_alone():
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError):
            do_in_transaction(lambda: send(1), fail)
        do_in_transaction(lambda: send(2))
    assert seen_by_others() == [2]


def test_what_is_to_be_done_after_the_commit_sees_it():
    seen = []
    with transaction.atomic():
        transaction.on_commit(lambda: seen.extend(seen_by_others()))
        with sent_together(ends_with_commit=True):
            insert(1)
    assert seen == [1]


def test_what_is_sent_outside_of_a_transaction_is_done_at_once():
    send(1)
    assert seen_by_others() == [1]


def test_a_transaction_that_fails_before_its_first_statement_leaves_none_open():
    with pytest.raises(ZeroDivisionError):
        do_in_transaction(fail)
    insert(1)
    assert seen_by_others() == [1]


def test_an_error_that_somebody_swallowed_is_no_success():
    insert(1)
    with pytest.raises(InternalError):
        do_in_transaction(lambda: send(1), swallow_what_comes_up)
    assert list(Account.objects.values_list("pk", "name")) == [(1, "one")]


def swallow_what_comes_up() -> None:
    with suppress(IntegrityError), transaction.atomic():
        Account.objects.update(name="two")


def test_a_connection_that_died_before_is_trouble_with_storage():
    Account.objects.count()
    connection.connection.pgconn.finish()
    with pytest.raises(OperationalError):
        do_in_transaction(lambda: select_rows(Account, ("id",), {"id": [1]}))
    connection.close()


@pytest.mark.parametrize("has_said_something", [True, False])
def test_a_connection_that_closes_in_a_transaction_leaves_none_open(has_said_something):
    with transaction.atomic():
        if has_said_something:
            with sent_together(ends_with_commit=True):
                insert(1)
        connection.close()
    insert(2)
    assert seen_by_others() == [2]


def test_a_connection_that_dies_is_trouble_and_nothing_is_stored():
    with pytest.raises(OperationalError):
        do_in_transaction(lambda: send(1), lambda: connection.connection.pgconn.finish())
    connection.close()
    assert Account.objects.count() == 0


@pytest.fixture
def copied(monkeypatch):
    watched = Mock(side_effect=journeys.copy)
    monkeypatch.setattr(journeys, "copy", watched)
    return watched


def test_a_large_batch_is_copied_between_what_is_sent_together(copied):
    with transaction.atomic(), sent_together(ends_with_commit=True):
        insert(1)
        insert_rows(Account, COLUMNS, MANY)
        insert(2)
        assert journeys.is_on_one()

    assert len(seen_by_others()) == 392
    assert copied.call_count == 1


def test_a_large_batch_is_copied_after_what_was_left_to_end_with_the_transaction(copied):
    with transaction.atomic():
        with sent_together(ends_with_commit=True):
            insert(1)
        insert_rows(Account, COLUMNS, MANY)

    assert len(seen_by_others()) == 391
    assert copied.call_count == 1
    assert not journeys.is_on_one()


def test_the_first_that_is_said_on_a_connection_may_be_a_copy(copied):
    connection.close()
    insert_rows(Account, COLUMNS, MANY)

    assert len(seen_by_others()) == 390
    assert copied.call_count == 1


@pytest.mark.parametrize("twice", [1, 10], ids=["what was sent before", "what is copied"])
def test_trouble_round_a_copy_undoes_all_and_leaves_a_good_connection(twice):
    with pytest.raises(IntegrityError):
        do_in_transaction(lambda: send_with_many(1, twice))

    assert seen_by_others() == []
    assert not journeys.is_on_one()
    insert(1)
    assert len(seen_by_others()) == 1
