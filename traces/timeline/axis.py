"""The axis under a timeline: round steps, their labels, and percents as SVG holds them; pure, called by timeline.py."""

import math
from dataclasses import dataclass

_STEPS_BELOW_A_MINUTE = (1, 2, 5)
_STEPS_FROM_HALF_A_MINUTE_S = (30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 18_000, 43_200, 86_400)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the axis. The first and the last label turn inwards where they would be cut off."""

    x: str
    label: str

    @property
    def edge(self) -> str:
        return {"0": "first", "100": "last"}.get(self.x, "")


def percent(value: float) -> str:
    """A percentage with two digits at most, as SVG attributes hold it."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def tick_step(duration_ms: float) -> float:
    """The smallest step of 1, 2 or 5 that cuts the duration into at most six parts; from half a minute, clock steps."""
    wanted = max(duration_ms, 0.001) / 6
    base = 10 ** math.floor(math.log10(wanted))
    decimal = next(factor * base for factor in (*_STEPS_BELOW_A_MINUTE, 10) if factor * base >= wanted * 0.999999)
    if decimal <= 20_000:
        return float(decimal)
    clock = next((seconds * 1000 for seconds in _STEPS_FROM_HALF_A_MINUTE_S if seconds * 1000 >= wanted), None)
    return float(clock or 86_400_000 * math.ceil(wanted / 86_400_000))


def ticks_of(axis_ms: float, step: float) -> tuple[Tick, ...]:
    count = math.floor(axis_ms / step + 1e-6)
    return tuple(Tick(percent(100 * place * step / axis_ms), tick_text(place * step)) for place in range(count + 1))


def tick_text(ms: float) -> str:
    """A round number of milliseconds without needless digits: 0, 400 ms, 1.2 s, 1 m 30 s, 2 h."""
    if ms < 1_000:
        return f"{ms:g} ms" if ms else "0"
    if ms < 60_000:
        return f"{ms / 1_000:g} s"
    units = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000))
    words, rest = [], round(ms)
    for word, size in units:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {word}")
    return " ".join(words[:2])
