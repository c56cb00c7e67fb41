"""What bringing the three services has in common: processes that end with the run, packages, a free port."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tracen.management.worker import end_with_parent

CACHE = Path(sys.prefix) / "test-services"


class CannotBring(Exception):
    """A service that the tests need is missing; the message names it and the command that would install it."""


def say(sentence: str) -> None:
    print(sentence, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_service(command: list[str], log: Path, **options: Any) -> "subprocess.Popen[bytes]":
    """Starts a server that ends with this process, however that ends."""
    parent = os.getpid()
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: end_with_parent(parent),  # noqa: PLW1509 - called before any thread is started
            **options,
        )


def stop_service(process: "subprocess.Popen[bytes]", stop_signal: int) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def can_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(package: str) -> bool:
    """Installs one Debian package, without starting a service that it may bring; False if that failed."""
    say(f"Installing {package} with apt-get.")
    # invoke-rc.d starts nothing in runlevel 1.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    update = ["apt-get", "update", "-qq"]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    for command in (update, install):
        finished = subprocess.run(command, env=environment, capture_output=True, text=True)
        if finished.returncode != 0:
            say(f"{' '.join(command)} failed: {finished.stderr.strip()[-500:]}")
    return finished.returncode == 0
