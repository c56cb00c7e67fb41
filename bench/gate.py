"""The short form for every change: has a stage of a request become much slower, or is it unknown? In plain views.

The committed ratios are bench/expected.json; `manage.py bench --accept` writes them anew after a change that is meant.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.inside.stages import PLAIN
from bench.systems import SQLITE, Product

EXPECTED = Path(__file__).parent / "expected.json"
ALLOWED = 1.5
ROUNDS = 3
_TRIES = 5


def measure_ratios(folder: Path) -> dict[str, float]:
    """The CPU of each stage as a multiple of a plain Django view's."""
    measured = Product(folder, SQLITE, keys=1).run_inside("stages", ROUNDS)
    return {stage: cpu / measured[PLAIN] for stage, cpu in measured.items() if stage != PLAIN}


def find_faults(folder: Path) -> list[str]:
    """A sentence for each stage that is 1.5 times what was committed, in each of some tries: a busy machine is none.

    A stage that was measured or committed, but not both, is a fault as well: nobody would watch it.
    """
    expected: dict[str, float] = json.loads(EXPECTED.read_text())
    best: dict[str, float] = {}
    for number in range(_TRIES):
        place = folder / str(number)
        place.mkdir()
        measured = measure_ratios(place)
        unwatched = _find_unwatched(measured, expected)
        if unwatched:
            return unwatched
        for stage, ratio in measured.items():
            best[stage] = min(best.get(stage, ratio), ratio)
        slower = [stage for stage, ratio in best.items() if ratio > expected[stage] * ALLOWED]
        if not slower:
            return []
    return [
        f"{stage}: {best[stage]:.1f} plain views, {expected[stage]:.1f} were committed; {ALLOWED} times as many are allowed"
        for stage in slower
    ]


def _find_unwatched(measured: Iterable[str], expected: Iterable[str]) -> list[str]:
    new = [stage for stage in measured if stage not in set(expected)]
    gone = [stage for stage in expected if stage not in set(measured)]
    return [
        *(f"{stage}: measured, but not in expected.json; `manage.py bench --accept` writes it anew" for stage in new),
        *(f"{stage}: in expected.json, but not measured" for stage in gone),
    ]


def accept(folder: Path) -> None:
    ratios = {stage: round(ratio, 1) for stage, ratio in measure_ratios(folder).items()}
    EXPECTED.write_text(json.dumps(ratios, indent=2) + "\n")
