"""Mail by way of the outbox: the EMAIL_BACKEND of the product stores it, and the outbox hands it to the real one.

So nobody who sends mail with Django's functions waits for a mail server or fails with it, and a page takes as long for
an address that gets a mail as for one that does not.
"""

import smtplib
import time
from collections.abc import Sequence
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from tracen.outbox.delivery import GiveUp, TryLater, Unreachable, forget, put
from tracen.outbox.models import Delivery

FILES_KEPT = timedelta(days=30)
_WRITTEN_BY_A_PROGRAM = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
"""So that no absence note comes back (RFC 3834)."""
_PERMANENT = 500
"""SMTP answers from here on are final; those below invite to another try (RFC 5321, 4.2.1)."""
_NOT_SIGNED_IN = (530, 534, 535, 538)
"""The server wants a login, another one, or an encrypted connection for it (RFC 4954, 6)."""


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
        put("mail", _stored(message, reader), account_id, group=reader.lower())


def forget_mail_to(reader: str) -> None:
    """Delete what is stored for an address: what waits, and what was given up."""
    forget("mail", reader.lower())


def forget_old_files() -> int:
    """Delete what a server without EMAIL_URL has kept as files for a month; how many that was."""
    before = time.time() - FILES_KEPT.total_seconds()
    old = [file for file in Path(settings.EMAIL_FILE_PATH).glob("*.log") if file.stat().st_mtime < before]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def send(delivery: Delivery, body: dict[str, Any]) -> None:
    """Hand one stored mail to the server. Its Message-ID is the row's, so a second copy is known as one.

    The sender is the present one: a mail that was stored under a wrong EMAIL_FROM leaves under the right one.
    """
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    message = EmailMultiAlternatives(
        subject=body["subject"],
        body=body["text"],
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[body["to"]],
        reply_to=body["reply_to"],
        headers={**_WRITTEN_BY_A_PROGRAM, **body["headers"], "Message-ID": f"<{delivery.id}@{host}>"},
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
    except smtplib.SMTPDataError as refusal:
        raise _verdict(refusal.smtp_code, refusal.smtp_error) from refusal
    except smtplib.SMTPResponseException as refusal:
        # Our sender, our login or our greeting is refused: the operator's settings are wrong, the mail is not.
        raise Unreachable(
            f"The server does not take our mail: {_said(refusal.smtp_code, refusal.smtp_error)}"
        ) from refusal
    except (OSError, smtplib.SMTPException) as trouble:
        raise Unreachable(f"{type(trouble).__name__}: {trouble}") from trouble


def _verdict(code: int, words: bytes | str) -> Exception:
    """What the refusal of one reader, or of one mail's text, means."""
    said = _said(code, words)
    if code in _NOT_SIGNED_IN:
        return Unreachable(f"The server does not take our mail: {said}")
    return GiveUp(said) if code >= _PERMANENT else TryLater(said)


def _said(code: int, words: bytes | str) -> str:
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def _stored(message: EmailMessage, reader: str) -> dict[str, Any]:
    html = [str(part.content) for part in getattr(message, "alternatives", []) if part.mimetype == "text/html"]
    return {
        "subject": str(message.subject),
        "text": str(message.body),
        "html": html[0] if html else "",
        "to": reader,
        "reply_to": list(message.reply_to),
        "headers": {name: str(value) for name, value in message.extra_headers.items()},
    }
