"""Mail by way of the outbox: the EMAIL_BACKEND of the product stores it, and the outbox hands it to the real one.

So nobody who sends mail with Django's functions waits for a mail server or fails with it, and a page takes as long for
an address that gets a mail as for one that does not.
"""

import smtplib
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from tracen.outbox.delivery import GiveUp, TryLater, Unreachable, put
from tracen.outbox.models import Delivery

_PERMANENT = 500
"""SMTP answers from here on are final; those below invite to another try (RFC 5321, 4.2.1)."""


class EmailBackend(BaseEmailBackend):
    """Stores each mail for each of its readers, so that one bad address does not hold up the others."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with transaction.atomic():
            for message in email_messages:
                put_mail(message)
        return len(email_messages)


def put_mail(message: EmailMessage, account_id: int | None = None) -> None:
    """Store a mail for each of its readers, in the caller's transaction; with an account it goes when that goes."""
    for reader in message.recipients():
        put("mail", _stored(message, reader), account_id)


def send(delivery: Delivery, body: dict[str, Any]) -> None:
    """Hand one stored mail to the server. Its Message-ID is the row's, so a second copy is known as one."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    message = EmailMultiAlternatives(
        subject=body["subject"],
        body=body["text"],
        from_email=body["from"],
        to=[body["to"]],
        reply_to=body["reply_to"],
        headers={**body["headers"], "Message-ID": f"<{delivery.id}@{host}>"},
        connection=get_connection(settings.MAIL_TRANSPORT),
    )
    if body["html"]:
        message.attach_alternative(body["html"], "text/html")
    _hand_over(message)


def _hand_over(message: EmailMessage) -> None:
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        ((code, words),) = refusal.recipients.values()
        raise _verdict(code, words) from refusal
    except smtplib.SMTPAuthenticationError as refusal:
        # The operator's settings are wrong, the mail is not.
        raise Unreachable(f"The mail server refuses our name: {refusal}") from refusal
    except smtplib.SMTPResponseException as refusal:
        raise _verdict(refusal.smtp_code, refusal.smtp_error) from refusal
    except (OSError, smtplib.SMTPException) as trouble:
        raise Unreachable(f"{type(trouble).__name__}: {trouble}") from trouble


def _verdict(code: int, words: bytes | str) -> Exception:
    said = f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"
    return GiveUp(said) if code >= _PERMANENT else TryLater(said)


def _stored(message: EmailMessage, reader: str) -> dict[str, Any]:
    html = [str(part.content) for part in getattr(message, "alternatives", []) if part.mimetype == "text/html"]
    return {
        "subject": str(message.subject),
        "text": str(message.body),
        "html": html[0] if html else "",
        "from": message.from_email,
        "to": reader,
        "reply_to": list(message.reply_to),
        "headers": {name: str(value) for name, value in message.extra_headers.items()},
    }
