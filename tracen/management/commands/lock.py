"""`manage.py lock`: writes requirements.lock and requirements-dev.lock anew from the .txt files beside them."""

import shutil
import subprocess
from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

COMPILE = ("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-header")


class Command(BaseCommand):
    help = "Pins every package that the requirements need, by version and hash; needs uv on PATH."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")

    def handle(self, *args: object, **options: object) -> None:
        uv = shutil.which("uv")
        if uv is None:
            raise CommandError("uv is missing. Install it with: pip install uv")
        upgrade = ["--upgrade"] if options["upgrade"] else []
        self._compile([uv, *COMPILE, *upgrade, "requirements.txt", "-o", "requirements.lock"])
        # The tests must meet the very versions that the product runs on.
        same = ["--constraint", "requirements.lock"]
        self._compile([uv, *COMPILE, *upgrade, *same, "requirements-dev.txt", "-o", "requirements-dev.lock"])

    def _compile(self, command: list[str]) -> None:
        self.stdout.write(f"Writing {command[-1]}.")
        if subprocess.run(command, cwd=settings.BASE_DIR).returncode != 0:
            raise CommandError(f"{command[-1]} could not be written; uv's own message is above.")
