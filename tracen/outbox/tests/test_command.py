"""`manage.py outbox`: an operator sees what waits and why, and has it tried again."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from tracen.outbox import delivery
from tracen.outbox.management.commands import outbox as outbox_command
from tracen.outbox.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr(delivery, "wake_for", lambda kind: None)


def outbox(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("outbox", *arguments, stdout=out)
    return out.getvalue().splitlines()


def given_up(reason: str) -> Delivery:
    row = delivery.put("mail", {"text": "a secret"})
    Delivery.objects.filter(pk=row.pk).update(given_up_at=timezone.now(), attempts=1, last_error=reason)
    return row


def test_an_empty_outbox_is_two_lines():
    assert outbox() == ["0 waiting", "0 given up"]


def test_it_names_what_waits_and_what_was_given_up_with_the_reason():
    waiting, lost = delivery.put("alert", {"alert": 1}), given_up("550 no such user")
    assert outbox() == [
        "1 waiting: 1 alert",
        f"  alert {waiting.pk}  since just now, 0 tries",
        "1 given up: 1 mail",
        f"  mail {lost.pk}  since just now, 1 try: 550 no such user",
    ]


def test_it_shows_nothing_of_what_is_in_a_mail_and_no_commands_of_the_other_side():
    given_up("550 \x1b[2Jgone")
    printed = "\n".join(outbox())
    assert "secret" not in printed
    assert "\x1b" not in printed


def test_retry_makes_all_that_was_given_up_due_again():
    given_up("550 no such user")
    assert outbox("--retry")[-1] == "1 will be tried again."
    assert delivery.due_kinds() == ["mail"]


def test_it_lists_the_newest_and_counts_the_rest_by_kind(monkeypatch):
    monkeypatch.setattr(outbox_command, "NEWEST", 2)
    for kind in ("alert", "mail", "mail", "mail"):
        delivery.put(kind, {})
    assert outbox()[0] == "4 waiting: 1 alert, 3 mail"
    assert [line.split()[0] for line in outbox()[1:4]] == ["mail", "mail", "and"]
    assert outbox()[3] == "  and 2 older; --all lists them"
    assert len(outbox("--all")) == 6
