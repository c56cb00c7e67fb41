"""`manage.py bench`: measures the product beside a naive build and the machine's limits, and writes docs/benchmarks.md."""

import sys
import tempfile
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Measures the product on SQLite and PostgreSQL beside a naive build; the results are docs/benchmarks.md."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        from bench.run import CASES

        parser.add_argument("--quick", action="store_true", help="small and rough, to see that everything works")
        parser.add_argument(
            "--only", nargs="+", choices=CASES, default=CASES, help="some of the cases; prints, and writes nothing"
        )
        parser.add_argument(
            "--update", action="store_true", help="write it all the same, and keep the rest of the page"
        )
        parser.add_argument("--peers", action="store_true", help="install Phoenix and MLflow and measure them too")
        parser.add_argument("--rounds", type=int, help="how often each case is measured (default: 3)")
        parser.add_argument("--check", action="store_true", help="fail if a stage of a request became much slower")
        parser.add_argument("--accept", action="store_true", help="make what is measured now the measure for --check")

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="tracen-bench-", ignore_cleanup_errors=True) as folder:
            if options["check"]:
                self._check(Path(folder))
            elif options["accept"]:
                from bench.gate import accept

                accept(Path(folder))
            else:
                self._run(Path(folder), options)

    def _check(self, folder: Path) -> None:
        from bench.gate import find_faults

        faults = find_faults(folder)
        if faults:
            raise CommandError("Compared with bench/expected.json:\n" + "\n".join(faults))
        self.stdout.write("No stage of a request became slower.")

    def _run(self, folder: Path, options: dict[str, Any]) -> None:
        from bench.machine import description
        from bench.report import LINES, write_report
        from bench.run import CASES, FULL, QUICK, Run
        from bench.samples import Samples, read_lines

        if options["update"] and options["quick"]:
            raise CommandError("What --quick measures is too rough for the page: leave out --update.")
        if options["update"] and not LINES.exists():
            raise CommandError("There is no page to update: run it once without --update.")
        size = QUICK if options["quick"] else FULL
        if options["rounds"]:
            size = replace(size, rounds=options["rounds"])
        samples = Samples(self._say, "\n".join(description()))
        run = Run(folder, size, samples)
        run.go(options["only"])
        if options["peers"]:
            from bench.peers import bring_peers

            run.measure_peers(bring_peers(folder, self._say))
        is_whole = tuple(options["only"]) == CASES and not options["quick"]
        if options["update"]:
            samples.keep_others(read_lines(LINES))
        if is_whole or options["update"]:
            self._say(f"Written: {write_report(samples)}")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        sys.stdout.flush()
