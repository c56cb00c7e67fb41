"""What was deleted is in no page of SQLite's file any more: neither in the search index nor in its free space."""

from pathlib import Path

import pytest
from django.db import connection

from accounts.closing import close_account, erase_account
from tests.api import TRACES, tracen_body
from traces.tasks import forget_deleted_words

# PostgreSQL's index is one of the table and has no pages that the product could read.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

CANARY = "zanzibarcanary"


def write(person, *texts: str) -> None:
    for text in texts:
        person.api.post(TRACES, tracen_body(prompt=text))


def blocks_with_canary() -> int:
    # The first letters of a word may be left out where the word before it begins alike.
    with connection.cursor() as cursor:
        cursor.execute("SELECT block FROM trace_search_data")
        return sum(b"canary" in bytes(block) for (block,) in cursor.fetchall())


def bytes_on_disk() -> bytes:
    path = Path(connection.settings_dict["NAME"])
    return b"".join(file.read_bytes() for file in (path, path.with_name(path.name + "-wal")) if file.exists())


@pytest.fixture
def erased(alice, charlie) -> None:
    """Alice's account, between and after texts of Charlie's, has been erased."""
    write(charlie, *(f"before number{number}" for number in range(20)))
    write(alice, CANARY, f"{CANARY} {'and a long text ' * 4_000} {CANARY}x")
    write(charlie, *(f"after number{number}" for number in range(20)))
    close_account(alice.account)
    assert erase_account(alice.account.pk)


def test_the_index_holds_no_word_of_an_erased_account(erased):
    assert blocks_with_canary()

    forget_deleted_words()

    assert blocks_with_canary() == 0


def test_the_files_hold_no_word_of_an_erased_account(erased):
    forget_deleted_words()

    assert bytes_on_disk().count(CANARY.encode()) == 0


def test_the_index_still_finds_what_stays_and_is_sound(erased):
    forget_deleted_words()

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trace_search WHERE trace_search MATCH 'number7'")
        assert cursor.fetchone() == (2,)
        cursor.execute("INSERT INTO trace_search(trace_search, rank) VALUES ('integrity-check', 1)")


def test_a_second_time_changes_nothing(erased):
    forget_deleted_words()
    before = bytes_on_disk()

    forget_deleted_words()

    assert len(bytes_on_disk()) == len(before)
