"""Mails on a server that keeps them as files, and what is forgotten of them."""

import os
import time

import pytest
from django.core.mail import send_mail

from tracen.outbox import delivery, mail, tasks
from tracen.outbox.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stored(settings, monkeypatch, tmp_path):
    settings.EMAIL_BACKEND = "tracen.outbox.mail.EmailBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    monkeypatch.setattr(delivery, "wake_for", lambda kind: None)


def keep_mail_to(reader, folder):
    """The file of one mail, renamed: Django's name is of the second and of a place in memory, which may come again."""
    before = set(folder.iterdir())
    send_mail("Hello", "text", None, [f"{reader}@example.com"])
    delivery.deliver_due("mail")
    (written,) = set(folder.iterdir()) - before
    return written.rename(folder / f"{reader}.log")


def test_a_mail_that_is_kept_as_a_file_is_forgotten_after_a_month(tmp_path):
    old, new = (keep_mail_to(reader, tmp_path) for reader in ("old", "new"))
    month_ago = time.time() - mail.FILES_KEPT.total_seconds() - 60
    os.utime(old, (month_ago, month_ago))

    tasks.forget_mail_files()

    assert list(tmp_path.iterdir()) == [new]


def test_a_server_that_has_written_no_file_has_nothing_to_forget(settings, tmp_path):
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    assert mail.forget_old_files() == 0


def test_what_is_stored_for_an_address_is_forgotten_however_it_is_written():
    send_mail("Hello", "text", None, ["Ada@Example.com", "bob@example.com"])
    mail.forget_mail_to("ada@example.COM")
    assert [row.group for row in Delivery.objects.all()] == ["bob@example.com"]
