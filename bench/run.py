"""A whole run: starts the systems, goes round the cases, collects the samples; `manage.py bench` calls it."""

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import goals
from bench.browser import CannotMeasure, open_largest
from bench.inside.stages import PLAIN
from bench.load import crash, slow_uploads, throughput
from bench.machine import installed_mb, speed
from bench.peers import Peer, export
from bench.reads import read_pages
from bench.samples import Samples
from bench.systems import POSTGRESQL, SQLITE, Naive, Product, System, postgresql

CASES = ("ingest", "batches", "crash", "slow", "idle", "install", "reads", "browser", "stages")
CONNECTIONS = (1, 8, 32, 64)
SECONDS_UNTIL_IDLE = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything a run does."""

    rounds: int
    seconds: float
    runs_stored: int
    naive_rows: int


FULL = Size(rounds=3, seconds=4, runs_stored=100_000, naive_rows=20_000)
QUICK = Size(rounds=1, seconds=1.5, runs_stored=2_000, naive_rows=2_000)


class Run:
    """The systems of one run and the cases it goes through."""

    def __init__(self, folder: Path, size: Size, samples: Samples) -> None:
        self._folder, self._size, self._samples = folder, size, samples
        self._databases: dict[str, Callable[[str], str]] = {}

    def go(self, cases: Iterable[str]) -> None:
        wanted = set(cases)
        with ExitStack() as stack:
            self._databases = {SQLITE: lambda _: "", POSTGRESQL: stack.enter_context(postgresql())}
            if wanted & {"ingest", "slow", "idle", "crash"}:
                self._serve(stack, wanted)
            for _ in range(self._size.rounds if "batches" in wanted else 0):
                self._batches()
            if wanted & {"reads", "browser"}:
                self._reads(stack, wanted)
            if "stages" in wanted:
                self._stages()
            if "install" in wanted:
                self._samples.add(goals.INSTALL, f"Tracen, {SQLITE}", {"MB": installed_mb()})

    def _serve(self, stack: ExitStack, wanted: set[str]) -> None:
        products = [Product(self._folder, name, make("bench_product")) for name, make in self._databases.items()]
        naives = [
            Naive(self._folder, name, make("bench_naive"), self._size.naive_rows) if "ingest" in wanted else None
            for name, make in self._databases.items()
        ]
        systems: list[System] = [system for system in (*naives, *products) if system is not None]
        for system in systems:
            stack.callback(system.stop)
            took = system.start()
            if isinstance(system, Product):
                self._samples.add(goals.IDLE, system.name, {"seconds until the first answer": took})
        if "idle" in wanted:
            self._idle(products)
        for _ in range(self._size.rounds if "ingest" in wanted else 0):
            self._ingest(systems)
        if "slow" in wanted:
            for product in products:
                self._samples.add(goals.SLOW, product.name, slow_uploads(product))
        for _ in range(self._size.rounds if "crash" in wanted else 0):
            self._crash(products)
        for system in systems:
            system.stop()

    def _idle(self, products: list[Product]) -> None:
        time.sleep(SECONDS_UNTIL_IDLE)
        for product in products:
            self._samples.add(goals.IDLE, product.name, {"memory MB": product.memory_mb()})

    def note_speed(self) -> None:
        """Without it nobody could tell a slow round of ours from one of the machine's."""
        self._samples.add(goals.SPEED, self._samples.name, speed())

    def _ingest(self, systems: list[System]) -> None:
        self.note_speed()
        cases = [(goals.POST.format(count), "post_traces", count) for count in CONNECTIONS]
        for case, talk, count in (*cases, (goals.RUNS, "tell_runs", 32)):
            for system in systems:
                self._samples.add(case, system.name, throughput(system, talk, count, self._size.seconds))

        for system in systems:
            self._samples.add(goals.FIRST, system.name, throughput(system, "post_traces", 32, 0.5, warm_up=0))

    def _crash(self, products: list[Product]) -> None:
        for product in products:
            self._samples.add(goals.CRASH, product.name, crash(product, 32, self._size.seconds))
            product.start()

    def _batches(self) -> None:
        self.note_speed()
        for name, make in self._databases.items():
            product = self._fresh("batches", name, make)
            asked = {"seconds": self._size.seconds, "threads": 8}
            self._samples.add(goals.BATCHES, product.name, product.run_inside("batches", asked))

    def _reads(self, stack: ExitStack, wanted: set[str]) -> None:
        runs = self._size.runs_stored
        for name, make in self._databases.items():
            product = self._fresh("reads", name, make)
            told: dict[str, Any] = product.run_inside("volume", runs)
            filled = {"bytes per payload byte": told["bytes"] / told["sent"], "MB": told["bytes"] / 1e6}
            self._samples.add(goals.DISK, product.name, {**filled, "seconds to fill": told["seconds"]})
            stack.callback(product.stop)
            product.start()
            self.note_speed()
            for page, values in read_pages(product, told) if "reads" in wanted else ():
                self._samples.add(f"reads, {runs:,} traces: {page}", product.name, values)
            if "browser" in wanted:
                self.open_largest(product, told)
            product.stop()

    def open_largest(self, product: Product, told: dict[str, Any]) -> None:
        """A run does not end for want of a browser."""
        try:
            for values in open_largest(product, told):
                self._samples.add(goals.BROWSER, product.name, values)
        except CannotMeasure as problem:
            self._samples.say(f"{goals.BROWSER} | {product.name} | not measured: {problem}")

    def measure_peers(self, peers: Iterable[Peer]) -> None:
        """Ours and the others in turn in each round; MLflow and Phoenix together are three gigabytes."""
        others = list(peers)
        with ExitStack() as stack:
            make = stack.enter_context(postgresql())
            bases = {SQLITE: lambda _: "", POSTGRESQL: make}
            ours: list[System] = [self._fresh("peers", name, base) for name, base in bases.items()]
            for system in [*ours, *others]:
                stack.callback(system.stop)
                self._samples.add(goals.IDLE, system.name, {"seconds until the first answer": system.start()})
            time.sleep(SECONDS_UNTIL_IDLE)
            for peer in others:
                self._samples.add(goals.IDLE, peer.name, {"memory MB": peer.memory_mb()})
                self._samples.add(goals.INSTALL, peer.name, {"MB": peer.installed_mb()})
            for _ in range(self._size.rounds):
                self.note_speed()
                for spans in (1, 100):
                    for system in [*ours, *others]:
                        case = goals.OTLP.format(spans)
                        self._samples.add(case, system.name, export(system, spans, 8, self._size.seconds))

    def _stages(self) -> None:
        product = self._fresh("stages", SQLITE, self._databases[SQLITE])
        measured = product.run_inside("stages", self._size.rounds)
        for stage, cpu in measured.items():
            values = {"microseconds": cpu, "plain views": cpu / measured[PLAIN]}
            self._samples.add(f"{goals.STAGES}: {stage}", product.name, values)

    def _fresh(self, purpose: str, name: str, make: Callable[[str], str]) -> Product:
        """A product on an empty database that nothing else of this run has touched."""
        folder = self._folder / f"{purpose}-{time.monotonic_ns()}"
        folder.mkdir()
        return Product(folder, name, make(f"bench_{purpose}"), keys=1)
