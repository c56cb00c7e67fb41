"""A real mail server for tests, which accepts, refuses, hangs or drops the connection as it is told."""

import asyncio
import email
import email.policy
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.bring.system import free_port


class MailSink:
    """Listens on 127.0.0.1 until the `with` block ends; `mails` are those that it said 250 to.

    `answer` is what it says after the text of a mail: "250 OK", a refusal such as "451 later" or "550 no", "hang" for
    nothing at all, or "drop" to take the mail and break off before saying so. `answer_to_sender` refuses the sender.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.answer = "250 OK"
        self.tried: list[EmailMessage] = []
        self.mails: list[EmailMessage] = []
        self.slowness = 0.0
        self.refused: set[str] = set()
        self.answer_to_sender = ""
        self._changed = threading.Condition()
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> "MailSink":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answer_to_sender:
            return self.answer_to_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        with self._changed:
            self.tried.append(mail)
            if self.answer.startswith("250") or self.answer == "drop":
                self.mails.append(mail)
            self._changed.notify_all()
        if self.slowness:
            await asyncio.sleep(self.slowness)
        if self.answer == "hang":
            await asyncio.sleep(30)
        if self.answer == "drop":
            server.transport.abort()
        return self.answer if self.answer[0].isdigit() else "250 OK"

    def wait(self, enough: Callable[["MailSink"], bool], seconds: float) -> bool:
        """Whether `enough` came true within the time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not enough(self):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True

    def wait_for(self, count: int, seconds: float) -> bool:
        """Whether so many different mails were taken within the time."""
        return self.wait(lambda sink: len({mail["Message-ID"] for mail in sink.mails}) >= count, seconds)
