"""Makes .venv from the locked requirements and moves the running command into it; only manage.py calls it.

It runs before anything is installed, so it imports the standard library only.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNTIME_LOCK = "requirements.lock"
# The development lock contains everything of the other one.
DEVELOPMENT_LOCK = "requirements-dev.lock"
DEVELOPMENT_COMMANDS = ("test", "lint", "bench")


class CannotInstall(Exception):
    """The requirements cannot be installed; the message tells the person what to do."""


def enter_venv(argv: list[str]) -> None:
    """Returns inside an interpreter that has the requirements: in this one, or by starting the command again in .venv.

    TRACEN_VENV=off keeps the current interpreter, for containers that install the requirements themselves.
    """
    if os.environ.get("TRACEN_VENV") == "off":
        return
    venv = ROOT / ".venv"
    lock = ROOT / lock_for(argv)
    if not is_installed(venv, lock):
        install_once(venv, lock)
    if Path(sys.prefix).resolve() != venv.resolve():
        python = str(venv / "bin" / "python")
        os.execv(python, [python, *argv])  # noqa: S606 - our own interpreter, our own arguments


def lock_for(argv: list[str]) -> str:
    return DEVELOPMENT_LOCK if argv[1:2] and argv[1] in DEVELOPMENT_COMMANDS else RUNTIME_LOCK


def is_installed(venv: Path, lock: Path) -> bool:
    """True if `venv` works and holds exactly what `lock` names, as far as this program installed it."""
    return (venv / "bin" / "python").exists() and read_stamp(venv).get(lock.name) == fingerprint(lock)


def fingerprint(lock: Path) -> str:
    """Changes with the lock file and with the Python that reads it (an upgraded system leaves an empty .venv)."""
    return hashlib.sha256(lock.read_bytes() + repr(sys.version_info[:2]).encode()).hexdigest()


def read_stamp(venv: Path) -> dict[str, str]:
    try:
        stamp = json.loads((venv / "installed.json").read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def stamp_after(lock: Path) -> dict[str, str]:
    """What .venv holds once `lock` is installed: an older stamp of the other lock says nothing any more."""
    names = (RUNTIME_LOCK, DEVELOPMENT_LOCK) if lock.name == DEVELOPMENT_LOCK else (lock.name,)
    return {name: fingerprint(lock.with_name(name)) for name in names}


def install_once(venv: Path, lock: Path) -> None:
    """Installs unless a second command, which we waited for, has done it meanwhile."""
    try:
        with only_one_at_a_time():
            if not is_installed(venv, lock):
                install(venv, lock)
    except OSError as problem:
        raise CannotInstall(f"Cannot write {problem.filename or venv}: {problem.strerror}.") from problem


@contextmanager
def only_one_at_a_time() -> Iterator[None]:
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another command is installing into .venv; waiting for it.")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def install(venv: Path, lock: Path) -> None:
    """Makes `venv` if it does not work and installs `lock` by hash. The stamp comes last, after a whole install."""
    uv = shutil.which("uv")
    (venv / "installed.json").unlink(missing_ok=True)
    if not is_usable(venv, needs_pip=not uv):
        make_venv(venv, uv)
    python = str(venv / "bin" / "python")
    say(f"Installing {count_packages(lock)} packages into .venv, about 30 seconds the first time.")
    if uv:
        run([uv, "pip", "install", "--python", python, "--require-hashes", "--requirement", str(lock)])
    else:
        run_pip([python, "-m", "pip", "install", "--require-hashes", "--requirement", str(lock)], count_packages(lock))
    (venv / "installed.json").write_text(json.dumps(stamp_after(lock)))


def is_usable(venv: Path, needs_pip: bool) -> bool:
    """True if the interpreter in `venv` starts, is of our version and, if asked, has pip."""
    check = f"import sys; assert sys.version_info[:2] == {sys.version_info[:2]}"
    command = [str(venv / "bin" / "python"), "-c", f"{check}; import pip" if needs_pip else check]
    return (venv / "bin" / "python").exists() and subprocess.run(command, capture_output=True).returncode == 0


def make_venv(venv: Path, uv: str | None) -> None:
    if uv:
        say("Making .venv with uv.")
        run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(venv)])
        return
    advice = missing_venv_advice(
        has_ensurepip=bool(importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")),
        is_debian=shutil.which("apt-get") is not None,
        is_root=os.geteuid() == 0,
    )
    if advice:
        raise CannotInstall(advice)
    say("Making .venv.")
    run([sys.executable, "-m", "venv", "--clear", str(venv)])


def missing_venv_advice(has_ensurepip: bool, is_debian: bool, is_root: bool) -> str:
    """The sentence with the exact command for a Python that cannot make a virtual environment; empty if it can."""
    if has_ensurepip:
        return ""
    if not is_debian:
        return "This Python cannot make a virtual environment: install its venv and ensurepip modules, or uv."
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    sudo = "" if is_root else "sudo "
    return (
        f"This Python cannot make a virtual environment. Install the missing package, then start again:\n"
        f"  {sudo}apt-get update && {sudo}apt-get install -y {package}"
    )


def count_packages(lock: Path) -> int:
    return sum("==" in line for line in lock.read_text().splitlines())


def run(command: list[str]) -> None:
    if subprocess.run(command).returncode != 0:
        raise CannotInstall(f"{' '.join(command[:4])} ... failed; its own message is above.")


def run_pip(command: list[str], total: int) -> None:
    """Runs pip and turns its chatter into one line of progress every few packages; its errors go through."""
    process = subprocess.Popen([*command, "--progress-bar", "off"], stdout=subprocess.PIPE, text=True)
    collected = 0
    for line in process.stdout or ():
        if line.startswith("Collecting "):
            collected += 1
            if collected % 10 == 0:
                say(f"  {collected} of {total} downloaded")
        elif line.startswith("Installing "):
            say("  unpacking")
    if process.wait() != 0:
        raise CannotInstall("pip could not install the requirements; its own message is above.")


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
