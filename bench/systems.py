"""Starts and ends what is measured: the product as `manage.py up` runs it, and the naive build, on either database."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.machine import ROOT, cpu_seconds, memory_mb
from tests.bring.postgres import bring_postgres
from tests.bring.system import free_port
from tests.services import PRODUCT_VARIABLES

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
KEYS = 8_000
"""A key has 100 requests an hour: these carry 800,000."""
KEYS_A_CASE = 500
NAIVE_ROWS = 20_000
NAIVE_KEYS = 20
"""It has no hourly window."""
_SECONDS_TO_START = 120


class System:
    """A server on a port of its own with a database of its own, and keys that it knows."""

    tables = ("", "")
    """Where it keeps a trace, and where a step."""

    def __init__(self, name: str, folder: Path, database: str, database_url: str = "") -> None:
        self.name, self.database, self.database_url = f"{name}, {database}", database, database_url
        self.folder = folder / self.name.replace(", ", "-").lower()
        self.folder.mkdir()
        self.port = free_port()
        self.keys: list[str] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._slices: Iterator[str] = iter(())

    @property
    def sqlite_file(self) -> Path:
        return self.folder / "database.sqlite3"

    def take_keys(self) -> list[str]:
        """Some of its keys, other ones with every call until all had their turn."""
        return list(islice(self._slices, KEYS_A_CASE))

    def start(self) -> float:
        """Run it; the seconds until it answered."""
        started = time.monotonic()
        self.process = self._spawn()
        while not self.is_answering():
            if self.process.poll() is not None or time.monotonic() - started > _SECONDS_TO_START:
                raise SystemExit(f"{self.name} does not start:\n{self.output_file.read_text()[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - started

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is None:
            return
        os.killpg(self.process.pid, how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def is_answering(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def pids(self) -> list[int]:
        """Its own processes and its database server's."""
        own = [self.process.pid] if self.process else []
        return own + ([_postmaster(self.database_url)] if self.database_url else [])

    def cpu_seconds(self) -> float:
        return cpu_seconds(self.pids())

    def memory_mb(self) -> float:
        """Of web and worker; a database server has many users."""
        return memory_mb([self.process.pid]) if self.process else 0.0

    @property
    def header_lines(self) -> str:
        """What an OTLP exporter has to send with each request."""
        return ""

    def stored_spans(self) -> int:
        return int(self.query(f"SELECT count(*) FROM {self.tables[1]}")[0][0])

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Asks the database itself, past the system."""
        if self.database_url:
            import psycopg

            with psycopg.connect(self.database_url) as connection:
                return connection.execute(statement).fetchall()
        import sqlite3

        with closing(sqlite3.connect(self.sqlite_file, timeout=30)) as file:
            return file.execute(statement).fetchall()

    @property
    def output_file(self) -> Path:
        return self.folder / "output"

    def _spawn(self) -> "subprocess.Popen[bytes]":
        raise NotImplementedError

    def _popen(self, command: list[str], environment: dict[str, str], stdin: Any) -> "subprocess.Popen[bytes]":
        with self.output_file.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


class Product(System):
    """The real thing."""

    tables = ("traces_trace", "traces_span")

    def __init__(self, folder: Path, database: str, database_url: str = "", keys: int = KEYS) -> None:
        super().__init__("Tracen", folder, database, database_url)
        (self.folder / "static").mkdir()
        self.keys = self.run_inside("keys", keys)
        self._slices = cycle(self.keys)

    @property
    def sqlite_file(self) -> Path:
        return self.folder / "tracen.sqlite3"

    @property
    def header_lines(self) -> str:
        return f"Authorization: Bearer {self.keys[0]}\r\n"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in PRODUCT_VARIABLES}
        place = {"TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(self.folder), "PORT": str(self.port)}
        return {**inherited, **place, **({"DATABASE_URL": self.database_url} if self.database_url else {})}

    def run_inside(self, program: str, asked: Any) -> Any:
        """What a program of bench/inside answers, in a process with this product's database."""
        finished = subprocess.run(
            [sys.executable, "-m", f"bench.inside.{program}"],
            cwd=ROOT,
            env=self.environment,
            input=json.dumps(asked),
            capture_output=True,
            text=True,
        )
        if finished.returncode:
            raise SystemExit(f"bench.inside.{program} failed:\n{finished.stderr[-2000:]}")
        return json.loads(finished.stdout)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        return self._popen([sys.executable, "manage.py", "up"], self.environment, subprocess.DEVNULL)


class Naive(System):
    """The yardstick, with rows in it."""

    tables = ("naive_trace", "naive_step")

    def __init__(self, folder: Path, database: str, database_url: str = "", rows: int = NAIVE_ROWS) -> None:
        super().__init__("naive", folder, database, database_url)
        self.keys = [f"naive-{number:060d}" for number in range(NAIVE_KEYS)]
        self._slices, self._rows = cycle(self.keys), rows

    def _spawn(self) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "NAIVE_DATABASE": self.database_url or f"sqlite://{self.sqlite_file}"}
        process = self._popen([sys.executable, "-m", "bench.naive", str(self.port)], environment, subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(json.dumps({"keys": self.keys, "rows": self._rows}).encode())
        process.stdin.close()
        return process


@contextmanager
def postgresql() -> Iterator[Any]:
    """Yields a function that makes an empty database on a real server, one that syncs its commits."""
    import psycopg

    with bring_postgres(is_durable=True) as server:

        def make(name: str) -> str:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                connection.execute(f'CREATE DATABASE "{name}"')
            return urlsplit(server)._replace(path=f"/{name}").geturl()

        yield make


@cache
def _postmaster(database_url: str) -> int:
    import psycopg

    with psycopg.connect(database_url) as connection:
        return int(psutil.Process(connection.info.backend_pid).ppid())
