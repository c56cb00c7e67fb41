"""Alerts under `manage.py up`: in a real mail server's hands within seconds, whatever is killed on the way."""

import json
import signal
import socket
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.api import NEXUS, nexus_body
from tests.bring.redis import find_redis
from tests.bring.system import free_port, start_service, stop_service
from tests.live import LiveServer, live_server
from tests.mail_sink import MailSink

pytestmark = [pytest.mark.fault, pytest.mark.slow]

OWNER = "owner@example.com"
# As a web process that is killed right after the commit, before it could send any message.
FAIL_WITHOUT_A_WORD = """
import os
from tracen.outbox import delivery
delivery.wake = lambda *_: None
from accounts.models import Account
from traces.ingest import record_trace
from traces.tests.runs import run
from traces.records import TraceStatus
record_trace(Account.objects.get(name="owner@example.com"), run(name="unheard", status=TraceStatus.ERROR))
os._exit(0)
"""

MAKE_ALL_DUE = """
from django.utils import timezone
from tracen.outbox.models import Delivery
Delivery.objects.update(due_at=timezone.now())
"""


class Product:
    """The running product with a mail server behind it, and an owner on Pro."""

    def __init__(self, server: LiveServer, sink: MailSink) -> None:
        self.server, self.sink = server, sink
        self.key = server.run_command("create_api_key", OWNER, "--plan", "unlimited")

    def fail(self, agent: str = "research-agent", name: str = "nightly-report") -> float:
        """Post a failed trace; how many seconds the answer took."""
        body = json.dumps(nexus_body(agent_id=agent, name=name, status="error")).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server.base_url}{NEXUS}", body, headers)
        started = time.monotonic()
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 201
        return time.monotonic() - started

    def workers(self) -> list[psutil.Process]:
        assert self.server.process is not None
        return psutil.Process(self.server.process.pid).children(recursive=True)

    def outbox(self) -> list[str]:
        return self.server.run_command("outbox").splitlines()

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.sink.mails]


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextmanager
def product(**environment: str) -> Iterator[Product]:
    with MailSink() as sink, live_server(EMAIL_URL=sink.url, **environment) as server:
        yield Product(server, sink)


@contextmanager
def own_redis(folder: Path, port: int) -> Iterator[int]:
    """A Redis that the test may kill; its process id."""
    command = [find_redis(), "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    process = start_service(command, folder / "log")
    try:
        assert wait_until(lambda: is_open(port), 30), (folder / "log").read_text()
        yield process.pid
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
        stop_service(process, signal.SIGTERM)


def test_a_failed_trace_is_in_the_mail_server_within_five_seconds():
    with product() as running:
        # The worker takes a few seconds to be there after the start.
        running.fail(agent="first")
        assert running.sink.wait_for(1, 30), running.server.output

        running.fail(agent="second")

        assert running.sink.wait_for(2, 5), running.server.output
        assert running.subjects[1] == "second failed: nightly-report"
        assert running.sink.mails[1]["To"] == OWNER


def test_what_no_message_told_of_is_found_by_the_sweep():
    with product() as running:
        running.server.run_command("shell", "-v0", "-c", FAIL_WITHOUT_A_WORD)
        assert running.sink.wait_for(1, 40), running.server.output
        assert running.subjects == ["assistant failed: unheard"]


def test_a_worker_that_is_killed_amid_twenty_mails_loses_none():
    with product() as running:
        running.sink.slowness = 0.2
        for number in range(20):
            running.fail(agent=f"agent-{number}")
        assert running.sink.wait_for(6, 60), running.server.output

        for process in running.workers():
            process.kill()

        assert running.sink.wait_for(20, 120), running.server.output
        # The row that the worker held, if it held one, comes again when its lease is over: now.
        assert wait_until(lambda: running.outbox()[0][:2] in ("0 ", "1 "), 60), running.server.output
        running.server.run_command("shell", "-v0", "-c", MAKE_ALL_DUE)
        assert wait_until(lambda: running.outbox()[0] == "0 waiting", 60), running.server.output
        ids = [mail["Message-ID"] for mail in running.sink.mails]
        assert len(ids) <= 21, "more than one came twice"
        assert {str(mail["Subject"]) for mail in running.sink.mails} == {
            f"agent-{number} failed: nightly-report" for number in range(20)
        }


def test_a_mail_server_that_is_down_delays_and_loses_nothing():
    with product() as running:
        running.fail(agent="warm")
        assert running.sink.wait_for(1, 30), running.server.output
        running.sink.close()
        for number in range(5):
            running.fail(agent=f"agent-{number}")
        # One has been tried, and none of the others after it.
        assert wait_until(lambda: "refused" in "".join(running.outbox()), 30), running.outbox()
        assert running.outbox()[0].startswith("5 waiting")
        running.sink.open()
        running.server.run_command("shell", "-v0", "-c", MAKE_ALL_DUE)
        assert running.sink.wait_for(6, 60), running.server.output
        assert wait_until(lambda: running.outbox() == ["0 waiting", "0 given up"], 30)


@pytest.mark.one_database
def test_a_broker_that_goes_away_is_told_in_lines_and_not_in_tracebacks(tmp_path):
    port = free_port()
    with own_redis(tmp_path, port) as pid, product(REDIS_URL=f"redis://127.0.0.1:{port}/0") as running:
        running.fail()
        assert running.sink.wait_for(1, 30), running.server.output
        psutil.Process(pid).kill()
        assert wait_until(lambda: "Connection to broker lost" in running.server.output, 30), running.server.output
        running.server.stop()
        assert "Traceback" not in running.server.output, running.server.output


@pytest.mark.one_database
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_no_request_waits_for_a_broker_that_is_away(tmp_path, blow):
    """A typical answer takes as long as before, and none waits for a time limit. Of the slow tail the machine decides:
    bench measures it.
    """
    port = free_port()
    with own_redis(tmp_path, port) as pid, product(REDIS_URL=f"redis://127.0.0.1:{port}/0") as running:
        running.fail(agent="warm")
        assert running.sink.wait_for(1, 30), running.server.output
        before = [running.fail(agent=f"before-{number}") for number in range(25)]
        assert running.sink.wait_for(26, 60), running.server.output

        psutil.Process(pid).send_signal(blow)
        away = [running.fail(agent=f"away-{number}") for number in range(25)]

        assert statistics.median(away) < statistics.median(before) + 0.1
        assert max(away) < max(before) + 1
        if blow == signal.SIGKILL:
            assert running.server.output.count("The broker is away") == 1
            with own_redis(tmp_path, port):
                assert running.sink.wait_for(51, 60), running.server.output
        else:
            psutil.Process(pid).send_signal(signal.SIGCONT)
            assert running.sink.wait_for(51, 60), running.server.output
