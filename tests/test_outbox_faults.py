"""Mail through a real mail server that refuses, hangs and drops: delayed or given up with its words, never lost."""

from datetime import timedelta

import pytest
import time_machine
from django.core.mail import EmailMultiAlternatives, send_mail
from django.core.management import call_command
from django.utils import timezone

from tests.mail_sink import MailSink
from tracen.outbox import delivery
from tracen.outbox.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.fault]


@pytest.fixture
def sink(settings, monkeypatch):
    """The server that the outbox hands mail to; nothing is handed over before a test says so."""
    monkeypatch.setattr(delivery, "wake_for", lambda kind: None)
    with MailSink() as sink:
        settings.EMAIL_BACKEND = "tracen.outbox.mail.EmailBackend"
        settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 0.5
        yield sink


def write(*readers: str) -> None:
    send_mail("Hello ✨", "text", None, list(readers or ("ada@example.com",)))


def deliver(minutes_later: float = 0) -> int:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes_later)):
        return delivery.deliver_due("mail")


def test_each_reader_gets_a_mail_with_an_id_of_its_own(sink):
    write("ada@example.com", "bob@example.com")
    assert deliver() == 2
    assert sorted(str(mail["To"]) for mail in sink.mails) == ["ada@example.com", "bob@example.com"]
    assert len({mail["Message-ID"] for mail in sink.mails}) == 2


def test_both_forms_of_a_mail_arrive_text_first(sink):
    message = EmailMultiAlternatives("Hello", "as text", None, ["ada@example.com"])
    message.attach_alternative("<p>as HTML</p>", "text/html")
    message.send()
    deliver()
    parts = [(part.get_content_type(), part.get_content().strip()) for part in sink.mails[0].iter_parts()]
    assert parts == [("text/plain", "as text"), ("text/html", "<p>as HTML</p>")]


@pytest.mark.parametrize("trouble", ["451 come back later", "421 too many connections"])
def test_a_server_that_says_later_gets_it_later(sink, trouble):
    sink.answer = trouble
    write()
    assert deliver() == 0
    row = Delivery.objects.get()
    assert row.given_up_at is None
    assert trouble[:3] in row.last_error
    sink.answer = "250 OK"
    assert deliver(minutes_later=1) == 1
    assert len({mail["Message-ID"] for mail in sink.tried}) == 1


def test_a_server_that_says_never_ends_it_and_the_operator_sees_why(sink, capsys):
    sink.answer = "550 no such user here"
    write()
    deliver()
    assert Delivery.objects.get().given_up_at is not None
    call_command("outbox")
    assert "550 no such user here" in capsys.readouterr().out
    sink.answer = "250 OK"
    call_command("outbox", "--retry")
    assert deliver() == 1


def test_a_server_that_hangs_is_left_after_the_time_limit(sink):
    sink.answer = "hang"
    write()
    assert deliver() == 0
    sink.answer = "250 OK"
    assert deliver(minutes_later=1) == 1


def test_a_mail_that_was_taken_without_a_word_comes_again_under_the_same_id(sink):
    sink.answer = "drop"
    write()
    assert deliver() == 0
    sink.answer = "250 OK"
    assert deliver(minutes_later=1) == 1
    first, second = sink.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_is_gone_is_asked_once_for_all_that_waits(sink):
    for number in range(5):
        write(f"reader{number}@example.com")
    sink.close()
    assert deliver() == 0
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 0, 0, 1]
    sink.open()
    assert deliver(minutes_later=1) == 5


def test_one_refused_mail_does_not_hold_up_the_others(sink):
    sink.refused = {"bob@example.com"}
    for reader in ("ada", "bob", "eve"):
        write(f"{reader}@example.com")
    assert deliver() == 2
    assert Delivery.objects.get().last_error.startswith("550")


@pytest.mark.parametrize("refusal", ["550 sender not allowed here", "530 sign in first", "553 who are you"])
def test_a_server_that_refuses_the_sender_gives_up_no_mail(sink, settings, refusal):
    sink.answer_to_sender = refusal
    for number in range(3):
        write(f"reader{number}@example.com")
    assert deliver() == 0
    assert not Delivery.objects.exclude(given_up_at=None).exists()
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    assert Delivery.objects.get(attempts=1).last_error == f"The server does not take our mail: {refusal}"

    sink.answer_to_sender, settings.DEFAULT_FROM_EMAIL = "", "Tracen <right@example.com>"
    assert deliver(minutes_later=1) == 3
    assert {mail["From"] for mail in sink.mails} == {"Tracen <right@example.com>"}


def test_a_server_that_wants_a_login_for_each_reader_gives_up_no_mail(sink):
    sink.answer = "530 authentication required"
    write()
    deliver()
    assert Delivery.objects.get().given_up_at is None


def test_a_mail_says_that_a_program_wrote_it(sink):
    write()
    deliver()
    assert sink.mails[0]["Auto-Submitted"] == "auto-generated"
    assert sink.mails[0]["X-Auto-Response-Suppress"] == "All"
