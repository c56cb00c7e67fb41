"""What one run did otherwise than another, in a few lines; pure, called by traces/failure_report.py."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tracen.lib.wording import count_text, duration_text

WORTH_TELLING = 1.5
"""How many times as long, or as many tokens, a reader wants to hear of."""
NAMES_TOLD = 3
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Shape:
    """A run as far as two are compared: the names of its steps in order, and its totals."""

    steps: tuple[str, ...]
    duration_ms: float | None
    tokens: int | None
    models: frozenset[str] = frozenset()


def differences(now: Shape, then: Shape) -> tuple[str, ...]:
    """Sentences about `now` as against `then`; at most six."""
    return (*_models(now, then), *_first_difference(now, then), *_names(now, then), *_totals(now, then))


def _models(now: Shape, then: Shape) -> Iterator[str]:
    if now.models and then.models and now.models != then.models:
        yield f"The model was {_list(sorted(now.models))} instead of {_list(sorted(then.models))}."


def _first_difference(now: Shape, then: Shape) -> Iterator[str]:
    """Where the two ways part."""
    for place, (here, there) in enumerate(zip(now.steps, then.steps, strict=False), 1):
        if here != there:
            yield f"Step {place:,} was {_clip(here)} instead of {_clip(there)}."
            return
    taken, known = len(now.steps), len(then.steps)
    if taken < known:
        yield f"It ended after step {taken:,} of {known:,}; {_clip(then.steps[taken])} would have been next."
    elif taken > known:
        yield f"It went on after {known:,} step{'' if known == 1 else 's'} with {_clip(now.steps[known])}."
    elif taken:
        yield "The same step." if taken == 1 else f"The same {taken:,} steps in the same order."


def _names(now: Shape, then: Shape) -> Iterator[str]:
    """The kinds of steps that only one of the two has; not the one that was said to follow where the other ended."""
    longer, shorter = sorted((now.steps, then.steps), key=len, reverse=True)
    followed = [longer[len(shorter)]] if len(longer) > len(shorter) and longer[: len(shorter)] == shorter else []
    for words, some, others in (("Not reached", then, now), ("New", now, then)):
        known = set(others.steps)
        only = [name for name in dict.fromkeys(some.steps) if name not in known]
        if only and only != followed:
            yield f"{words}: {_list(only)}."


def _totals(now: Shape, then: Shape) -> Iterator[str]:
    if _is_far(now.duration_ms, then.duration_ms):
        yield f"It took {duration_text(now.duration_ms)} instead of {duration_text(then.duration_ms)}."
    if _is_far(now.tokens, then.tokens):
        yield f"It used {count_text(now.tokens)} tokens instead of {count_text(then.tokens)}."


def _is_far(here: float | None, there: float | None) -> bool:
    return bool(here and there) and not 1 / WORTH_TELLING < (here or 0) / (there or 1) < WORTH_TELLING


def _list(names: Iterable[str]) -> str:
    told = [_clip(name) for name in names]
    more = len(told) - NAMES_TOLD
    return ", ".join(told[:NAMES_TOLD]) + (f" and {more:,} more" if more > 0 else "")


def _clip(name: str) -> str:
    line = " ".join(name.split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1] + "…"
