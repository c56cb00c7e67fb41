"""The goals, each with how it is read from the samples; report.py shows them first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from bench.samples import Samples, Spread, shown_with_spread, spread_of
from bench.systems import POSTGRESQL, SQLITE

BOTH = (SQLITE, POSTGRESQL)
SPEED = "speed of the machine"
POST = "POST /api/traces, {} connections"
FIRST = "POST /api/traces, 32 connections, each key for the first time in a minute"
RUNS = "Nexus run of three calls, 32 connections"
BATCHES = "batches through the ingest function"
STORED = ("spans/s, 100 a call, 8 threads", "spans/s, 1000 a call, 1 thread")
RAW = ("raw rows/s, 100 a transaction", "raw rows/s, 1000 a transaction")
CRASH = "kill -9 at full load, 32 connections"
SLOW = "60 slow uploads"
READS = "reads, {} traces"
BROWSER = "page of 10,000 spans in Chromium"
DISK = "disk"
OTLP = "OTLP, 8 connections, spans a request: {}"
IDLE = "idle"
INSTALL = "install"
UNSTORED = "acknowledged and not stored"
LONGEST_TASK = "longest task ms, scrolling"
STAGES = "CPU by stage, in process"


Measured: TypeAlias = Callable[[Samples, str], Spread | None]


@dataclass(frozen=True, slots=True)
class Goal:
    """`measured` reads a number over the rounds for a database; `is_met` judges its median, or its worst round."""

    text: str
    unit: str
    measured: Measured
    is_met: Callable[[float], bool]
    databases: tuple[str, ...] = BOTH
    by_worst: bool = False
    """For what must never happen: two rounds without a loss do not make up for a third."""

    def judged(self, spread: Spread) -> float:
        return spread.high if self.by_worst else spread.middle


def at_least(bound: float) -> Callable[[float], bool]:
    return lambda value: value >= bound


def at_most(bound: float) -> Callable[[float], bool]:
    return lambda value: value <= bound


def _value(case: str, metric: str) -> Measured:
    return lambda samples, database: samples.of(case, f"Tracen, {database}", metric)


def _in_all_cases(metric: str) -> Measured:
    """Every round of every case that has it."""
    return lambda samples, database: spread_of(
        [value for case in samples.cases() for value in samples.values(case, f"Tracen, {database}", metric)]
    )


def _times_naive(case: str, metric: str) -> Measured:
    return lambda samples, database: _ratio(
        samples.values(case, f"Tracen, {database}", metric), samples.values(case, f"naive, {database}", metric)
    )


def _times_peer(spans: int, peer: str) -> Measured:
    """Stored spans of OTLP, against another product on SQLite."""
    case, metric = OTLP.format(spans), "stored spans/s"
    return lambda samples, database: _ratio(
        samples.values(case, f"Tracen, {database}", metric), samples.values(case, f"{peer}, {SQLITE}", metric)
    )


def _share_of_raw(samples: Samples, database: str) -> Spread | None:
    """The faster of our two ways against the faster of the two raw ones, in percent."""
    ours, raw = (
        [
            max(ways)
            for ways in zip(*(samples.values(BATCHES, f"Tracen, {database}", name) for name in names), strict=True)
        ]
        for names in (STORED, RAW)
    )
    return _ratio([rate * 100 for rate in ours], raw)


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread | None:
    """Median by median; and round by round, which were measured one right after the other, the least and the most."""
    if not ours or not theirs or not all(theirs):
        return None
    rounds = [mine / other for mine, other in zip(ours, theirs, strict=False)]
    return Spread(median(ours) / median(theirs), min(rounds), max(rounds))


def _slowest_read(metric: str, *pages: str) -> Measured:
    def measured(samples: Samples, database: str) -> Spread | None:
        found = [
            spread
            for case in samples.cases()
            if case.startswith("reads, ") and case.partition(": ")[2] in pages
            if (spread := samples.of(case, f"Tracen, {database}", metric)) is not None
        ]
        return max(found, key=lambda spread: spread.middle, default=None)

    return measured


_LISTS = ("list", "deep page", "status filter", "agent filter")
_SEARCHES = ("search, common word", "search, rare word")
_LARGE = ("public page, 2,000 spans",)

GOALS = (
    Goal("`POST /api/traces`, 8 connections: 15 times naive", "x", _times_naive(POST.format(8), "requests/s"), at_least(15)),
    Goal("`POST /api/traces`, 32 connections: 15 times naive", "x", _times_naive(POST.format(32), "requests/s"), at_least(15)),
    Goal("`POST /api/traces`, 8 connections: p99 within 12 ms", "ms", _value(POST.format(8), "p99 ms"), at_most(12)),
    Goal(
        "`POST /api/traces`: CPU within 0.6 s per 1,000", "s",
        _value(POST.format(32), "CPU s per 1,000 requests"), at_most(0.6),
    ),
    Goal("Nexus create + span + patch, 32 connections: 15 times naive", "x", _times_naive(RUNS, "runs/s"), at_least(15)),
    Goal("Nexus create + span + patch: 800 runs/s", "runs/s", _value(RUNS, "runs/s"), at_least(800)),
    Goal("batches: 30 % of raw executemany", "%", _share_of_raw, at_least(30), (SQLITE,)),
    Goal("batches: 40 % of raw COPY", "%", _share_of_raw, at_least(40), (POSTGRESQL,)),
    Goal("OTLP, 100 spans a request: 100 times Phoenix", "x", _times_peer(100, "Phoenix"), at_least(100)),
    Goal("OTLP, 100 spans a request: 15 times MLflow", "x", _times_peer(100, "MLflow"), at_least(15)),
    Goal("OTLP, 1 span a request: 8 times Phoenix", "x", _times_peer(1, "Phoenix"), at_least(8)),
    Goal("OTLP, 1 span a request: 15 times MLflow", "x", _times_peer(1, "MLflow"), at_least(15)),
    Goal("64 clients: answers that are not 2xx", "", _value(POST.format(64), "failed"), at_most(0), (SQLITE,), by_worst=True),
    Goal("64 clients: p99 within 100 ms", "ms", _value(POST.format(64), "p99 ms"), at_most(100), (SQLITE,)),
    Goal("all POST cases: acknowledged and not stored", "", _in_all_cases(UNSTORED), at_most(0), by_worst=True),
    Goal("kill -9 at full load: acknowledged and lost", "", _value(CRASH, "lost"), at_most(0), by_worst=True),
    Goal("kill -9 at full load: stored in part", "", _value(CRASH, "torn"), at_most(0), by_worst=True),
    Goal("60 slow uploads: /health within 100 ms", "ms", _value(SLOW, "/health max ms"), at_most(100)),
    Goal("list, filter and deep page within 30 ms", "ms", _slowest_read("median ms", *_LISTS), at_most(30)),
    Goal("text search, common and rare, within 100 ms", "ms", _slowest_read("median ms", *_SEARCHES), at_most(100)),
    Goal("2,000-span public page within 100 ms", "ms", _slowest_read("median ms", *_LARGE), at_most(100)),
    Goal("2,000-span public page: 300 KB of HTML", "KB", _slowest_read("KB", *_LARGE), at_most(300)),
    Goal("2,000-span public page: 30 KB compressed", "KB", _slowest_read("KB gzipped", *_LARGE), at_most(30)),
    Goal("10,000-span page interactive within 1 s", "ms", _value(BROWSER, "interactive ms"), at_most(1_000)),
    Goal("10,000-span page: no task over 50 ms while scrolling", "ms", _value(BROWSER, LONGEST_TASK), at_most(50)),
    Goal("disk: 1.3 times the payload's bytes", "x", _value(DISK, "bytes per payload byte"), at_most(1.3)),
    Goal("idle web and worker within 180 MB", "MB", _value(IDLE, "memory MB"), at_most(180)),
    Goal("install within 220 MB", "MB", _value(INSTALL, "MB"), at_most(220), (SQLITE,)),
)  # fmt: skip


def goal_rows(samples: Samples) -> list[list[str]]:
    """Goal, database, measured, met or not; "not measured" where the run left it out."""
    rows = []
    for goal in GOALS:
        for database in goal.databases:
            spread = goal.measured(samples, database)
            rows.append([goal.text, database, *(_judgement(goal, spread) if spread else ("not measured", ""))])
    return rows


def _judgement(goal: Goal, spread: Spread) -> tuple[str, str]:
    value = goal.judged(spread)
    return shown_with_spread(value, spread, goal.unit), "met" if goal.is_met(value) else "**not met**"
