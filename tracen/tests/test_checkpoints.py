"""SQLite's log is copied into its file by a thread, after some commits, and nobody who writes waits for it."""

import sqlite3
import threading
import time
from pathlib import Path
from queue import SimpleQueue
from unittest.mock import Mock

import pytest
from django.db import connection, transaction

from accounts.models import Account
from accounts.plans import FREE
from tests.api import TRACES, tracen_body
from tracen.lib import checkpoints
from tracen.lib.checkpoints import COMMITS_BETWEEN, copy_log, empty_log, note_commit

# PostgreSQL copies its own log.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture
def copied(monkeypatch):
    """Who copied, one after the other; the first time it fails."""
    monkeypatch.setattr(checkpoints, "_copier", checkpoints._Copier())
    copied = SimpleQueue()

    def copy():
        copied.put(threading.current_thread().name)
        if copied.qsize() == 1:
            raise OSError("The disk is full.")

    monkeypatch.setattr(checkpoints, "copy_log", copy)
    return copied


def test_every_eighth_commit_has_the_log_copied_by_a_thread(copied):
    for _ in range(COMMITS_BETWEEN - 1):
        note_commit()
    assert checkpoints._copier._thread is None
    note_commit()
    assert copied.get(timeout=20) == "checkpoints"


def test_it_goes_on_when_it_has_failed(copied, caplog):
    for _ in range(2):
        for _ in range(COMMITS_BETWEEN):
            note_commit()
        assert copied.get(timeout=20) == "checkpoints"
    assert "was not copied (The disk is full.)" in caplog.text


def test_what_is_stored_through_the_api_counts(copied, unlimited):
    for _ in range(COMMITS_BETWEEN):
        unlimited.api.post(TRACES, tracen_body())
    assert copied.get(timeout=20) == "checkpoints"


def test_what_is_not_committed_does_not_count(copied):
    with transaction.atomic():
        for _ in range(COMMITS_BETWEEN):
            note_commit()
    assert copied.empty()


def test_who_has_committed_is_told_nothing_of_a_thread_that_is_not_to_be_had(copied, monkeypatch, caplog):
    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))
        for _ in range(COMMITS_BETWEEN):
            note_commit()
    assert "can't start new thread" in caplog.text
    for _ in range(COMMITS_BETWEEN):
        note_commit()
    assert copied.get(timeout=20) == "checkpoints"


def size_of_log() -> int:
    path = Path(connection.settings_dict["NAME"])
    return path.with_name(path.name + "-wal").stat().st_size


def file_has(text: str) -> bool:
    return text.encode() in Path(connection.settings_dict["NAME"]).read_bytes()


def test_copied_is_what_was_written():
    empty_log()
    Account.objects.create(name="zanzibar-canary", plan_slug=FREE.slug)
    assert not file_has("zanzibar-canary")
    copy_log()
    assert file_has("zanzibar-canary")
    assert size_of_log() > 0
    empty_log()
    assert size_of_log() == 0


def test_emptying_it_waits_for_a_reader_and_lets_others_write_meanwhile():
    Account.objects.create(name="one", plan_slug=FREE.slug)
    reader = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM accounts_account").fetchall()
    emptying = threading.Thread(target=lambda: (empty_log(), connection.close()))
    emptying.start()
    for number in range(3):
        time.sleep(0.2)
        Account.objects.create(name=str(number), plan_slug=FREE.slug)
    assert emptying.is_alive()
    reader.close()
    emptying.join(20)
    assert (emptying.is_alive(), size_of_log()) == (False, 0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (10_000,)
