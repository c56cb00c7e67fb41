"""The corpus of bad and nasty input, as data; tests/test_bad_input.py sends it. One module for each family of cases."""

from tests.bad_input import framing, moments, pages, trees, values, writing
from tests.bad_input.case import Case

CASES: tuple[Case, ...] = (*writing.CASES, *values.CASES, *moments.CASES, *trees.CASES, *framing.CASES, *pages.CASES)
