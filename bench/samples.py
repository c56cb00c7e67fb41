"""What was measured: one sample is one number of one case of one system in one round; the cases make them."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Sample:
    case: str
    system: str
    metric: str
    value: float
    run: str
    """When and where it was measured (bench.machine.description, in lines): a page may show several runs."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.case, self.system, self.metric


@dataclass(frozen=True, slots=True)
class Spread:
    """A number over the rounds."""

    middle: float
    low: float
    high: float


class Samples:
    """All samples of a run, in order; each is told to `say` when it comes."""

    def __init__(self, say: Callable[[str], None], run: str = "") -> None:
        self.say = say
        self.run = run
        self._all: list[Sample] = []

    def add(self, case: str, system: str, values: dict[str, float]) -> None:
        self._all += [Sample(case, system, metric, value, self.run) for metric, value in values.items()]
        told = ", ".join(f"{metric} {shown(value)}" for metric, value in values.items())
        self.say(f"{case} | {system} | {told}")

    def values(self, case: str, system: str, metric: str) -> list[float]:
        """One for each round, in order."""
        return [one.value for one in self._all if one.key == (case, system, metric)]

    def of(self, case: str, system: str, metric: str) -> Spread | None:
        return spread_of(self.values(case, system, metric))

    def cases(self) -> list[str]:
        return list(dict.fromkeys(one.case for one in self._all))

    def systems(self, case: str) -> list[str]:
        return list(dict.fromkeys(one.system for one in self._all if one.case == case))

    def metrics(self, case: str) -> list[str]:
        return list(dict.fromkeys(one.metric for one in self._all if one.case == case))

    def runs(self, cases: Iterable[str] = ()) -> list[str]:
        """Of which runs the samples are: all of them, or those of some cases."""
        among = set(cases)
        return list(dict.fromkeys(one.run for one in self._all if not among or one.case in among))

    @property
    def name(self) -> str:
        """Of this run: its time and its commit."""
        return name_of(self.run)

    def keep_others(self, before: Sequence[Sample]) -> None:
        """Take of an earlier run's samples what this one did not measure; its headings stay in their order."""
        measured = {one.key for one in self._all}
        kept = [one for one in before if one.key not in measured]
        headings = dict.fromkeys(heading_of(one.case) for one in [*before, *self._all])
        order = {heading: place for place, heading in enumerate(headings)}
        self._all = sorted([*kept, *self._all], key=lambda one: order[heading_of(one.case)])

    def write_lines(self, file: Path) -> None:
        """The samples, each run's behind a line of its own. JSON knows no infinity: what never came is null."""
        lines = list[dict[str, Any]]()
        for run, samples in groupby(self._all, key=lambda one: one.run):
            lines.append({"run": run})
            for one in samples:
                value = one.value if math.isfinite(one.value) else None
                lines.append({"case": one.case, "system": one.system, "metric": one.metric, "value": value})
        file.write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines))


def read_lines(file: Path) -> list[Sample]:
    """What `write_lines` has written."""
    samples, run = list[Sample](), ""
    for line in map(json.loads, file.read_text().splitlines()):
        if "run" in line:
            run = line["run"]
        else:
            value = math.inf if line["value"] is None else line["value"]
            samples.append(Sample(line["case"], line["system"], line["metric"], value, run))
    return samples


def name_of(run: str) -> str:
    """The first line of its description."""
    return run.partition("\n")[0]


def heading_of(case: str) -> str:
    """What cases have in common: "reads" of "reads: list" and "reads: deep page"."""
    return case.partition(": ")[0]


def spread_of(values: Sequence[float]) -> Spread | None:
    return Spread(median(values), min(values), max(values)) if values else None


def shown_with_spread(value: float, spread: Spread, unit: str = "") -> str:
    """The value, then the least and the most of the rounds where they differ: 22.1 x (20.1–23.9)."""
    told = f"{shown(value)} {unit}".strip()
    return told if spread.low == spread.high else f"{told} ({shown(spread.low)}–{shown(spread.high)})"


def shown(value: float) -> str:
    """Three digits that count: 2,405; 12.3; 0.51; and ∞ for what never came."""
    if math.isinf(value):
        return "∞"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
