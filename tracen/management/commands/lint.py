"""`manage.py lint`: every static check, one line each; what a check says is shown only if it fails."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

PROGRAMS = Path(sys.executable).parent
MANAGE = (sys.executable, "manage.py")
# The settings of an installation on the open internet, so that Django's deployment checks mean something.
DEPLOYED = {"BASE_URL": "https://tracen.example.com", "SECRET_KEY": "lint-" + "0123456789abcdef" * 4}


@dataclass(frozen=True)
class Check:
    """One command that says nothing worth reading when it succeeds."""

    promise: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


CHECKS = (
    Check("Python is clean (ruff check)", (str(PROGRAMS / "ruff"), "check", ".")),
    Check("Python is formatted (ruff format)", (str(PROGRAMS / "ruff"), "format", "--check", ".")),
    # Its formatter is left out: whitespace is weight on a page of a thousand rows.
    Check("Templates are clean (djangofmt check)", (str(PROGRAMS / "djangofmt"), "check", "templates")),
    Check("Imports run one way (import-linter)", (str(PROGRAMS / "lint-imports"),)),
    # Without its cache, which once kept an error about a module that had been added since.
    Check("Types fit (mypy)", (str(PROGRAMS / "mypy"), "--cache-dir", os.devnull, "tracen", "traces", "accounts")),
    Check("Migrations match the models", (*MANAGE, "makemigrations", "--check", "--dry-run")),
    Check(
        "Settings are fit for the internet (check --deploy)",
        (*MANAGE, "check", "--deploy", "--fail-level", "WARNING"),
        DEPLOYED,
    ),
)


class Command(BaseCommand):
    help = "Runs every static check; the exit code is 1 if one of them found something."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        with tempfile.TemporaryDirectory(prefix="tracen-lint-") as data_dir:
            passed = [self._run(check, data_dir) for check in CHECKS]
        if not all(passed):
            sys.exit(1)

    def _run(self, check: Check, data_dir: str) -> bool:
        started = time.monotonic()
        environment = {**os.environ, "DATABASE_URL": "", "TRACEN_DATA_DIR": data_dir, **check.environment}
        finished = subprocess.run(
            check.command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        passed = finished.returncode == 0
        self.stdout.write(f"{'ok    ' if passed else 'FAILED'} {time.monotonic() - started:5.1f} s  {check.promise}")
        if not passed:
            self.stdout.write(finished.stdout)
        self.stdout.flush()
        return passed
