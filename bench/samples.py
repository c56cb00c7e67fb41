"""What was measured: one sample is one number of one case of one system in one round; the cases make them."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    case: str
    system: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A number over the rounds."""

    middle: float
    low: float
    high: float


class Samples:
    """All samples of a run, in order; each is told to `say` when it comes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._all: list[Sample] = []

    def add(self, case: str, system: str, values: dict[str, float]) -> None:
        self._all += [Sample(case, system, metric, value) for metric, value in values.items()]
        told = ", ".join(f"{metric} {shown(value)}" for metric, value in values.items())
        self._say(f"{case} | {system} | {told}")

    def of(self, case: str, system: str, metric: str) -> Spread | None:
        values = [one.value for one in self._all if (one.case, one.system, one.metric) == (case, system, metric)]
        return Spread(median(values), min(values), max(values)) if values else None

    def middle(self, case: str, system: str, metric: str) -> float | None:
        spread = self.of(case, system, metric)
        return spread.middle if spread else None

    def cases(self) -> list[str]:
        return list(dict.fromkeys(one.case for one in self._all))

    def systems(self, case: str) -> list[str]:
        return list(dict.fromkeys(one.system for one in self._all if one.case == case))

    def metrics(self, case: str) -> list[str]:
        return list(dict.fromkeys(one.metric for one in self._all if one.case == case))

    def write_lines(self, file: Path) -> None:
        file.write_text("".join(json.dumps(asdict(one)) + "\n" for one in self._all))


def shown(value: float) -> str:
    """Three digits that count: 2,405; 12.3; 0.51."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
