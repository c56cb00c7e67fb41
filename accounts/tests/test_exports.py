"""The export: everything of the account and nothing else, for its members, for a week."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts import exports
from accounts.closing import close_account
from accounts.models import Export
from accounts.tasks import forget_old_exports, write_export, write_waiting_exports
from tests.api import NEXUS, TRACES, span_body, tracen_body

pytestmark = pytest.mark.django_db

START = "/dashboard/settings/export"


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def sent(monkeypatch, prompt_waker, django_capture_on_commit_callbacks) -> list[str]:
    """The ids that a worker was asked to write."""
    ids: list[str] = []
    monkeypatch.setattr(write_export, "delay", ids.append)
    return ids


def enter(person) -> Client:
    client = Client()
    client.force_login(person.user)
    return client


def finished(person) -> Export:
    export, _ = exports.request_export(person.account)
    write_export(str(export.pk))
    export.refresh_from_db()
    return export


def read(client: Client, export: Export) -> dict[str, list[dict]]:
    """What is in the downloaded file, by table."""
    answer = client.get(f"/dashboard/settings/exports/{export.pk}")
    archive = zipfile.ZipFile(io.BytesIO(answer.getvalue()))
    return {name: [json.loads(line) for line in archive.read(name).splitlines()] for name in archive.namelist()}


def test_it_holds_everything_of_the_account_and_nothing_of_a_stranger(alice, charlie):
    alice.api.post(TRACES, tracen_body(prompt="Größe 📏 of alice"), headers={"Idempotency-Key": "once"})
    charlie.api.post(TRACES, tracen_body(prompt="of charlie"))
    export = finished(alice)
    found = read(enter(alice), export)
    assert found["account.json"][0]["members"][0]["email"] == "alice@example.com"
    assert found["traces_tracepayload.jsonl"][0]["prompt"] == "Größe 📏 of alice"
    assert len(found["traces_trace.jsonl"]) == len(found["traces_sharelink.jsonl"]) == 1
    assert [key["name"] for key in found["accounts_apikey.jsonl"]] == ["alice's key"]
    assert "charlie" not in json.dumps(found)
    assert export.rows_done == export.rows_total == sum(len(rows) for rows in found.values()) - 1


def test_what_went_in_and_out_of_a_span_can_be_read_in_it(alice):
    trace_id = alice.api.create_trace()
    for text in ("Größe 📏", "x" * 1_000):
        alice.api.post(f"{NEXUS}/{trace_id}/spans", span_body(input={"text": text}, output=None, error=None))
    rows = read(enter(alice), finished(alice))["traces_spanpack.jsonl"]
    assert [row["trace_id"] for row in rows] == [trace_id] * 2
    assert [json.loads(span["input"]) for row in rows for span in row["spans"]] == [
        {"text": "Größe 📏"},
        {"text": "x" * 1_000},
    ]


def test_a_keys_digest_stays_here(alice):
    assert "digest" not in read(enter(alice), finished(alice))["accounts_apikey.jsonl"][0]


def test_a_teammate_may_have_it_and_a_stranger_finds_nothing(alice, bob, charlie):
    path = f"/dashboard/settings/exports/{finished(alice).pk}"
    answer = enter(bob).get(path)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="tracen-')
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.getvalue().startswith(b"PK")
    assert enter(charlie).get(path).status_code == 404
    assert Client().get(path).status_code == 302


def test_asking_starts_a_worker_once_while_it_runs(alice, sent, django_capture_on_commit_callbacks):
    client = enter(alice)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(START)["Location"] == "/dashboard/settings#export"
        client.post(START)
    assert sent == [str(Export.objects.get().pk)]
    assert "Waiting" in client.get("/dashboard/settings").text


def test_it_is_asked_for_by_post_only(alice):
    assert enter(alice).get(START).status_code == 405
    assert not Export.objects.exists()


def test_the_page_tells_how_far_it_is(alice):
    Export.objects.create(account=alice.account, rows_done=1_500, rows_total=6_000)
    page = enter(alice).get("/dashboard/settings").text
    assert "Writing: 1,500 of 6,000 rows" in page
    assert '<rect width="25.0%"' in page


def test_an_unfinished_one_cannot_be_had(alice):
    export = Export.objects.create(account=alice.account)
    assert enter(alice).get(f"/dashboard/settings/exports/{export.pk}").status_code == 404


def test_a_failure_is_told_and_leaves_no_half_file(alice, monkeypatch, tmp_path, caplog):
    export, _ = exports.request_export(alice.account)
    monkeypatch.setattr(exports, "_line", lambda row: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_export(str(export.pk))
    assert "The last export failed" in enter(alice).get("/dashboard/settings").text
    assert list((tmp_path / "exports").iterdir()) == []
    assert exports.request_export(alice.account)[1], "another one may be asked for"


def test_writing_twice_is_writing_once(alice):
    export = finished(alice)
    write_export(str(export.pk))
    before = export.finished_at
    export.refresh_from_db()
    assert export.finished_at == before


def test_it_is_gone_after_a_week(alice):
    export = finished(alice)
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        forget_old_exports()
    assert exports.file_of(export).exists()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        forget_old_exports()
    assert not exports.file_of(export).exists()
    assert not Export.objects.exists()


def test_one_whose_message_was_lost_is_written_all_the_same(alice):
    export = Export.objects.create(account=alice.account)
    write_waiting_exports()
    assert not exports.file_of(export).exists(), "a worker may be about to begin"
    Export.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    write_waiting_exports()
    assert exports.file_of(export).exists()


def test_one_that_no_worker_finished_is_given_up(alice):
    Export.objects.create(account=alice.account, created_at=timezone.now() - timedelta(hours=7))
    forget_old_exports()
    assert exports.request_export(alice.account)[1]


def test_it_goes_with_the_account(alice):
    export = finished(alice)
    close_account(alice.account)
    assert not exports.file_of(export).exists()


def test_one_that_is_written_while_the_account_goes_leaves_no_file(alice, monkeypatch, tmp_path):
    export, _ = exports.request_export(alice.account)
    write = exports._write
    monkeypatch.setattr(exports, "_write", lambda *given: (write(*given), close_account(alice.account)))
    write_export(str(export.pk))
    assert list((tmp_path / "exports").iterdir()) == []
