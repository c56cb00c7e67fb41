"""Wakes the worker after a commit; whoever leaves work for it calls `wake`.

A message is only a nudge: what has to be done is in the database, where periodic tasks find it too. So no request waits
for the broker, let alone fails with it. A thread of its own sends the messages, one for any number of equal ones, and
after one that failed it sends none for half a minute.
"""

import logging
import os
import threading
import time
from typing import Any

from celery import Task
from django.db import transaction

logger = logging.getLogger(__name__)

SECONDS_OF_SILENCE = 30


def wake(task: Task, *arguments: Any) -> None:
    """Send `task` when the transaction has committed, or at once without one; the caller never waits for the broker."""

    def send() -> None:
        _waker_of_this_process().send(task, arguments)

    transaction.on_commit(send, robust=True)


class Waker:
    """Sends messages in the background. Those to be sent are held as a set: equal ones are sent once."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._waiting: dict[tuple[Task, tuple[Any, ...]], None] = {}
        self._changed = threading.Condition()
        self._silent_until = 0.0
        threading.Thread(target=self._keep_sending, name="waker", daemon=True).start()

    def send(self, task: Task, arguments: tuple[Any, ...]) -> None:
        """Have the message sent soon; dropped while the broker is taken to be away."""
        if time.monotonic() < self._silent_until:
            return
        with self._changed:
            self._waiting[task, arguments] = None
            self._changed.notify()

    def _keep_sending(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                waiting, self._waiting = self._waiting, {}
            self._send_all(list(waiting))

    def _send_all(self, messages: list[tuple[Task, tuple[Any, ...]]]) -> None:
        for task, arguments in messages:
            try:
                task.delay(*arguments)
            except Exception as trouble:  # noqa: BLE001 - brokers fail in the ways of their drivers
                self._silent_until = time.monotonic() + SECONDS_OF_SILENCE
                logger.warning(
                    "The broker is away (%s). What is to be done is stored, and done when it is back.", trouble
                )
                return


_waker: Waker | None = None
_making = threading.Lock()


def _waker_of_this_process() -> Waker:
    """One for each process: a server that forks after loading the program leaves the thread behind."""
    global _waker  # noqa: PLW0603 - one thread for the whole process
    with _making:
        if _waker is None or _waker.process != os.getpid():
            _waker = Waker()
        return _waker
