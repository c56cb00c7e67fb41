"""What a failed run did otherwise than a good one, in lines that a person reads in a mail."""

from dataclasses import replace

import pytest

from traces.reading.difference import Shape, differences

GOOD = Shape(("plan", "search", "write"), 1_000, 300, frozenset({"gpt-4o"}))


@pytest.mark.parametrize(
    ("now", "lines"),
    [
        (GOOD, ("The same 3 steps in the same order.",)),
        (
            replace(GOOD, steps=("plan", "search")),
            ("It ended after step 2 of 3; write would have been next.",),
        ),
        (
            replace(GOOD, steps=("plan", "guess", "write")),
            ("Step 2 was guess instead of search.", "Not reached: search.", "New: guess."),
        ),
        (
            replace(GOOD, steps=("plan", "search", "write", "send", "wait")),
            ("It went on after 3 steps with send.", "New: send, wait."),
        ),
        (
            replace(GOOD, steps=("plan", "search", "write", "write")),
            ("It went on after 3 steps with write.",),
        ),
        (
            replace(GOOD, steps=()),
            ("It ended after step 0 of 3; plan would have been next.", "Not reached: plan, search, write."),
        ),
        (
            replace(GOOD, duration_ms=12_400),
            ("The same 3 steps in the same order.", "It took 12.4 s instead of 1.00 s."),
        ),
        (replace(GOOD, duration_ms=1_400), ("The same 3 steps in the same order.",)),
        (replace(GOOD, duration_ms=None, tokens=None), ("The same 3 steps in the same order.",)),
        (
            replace(GOOD, tokens=12_400),
            ("The same 3 steps in the same order.", "It used 12.4k tokens instead of 300."),
        ),
        (
            replace(GOOD, models=frozenset({"gpt-5"})),
            ("The model was gpt-5 instead of gpt-4o.", "The same 3 steps in the same order."),
        ),
        (replace(GOOD, models=frozenset()), ("The same 3 steps in the same order.",)),
    ],
)
def test_each_difference_is_a_line(now, lines):
    assert differences(now, GOOD) == lines


def test_two_runs_without_a_step_have_nothing_to_tell():
    assert differences(Shape((), 0, None), Shape((), 0, None)) == ()


def test_of_many_names_three_are_told_and_long_ones_are_cut():
    then = Shape(tuple(f"page {number}" for number in range(50)), 1, 1)
    now = Shape(("x" * 255 + "\nBcc: y",), 1, 1)
    assert differences(now, then) == (
        f"Step 1 was {'x' * 59}… instead of page 0.",
        "Not reached: page 0, page 1, page 2 and 47 more.",
        f"New: {'x' * 59}….",
    )
