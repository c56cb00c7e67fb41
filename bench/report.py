"""docs/benchmarks.md: the machine, the goals, then a table for each case."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from bench.goals import goal_rows
from bench.machine import ROOT
from bench.samples import Samples, Spread, heading_of, name_of, shown_with_spread

PAGE = ROOT / "docs" / "benchmarks.md"
LINES = ROOT / "docs" / "benchmarks.jsonl"
_OPENING = """\
# Benchmarks

`python3 manage.py bench` wrote this page; every number under a heading is from one run on one machine, with client,
server and database on the same CPUs. Numbers are medians of interleaved rounds, with the least and the most in
brackets. Compare them within a table, not with those of another machine. `benchmarks.jsonl` beside it has each sample.
`--only reads --update` measures some of it anew and keeps the rest: then each heading says of which run it is.
Cores and memory are often lent to others too: how fast they were is told by two loops, before each round and before the
reads. Where their spread is wide, milliseconds tell of the machine, and ratios of the product.

A goal is judged by the median, but what was lost or refused by the worst round, which is then the number shown. "22 x"
is our median by the other's; in brackets are the least and the most of our round by the other's round next to it.

"naive" is bench/naive: the same calls as most would write them with Django and the REST framework, with 20,000 rows in
it. It opens a database connection for each request, on PostgreSQL too: that is Django's default (CONN_MAX_AGE = 0), and
part of what it costs. Its quota is a count(*) of the customer's month without an index on customer and time, which is
where many begin. With such an index it took 2.2 to 2.7 times as many traces on SQLite, and no more on PostgreSQL.

Commits are synced to disk everywhere. Batches of spans go through the ingest function within one process, beside raw
rows of the same size into the same database, both in hundreds and in thousands; the goal compares the faster way of each.
The largest page is opened in headless Chromium: it is interactive once a click on a span chooses it, and a task is what
keeps the browser from drawing (it reports those over 50 ms; 0 says that there was none).
"""


def write_report(samples: Samples) -> Path:
    runs = "\n".join(_list(run.splitlines()) for run in samples.runs())
    parts = [_OPENING, runs, "## Goals\n", _table(["goal", "database", "measured", ""], goal_rows(samples))]
    for heading, together in groupby(samples.cases(), key=heading_of):
        cases = list(together)
        parts += [f"## {heading}\n", *_told_run(samples, cases), _case_table(samples, cases)]
    PAGE.write_text("\n".join(parts).rstrip() + "\n")
    samples.write_lines(LINES)
    return PAGE


def _told_run(samples: Samples, cases: Sequence[str]) -> list[str]:
    """When it was and of which commit, where the page is not of a single run."""
    if len(samples.runs()) < 2:
        return []
    return [f"Measured {' and '.join(map(name_of, samples.runs(cases)))}.\n"]


def _case_table(samples: Samples, cases: Sequence[str]) -> str:
    """One table of cases that have a heading in common: "reads: list" and "reads: deep page"."""
    metrics = samples.metrics(cases[0])
    rows = []
    for case in cases:
        for system in samples.systems(case):
            name = ", ".join(part for part in (case.partition(": ")[2], system) if part)
            rows.append([name, *(_cell(samples.of(case, system, metric)) for metric in metrics)])
    return _table(["", *metrics], rows)


def _cell(spread: Spread | None) -> str:
    return shown_with_spread(spread.middle, spread) if spread else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) + "\n"
