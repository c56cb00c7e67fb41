"""Real servers and a real browser for tests: the product as `manage.py up` runs it, each with a database of its own.

A pytest plugin beside tests.services, which decides by the run's environment whether that database is SQLite or
PostgreSQL. Any test may use the fixtures `live_server_process`, `browser` and `page`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.bring.chromium import find_chromium
from tests.bring.system import free_port
from tests.services import LIVE_REDIS_NUMBER, PRODUCT_VARIABLES, claimed_database, redis_address, worker_number

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 60
PATIENCE_MS = 15_000
"""How long a page may take to become what is expected of it: the machine may be busy with other tests."""
BROWSER_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class LiveServer:
    """The running product in its own data folder, on its own port."""

    def __init__(self, data_dir: Path, environment: dict[str, str]) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name not in PRODUCT_VARIABLES}
        place = {"TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(data_dir), "PORT": str(self.port)}
        self.environment = {**inherited, **place, **environment}
        self.output_file = data_dir.with_suffix(".output")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        """What all starts of the server have printed so far."""
        return self.output_file.read_text() if self.output_file.exists() else ""

    def run_command(self, *arguments: str) -> str:
        """What `manage.py <arguments>` prints on this server's data, without the last line break."""
        command = [sys.executable, "manage.py", *arguments]
        finished = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120)
        assert finished.returncode == 0, f"{' '.join(arguments)}: {finished.stdout}{finished.stderr}"
        return finished.stdout.rstrip("\n")

    def start(self) -> None:
        """Starts the product and returns when it answers."""
        with self.output_file.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.is_answering():
            assert self.process.poll() is None, f"The server ended while starting:\n{self.output}"
            assert time.monotonic() < deadline, f"The server does not answer:\n{self.output}"
            time.sleep(0.05)

    def is_answering(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def kill9(self) -> None:
        """Ends the server as a power cut would: no handler runs, nothing is flushed by the program."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ends the server with SIGTERM; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise

    def restart(self) -> None:
        """Starts again on the same data, ending the server first if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.start()


@contextmanager
def live_server(**environment: str) -> Iterator[LiveServer]:
    """Runs the product with an empty database of the run's kind; `environment` adds settings, as in PORT="abc"."""
    folder = Path(tempfile.mkdtemp(prefix="tracen-live-"))
    with fresh_database() as services:
        server = LiveServer(folder / "data", {**services, **environment})
        server.data_dir.mkdir()
        _give_static_files(server.data_dir)
        try:
            server.start()
            yield server
        finally:
            # An orderly end takes seconds and is what tests/test_up.py is about; the worker dies with its parent.
            if server.process is not None and server.process.poll() is None:
                server.kill9()
            shutil.rmtree(folder, ignore_errors=True)


def _give_static_files(data_dir: Path) -> None:
    """Those that the run has collected, with the mark of a start that did: compressing them is half of a start."""
    # The settings, which this needs, are read after the run's plugins.
    from tracen.management.static_files import fingerprint

    collected = Path(os.environ["TRACEN_TEST_ROOT"]) / "static"
    (data_dir / "static").symlink_to(collected)
    (data_dir / "static-sources.sha256").write_text(fingerprint())


@contextmanager
def fresh_database() -> Iterator[dict[str, str]]:
    """Yields the settings of an empty database: a new one on PostgreSQL, with Redis beside it, or SQLite's default."""
    if claimed_database() == "sqlite":
        yield {}
        return
    import psycopg
    import redis

    server, name = os.environ["TEST_DATABASE_URL"], f"live_{uuid4().hex}"
    redis_url = redis_address(number=LIVE_REDIS_NUMBER + worker_number())
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield {"DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl(), "REDIS_URL": redis_url}
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def live_server_process() -> Iterator[LiveServer]:
    """A server that only this test uses."""
    with live_server() as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One Chromium for the whole run; take `page` or open contexts of your own."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), headless=True, args=BROWSER_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A page with no cookies and an empty cache."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
