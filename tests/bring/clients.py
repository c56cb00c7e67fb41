"""Real client packages for the tests of what SDKs send: environments of their own, made once per .venv from pinned lists.

The lists are in tests/clients: requirements-<group>.lock for Python, <group>/package-lock.json for JavaScript. A change
of a list makes the environment anew at the next run.
"""

import hashlib
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from tests.bring.system import CACHE, CannotBring, apt_install, can_use_apt, say
from tracen.lib.alone import alone

LISTS = Path(__file__).parent.parent / "clients"


def find_python(group: str) -> Path:
    """The interpreter of the environment that has requirements-<group>.lock installed."""
    lock, folder = LISTS / f"requirements-{group}.lock", CACHE / "clients" / group
    with _installing(folder):
        if not _is_current(folder, lock):
            say(f"Installing the clients of {lock.name}, once.")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for command in _python_commands(folder, lock):
                _run(command, folder)
            _mark_current(folder, lock)
    return folder / "bin" / "python"


def find_node_modules(group: str) -> Path:
    """The folder that holds node_modules with <group>/package-lock.json installed."""
    lock, folder = LISTS / group / "package-lock.json", CACHE / "clients" / group
    with _installing(folder):
        if not _is_current(folder, lock):
            npm = _find_npm()
            say(f"Installing the clients of {group}/package-lock.json, once.")
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(lock.parent, folder)
            _run([npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
            _mark_current(folder, lock)
    return folder


def _installing(folder: Path) -> AbstractContextManager[None]:
    """The tests of two databases run side by side and want the same clients: one installs, the other waits."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return alone(folder.with_suffix(".lock"))


def _find_npm() -> str:
    found = shutil.which("npm")
    if not found and can_use_apt() and apt_install("npm"):
        found = shutil.which("npm")
    if not found:
        raise CannotBring("npm is missing. Install it: sudo apt-get install npm.")
    return found


def _python_commands(folder: Path, lock: Path) -> tuple[list[str], list[str]]:
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        make = [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)]
        return make, [uv, "pip", "install", "--quiet", "--python", python, "--requirement", str(lock)]
    make = [sys.executable, "-m", "venv", str(folder)]
    return make, [python, "-m", "pip", "install", "--quiet", "--requirement", str(lock)]


def _run(command: list[str], folder: Path) -> None:
    finished = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if finished.returncode != 0:
        said = (finished.stderr or finished.stdout).strip()[-2000:]
        raise CannotBring(f"Real clients could not be installed.\n{' '.join(command)}\n{said}")


def _is_current(folder: Path, lock: Path) -> bool:
    mark = folder / "installed"
    return mark.exists() and mark.read_text() == _digest(lock)


def _mark_current(folder: Path, lock: Path) -> None:
    (folder / "installed").write_text(_digest(lock))


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()
