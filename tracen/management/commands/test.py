"""`manage.py test`: brings PostgreSQL, Redis and Chromium, then runs the tests on SQLite and on PostgreSQL."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import astuple, dataclass, replace
from operator import add
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
PARTS = {
    "parallel": ["-n", "2"],
    # Browsers and killed processes on a busy machine: a second try decides, and the summary names who needed it.
    "serial": ["-n", "0", "--reruns", "1", "-rR"],
}
NO_TESTS_COLLECTED = 5


@dataclass
class Counts:
    """The outcome of one or several pytest runs."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    repeated: int = 0
    """Failed first and were tried again; the other three count what came of that."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(add, astuple(self), astuple(other)))

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        repeated = f", {self.repeated} tried twice" if self.repeated else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}{repeated}"


class Command(BaseCommand):
    help = "Runs the tests; arguments that are not listed here go to pytest."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Django's own parser would refuse pytest's options."""
        parser = argparse.ArgumentParser(prog="manage.py test", description=self.help, allow_abbrev=False)
        parser.add_argument("--db", choices=NAMES, help="run on this database only")
        options, pytest_arguments = parser.parse_known_args(argv[2:])
        try:
            sys.exit(run_tests([options.db] if options.db else list(NAMES), pytest_arguments))
        except CommandError as problem:
            sys.exit(str(problem))


def run_tests(databases: list[str], pytest_arguments: list[str]) -> int:
    """Runs and reports; the exit code is 0 only if at least one test passed, and none failed.

    The serial parts mostly wait for servers and browsers, so those of the databases run side by side.
    """
    outcomes = dict.fromkeys(databases, Counts())
    with brought_services() as environment, ThreadPoolExecutor(len(databases)) as pool:
        for database in databases:
            outcomes[database] += run_part("parallel", database, pytest_arguments, environment)
        is_shared = len(databases) > 1
        runs = {
            database: pool.submit(
                run_part, "serial", database, pytest_arguments, environment, is_printed_later=is_shared
            )
            for database in databases
        }
        for database, run in runs.items():
            outcomes[database] += run.result()
    print()
    for database, counts in outcomes.items():
        print(f"{NAMES[database]}: {counts}")
    total = sum(outcomes.values(), Counts())
    print(replace(total, repeated=0), flush=True)
    return 0 if total.passed and not total.failed else 1


@contextmanager
def brought_services() -> Iterator[dict[str, str]]:
    """Yields the environment in which pytest finds every service; CommandError names the one that cannot be had."""
    from tests.bring.chromium import find_chromium
    from tests.bring.postgres import bring_postgres
    from tests.bring.redis import bring_redis
    from tests.bring.system import CannotBring

    with (
        ExitStack() as services,
        tempfile.TemporaryDirectory(prefix="tracen-test-", ignore_cleanup_errors=True) as root,
    ):
        (Path(root) / "static").mkdir()
        try:
            print("Starting PostgreSQL and Redis, looking for Chromium.", flush=True)
            yield {
                **os.environ,
                "TRACEN_TEST_ROOT": root,
                "CHROMIUM": find_chromium(),
                "TEST_REDIS_URL": services.enter_context(bring_redis()),
                "TEST_DATABASE_URL": services.enter_context(bring_postgres()),
            }
        except CannotBring as problem:
            raise CommandError(str(problem)) from problem


def run_part(
    part: str,
    database: str,
    pytest_arguments: list[str],
    environment: dict[str, str],
    *,
    is_printed_later: bool = False,
) -> Counts:
    """Fast tests two at a time, or one by one those that need a server or a browser for themselves."""
    title = f"\n{NAMES[database]}, {part} part:"
    if not is_printed_later:
        print(title, flush=True)
    started = time.monotonic()
    choice = {"TRACEN_TEST_DB": database, "TRACEN_TEST_PART": part}
    arguments, place = [*PARTS[part], *pytest_arguments], Path(environment["TRACEN_TEST_ROOT"])
    with (place / f"{database}.output").open("w+") if is_printed_later else nullcontext() as output:
        report = place / f"{database}.json"
        counts = run_pytest(arguments, {**environment, **choice, "TRACEN_TEST_REPORT": str(report)}, report, output)
        if output is not None:
            output.seek(0)
            print(f"{title}\n{output.read()}", end="", flush=True)
    print(f"({time.monotonic() - started:.0f} s)", flush=True)
    return counts


def run_pytest(arguments: list[str], environment: dict[str, str], report: Path, output: IO[str] | None) -> Counts:
    """The counts of one run; without an `output` it goes where ours goes."""
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", *arguments]
    finished = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, stdout=output, stderr=output)
    counts = Counts(**json.loads(report.read_text())) if report.exists() else Counts()
    if finished.returncode not in (0, NO_TESTS_COLLECTED) and not counts.failed:
        print(f"pytest ended with exit code {finished.returncode}; counted as a failure.", flush=True)
        counts.failed += 1
    return counts
