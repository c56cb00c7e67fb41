"""What the machine is and what a program takes of it: CPU seconds, memory, disk; the cases call it."""

import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).resolve().parent.parent
_MB = 1_000_000
_STEP = 7_919
"""So far apart that no number lies in a cache already."""
_TRIES = 5
_SHOWN = ("django", "djangorestframework", "uvicorn", "psycopg")


def cpu_seconds(pids: Iterable[int]) -> float:
    """What these processes and all below them have used so far, those that have ended included."""
    total = 0.0
    for process in _trees(pids):
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def memory_mb(pids: Iterable[int]) -> float:
    """Proportional set size of these processes and all below them: shared pages are counted once."""
    return float(sum(process.memory_full_info().pss for process in _trees(pids))) / _MB


def _trees(pids: Iterable[int]) -> list[psutil.Process]:
    roots = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    return [process for root in roots for process in (root, *root.children(recursive=True))]


def installed_mb() -> float:
    """On disk: the packages of requirements.lock as they lie in this environment, compiled files included."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return sum(_package_bytes(name) for name in names) / _MB


def _package_bytes(name: str) -> int:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0
    found = [Path(str(file.locate())) for file in files]
    return sum(file.stat().st_blocks * 512 for file in found if file.is_file())


def description() -> list[str]:
    """When, what and where: without these lines a number means nothing."""
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    load = os.getloadavg()[0]
    return [
        f"{time.strftime('%-d %B %Y, %H:%M UTC', time.gmtime())}; commit {_commit()}",
        f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs ({_processor()}), {memory:.0f} GiB",
        f"Python {platform.python_version()}, SQLite {_sqlite()}, {packages}",
        f"load before the run: {load:.1f}; one synced write of 8 KB takes {sync_ms():.2f} ms",
    ]


def speed() -> dict[str, float]:
    """How fast the cores and the memory are at this moment, for they may be lent to others too: medians of a few tries."""
    numbers = list(range(1_000_000))
    near, far = range(len(numbers)), range(0, len(numbers) * _STEP, _STEP)
    return {
        "a million additions, ms": median(_walk_ms(numbers, near) for _ in range(_TRIES)),
        "the same all over 40 MB, ms": median(_walk_ms(numbers, far) for _ in range(_TRIES)),
    }


def _walk_ms(numbers: list[int], places: range) -> float:
    started, total, count = time.perf_counter(), 0, len(numbers)
    for place in places:
        total += numbers[place % count]
    return (time.perf_counter() - started) * 1e3


def sync_ms() -> float:
    """The median of what a commit cannot do without: a small write, synced."""
    name, took = f"sync-probe-{os.getpid()}", list[float]()
    file = os.open(ROOT / name, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for _ in range(50):
            started = time.perf_counter()
            os.write(file, b"x" * 8192)
            os.fdatasync(file)
            took.append(time.perf_counter() - started)
    finally:
        os.close(file)
        (ROOT / name).unlink()
    return sorted(took)[len(took) // 2] * 1e3


def _commit() -> str:
    finished = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"], cwd=ROOT, capture_output=True, text=True
    )
    return finished.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def _sqlite() -> str:
    import sqlite3

    return sqlite3.sqlite_version
