"""The bench: no stage of a request may cost 1.5 times the CPU it was committed with, and its page tells the truth."""

import json

import pytest

from bench import gate, goals
from bench.samples import Samples
from bench.systems import SQLITE

pytestmark = pytest.mark.one_database
PRODUCT = f"Tracen, {SQLITE}"


def keep_quiet(_: str) -> None:
    """Nobody watches."""


@pytest.fixture
def expected(tmp_path, monkeypatch):
    file = tmp_path / "expected.json"
    file.write_text(json.dumps({"POST": 10.0}))
    monkeypatch.setattr(gate, "EXPECTED", file)


def test_the_gate_names_a_stage_that_is_slower_in_every_try(expected, tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "measure_ratios", lambda folder: {"POST": 15.1})
    assert gate.find_slower(tmp_path) == ["POST: 15.1 plain views, 10.0 were committed"]


def test_the_gate_forgives_one_busy_moment(expected, tmp_path, monkeypatch):
    measured = iter([{"POST": 99.0}, {"POST": 10.4}])
    monkeypatch.setattr(gate, "measure_ratios", lambda folder: next(measured))
    assert gate.find_slower(tmp_path) == []


def goal_row(samples: Samples, words: str) -> list[str]:
    return next(row for row in goals.goal_rows(samples) if words in row[0] and row[1] == SQLITE)


def test_a_goal_is_judged_by_the_middle_round():
    samples = Samples(keep_quiet)
    for value in (90.0, 11.0, 10.0):
        samples.add(goals.POST.format(8), PRODUCT, {"p99 ms": value})
    assert goal_row(samples, "p99 within 12 ms")[2:] == ["11 ms", "met"]


def test_a_goal_that_was_missed_says_so():
    samples = Samples(keep_quiet)
    samples.add(goals.CRASH, PRODUCT, {"lost": 1.0})
    assert goal_row(samples, "kill -9")[2:] == ["1", "**not met**"]


def test_a_goal_without_samples_is_not_met_in_silence():
    assert goal_row(Samples(keep_quiet), "kill -9")[2:] == ["not measured", ""]


@pytest.mark.slow
def test_no_stage_of_a_request_has_become_much_slower(tmp_path):
    assert gate.find_slower(tmp_path) == []
