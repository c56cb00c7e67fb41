"""Other products from PyPI, installed into a scratch folder and measured beside ours: `manage.py bench --peers`.

All are sent the same OTLP. An answer counts for nothing until the span is in the product's own database: `stored` says
when.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from bench.load import put_load
from bench.systems import SQLITE, System

PACKAGES = {"Phoenix": "arize-phoenix==20.26.1", "MLflow": "mlflow==3.17.2"}
WARM_UP = 4
"""Their first request loads half of their code."""
LONGEST_WAIT = 60
"""Seconds that a product gets to store what it has acknowledged."""


class Peer(System):
    """Another product on SQLite, its own default."""

    tables = ("", "spans")

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name, folder, SQLITE)
        self.venv = folder / f"venv-{name.lower()}"

    def install(self) -> None:
        """CalledProcessError where there is no registry."""
        subprocess.run([sys.executable, "-m", "venv", str(self.venv)], check=True)
        command = [str(self.venv / "bin" / "pip"), "install", "--quiet", PACKAGES[self.name.split(",")[0]]]
        subprocess.run(command, check=True, capture_output=True)

    def installed_mb(self) -> float:
        blocks = sum(file.lstat().st_blocks for file in self.venv.rglob("*"))
        return blocks * 512 / 1e6


class Phoenix(Peer):
    @property
    def sqlite_file(self) -> Path:
        return self.folder / "phoenix.db"

    def is_answering(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.port}/healthz")

    def _spawn(self) -> "subprocess.Popen[bytes]":
        place = {"PHOENIX_WORKING_DIR": str(self.folder), "PHOENIX_PORT": str(self.port), "PHOENIX_HOST": "127.0.0.1"}
        more = {"PHOENIX_GRPC_PORT": str(self.port + 1), "PHOENIX_TELEMETRY_ENABLED": "false"}
        command = [str(self.venv / "bin" / "phoenix"), "serve"]
        return self._popen(command, {**os.environ, **place, **more}, subprocess.DEVNULL)


class MLflow(Peer):
    @property
    def sqlite_file(self) -> Path:
        return self.folder / "mlflow.db"

    @property
    def header_lines(self) -> str:
        return "x-mlflow-experiment-id: 0\r\n"

    def _spawn(self) -> "subprocess.Popen[bytes]":
        program = str(self.venv / "bin" / "mlflow")
        stores = ["--backend-store-uri", f"sqlite:///{self.sqlite_file}", "--artifacts-destination", str(self.folder)]
        place = ["--host", "127.0.0.1", "--port", str(self.port)]
        environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        return self._popen([program, "server", *stores, *place], environment, subprocess.DEVNULL)


def bring_peers(folder: Path, say: Callable[[str], None]) -> list[Peer]:
    """Those that can be installed, not started yet; each other one is named."""
    brought: list[Peer] = []
    for peer in (Phoenix("Phoenix", folder), MLflow("MLflow", folder)):
        try:
            peer.install()
        except (OSError, subprocess.CalledProcessError) as problem:
            say(f"{peer.name} is left out: its packages cannot be installed ({problem}).")
        else:
            brought.append(peer)
    return brought


def export(system: System, spans: int, connections: int, seconds: float) -> dict[str, float]:
    """Spans a second, acknowledged and stored; `stored` divides by the time until all were, or until patience ended."""
    before, cpu, started = system.stored_spans(), system.cpu_seconds(), time.perf_counter()
    more = {"keys": [system.header_lines], "warm_up": WARM_UP, "options": {"spans": spans}}
    told = put_load(system, "export_spans", connections, seconds, **more)
    acknowledged = told["acknowledged"] * spans
    while system.stored_spans() - before < acknowledged and time.perf_counter() - started < LONGEST_WAIT:
        time.sleep(0.2)
    took, stored = time.perf_counter() - started, system.stored_spans() - before
    return {
        "acknowledged spans/s": told["runs"] * spans / told["seconds"],
        "stored spans/s": stored / took,
        "p50 ms": told["p50_ms"],
        "p99 ms": told["p99_ms"],
        "CPU s per 1,000 spans": (system.cpu_seconds() - cpu) / max(1, stored) * 1e3,
    }


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
