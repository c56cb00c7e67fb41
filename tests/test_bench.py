"""The bench: no stage of a request may cost 1.5 times the CPU it was committed with, and its page tells the truth."""

import json
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from bench import browser, gate, goals, report
from bench.run import QUICK, Run
from bench.samples import Samples, read_lines
from bench.systems import SQLITE
from tests.bring.system import CannotBring

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
    assert gate.find_faults(tmp_path) == ["POST: 15.1 plain views, 10.0 were committed; 1.5 times as many are allowed"]


def test_the_gate_forgives_one_busy_moment(expected, tmp_path, monkeypatch):
    measured = iter([{"POST": 99.0}, {"POST": 10.4}])
    monkeypatch.setattr(gate, "measure_ratios", lambda folder: next(measured))
    assert gate.find_faults(tmp_path) == []


def test_the_gate_names_a_stage_that_was_never_committed(expected, tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "measure_ratios", lambda folder: {"POST": 10.0, "GET": 1.0})
    assert gate.find_faults(tmp_path) == [
        "GET: measured, but not in expected.json; `manage.py bench --accept` writes it anew"
    ]


def test_the_gate_names_a_committed_stage_that_is_measured_no_more(expected, tmp_path, monkeypatch):
    monkeypatch.setattr(gate, "measure_ratios", lambda folder: {})
    assert gate.find_faults(tmp_path) == ["POST: in expected.json, but not measured"]


def goal_row(samples: Samples, words: str) -> list[str]:
    return next(row for row in goals.goal_rows(samples) if words in row[0] and row[1] == SQLITE)


def test_a_goal_is_judged_by_the_middle_round():
    samples = Samples(keep_quiet)
    for value in (90.0, 11.0, 10.0):
        samples.add(goals.POST.format(8), PRODUCT, {"p99 ms": value})
    assert goal_row(samples, "p99 within 12 ms")[2:] == ["11 ms (10–90)", "met"]


LOSSES = [
    (goals.CRASH, "lost", "acknowledged and lost"),
    (goals.CRASH, "torn", "stored in part"),
    (goals.POST.format(64), "failed", "not 2xx"),
    (goals.POST.format(8), "acknowledged and not stored", "acknowledged and not stored"),
    (goals.FIRST, "acknowledged and not stored", "acknowledged and not stored"),
]


@pytest.mark.parametrize(("case", "metric", "words"), LOSSES)
def test_what_must_never_happen_is_judged_by_the_worst_round(case, metric, words):
    samples = Samples(keep_quiet)
    for value in (0, 0, 57):
        samples.add(case, PRODUCT, {metric: value})
    assert goal_row(samples, words)[2:] == ["57 (0–57)", "**not met**"]


def test_one_case_that_loses_is_not_hidden_by_the_others():
    samples = Samples(keep_quiet)
    for count, value in ((1, 0), (8, 0), (32, 2), (64, 0)):
        samples.add(goals.POST.format(count), PRODUCT, {"acknowledged and not stored": value})
    assert goal_row(samples, "acknowledged and not stored")[2:] == ["2 (0–2)", "**not met**"]


def test_a_ratio_shows_how_far_the_rounds_are_apart():
    samples = Samples(keep_quiet)
    for ours, naive in ((201, 10), (220, 10), (239, 10)):
        samples.add(goals.POST.format(8), f"naive, {SQLITE}", {"requests/s": naive})
        samples.add(goals.POST.format(8), PRODUCT, {"requests/s": ours})
    assert goal_row(samples, "8 connections: 15 times naive")[2:] == ["22 x (20.1–23.9)", "met"]


def test_a_ratio_compares_rounds_that_were_side_by_side():
    """A machine that is slow for a round is so for both."""
    samples = Samples(keep_quiet)
    for ours, naive in ((200, 10), (100, 5), (400, 20)):
        samples.add(goals.POST.format(8), f"naive, {SQLITE}", {"requests/s": naive})
        samples.add(goals.POST.format(8), PRODUCT, {"requests/s": ours})
    assert goal_row(samples, "8 connections: 15 times naive")[2:] == ["20 x", "met"]


def test_the_share_of_raw_compares_the_faster_ways():
    samples = Samples(keep_quiet)
    for ours, raw in ((40, 100), (30, 100), (60, 100)):
        rates = {goals.STORED[0]: 1, goals.STORED[1]: ours, goals.RAW[0]: raw, goals.RAW[1]: 2}
        samples.add(goals.BATCHES, PRODUCT, rates)
    assert goal_row(samples, "raw executemany")[2:] == ["40 % (30–60)", "met"]


def test_an_answer_that_never_came_is_told_and_written(tmp_path):
    samples = Samples(keep_quiet)
    samples.add(goals.SLOW, PRODUCT, {"/health max ms": float("inf")})
    samples.write_lines(tmp_path / "lines")
    assert goal_row(samples, "/health")[2:] == ["∞ ms", "**not met**"]
    _, line = (tmp_path / "lines").read_text().splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["value"] is None


def test_a_run_goes_on_without_a_browser(tmp_path, monkeypatch):
    def there_is_none() -> str:
        raise CannotBring("Chromium is missing.")

    said: list[str] = []
    monkeypatch.setattr(browser, "find_chromium", there_is_none)
    Run(tmp_path, QUICK, Samples(said.append)).open_largest(SimpleNamespace(port=1, name=PRODUCT), {})
    assert said == [f"{goals.BROWSER} | {PRODUCT} | not measured: Chromium is missing."]


def test_the_page_tells_how_fast_the_machine_was_in_each_round(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(report, "LINES", tmp_path / "lines.jsonl")
    run = Run(tmp_path, QUICK, samples := Samples(keep_quiet, "monday\na machine"))
    for _ in range(2):
        run.note_speed()

    rounds = [samples.values(goals.SPEED, "monday", metric) for metric in samples.metrics(goals.SPEED)]
    assert all(len(values) == 2 and min(values) > 0 for values in rounds)
    assert f"## {goals.SPEED}" in report.write_report(samples).read_text()


def test_a_run_of_some_cases_keeps_the_others_and_says_which_is_which(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(report, "LINES", tmp_path / "lines.jsonl")
    whole = Samples(keep_quiet, "monday; commit 1\na slow machine")
    for case, value in ((goals.IDLE, 1.0), (goals.SLOW, float("inf")), (goals.DISK, 2.0)):
        whole.add(case, PRODUCT, {"number": value})
    assert "Measured" not in report.write_report(whole).read_text()

    some = Samples(keep_quiet, "tuesday; commit 2\na fast machine")
    for case in (f"{goals.SLOW}: new", goals.SLOW):
        some.add(case, PRODUCT, {"number": 3.0})
    some.keep_others(read_lines(report.LINES))
    page = report.write_report(some).read_text()
    assert some.cases() == [goals.IDLE, f"{goals.SLOW}: new", goals.SLOW, goals.DISK]
    assert some.values(goals.SLOW, PRODUCT, "number") == [3.0]
    assert "- monday; commit 1\n- a slow machine\n\n- tuesday; commit 2\n- a fast machine\n" in page
    assert f"## {goals.SLOW}\n\nMeasured tuesday; commit 2.\n\n|" in page
    assert f"## {goals.DISK}\n\nMeasured monday; commit 1.\n\n|" in page


def test_what_one_case_has_of_two_runs_stays(tmp_path):
    whole, some = Samples(keep_quiet, "monday"), Samples(keep_quiet, "tuesday")
    whole.add(goals.IDLE, PRODUCT, {"memory MB": 1.0, "seconds": 2.0})
    whole.add(goals.IDLE, "Phoenix", {"seconds": 3.0})
    whole.add(goals.SPEED, whole.name, {"ms": 4.0})
    some.add(goals.IDLE, PRODUCT, {"seconds": 5.0})
    some.add(goals.SPEED, some.name, {"ms": 6.0})
    whole.write_lines(tmp_path / "lines")
    some.keep_others(read_lines(tmp_path / "lines"))
    assert some.systems(goals.IDLE) == [PRODUCT, "Phoenix"]
    assert [some.values(goals.IDLE, PRODUCT, metric) for metric in ("memory MB", "seconds")] == [[1.0], [5.0]]
    assert [some.values(goals.SPEED, run, "ms") for run in ("monday", "tuesday")] == [[4.0], [6.0]]


def test_what_never_came_is_read_as_such(tmp_path):
    samples = Samples(keep_quiet, "monday")
    samples.add(goals.SLOW, PRODUCT, {"number": float("inf")})
    samples.write_lines(tmp_path / "lines")
    (read,) = read_lines(tmp_path / "lines")
    assert (read.key, read.value, read.run) == ((goals.SLOW, PRODUCT, "number"), float("inf"), "monday")


@pytest.mark.parametrize("words", [["--quick"], []])
def test_only_a_page_that_there_is_can_be_updated(tmp_path, monkeypatch, words):
    monkeypatch.setattr(report, "LINES", tmp_path / "none")
    with pytest.raises(CommandError, match="--update"):
        call_command("bench", "--update", *words)


def test_a_goal_that_was_missed_says_so():
    samples = Samples(keep_quiet)
    samples.add(goals.CRASH, PRODUCT, {"lost": 1.0})
    assert goal_row(samples, "kill -9")[2:] == ["1", "**not met**"]


def test_a_goal_without_samples_is_not_met_in_silence():
    assert goal_row(Samples(keep_quiet), "kill -9")[2:] == ["not measured", ""]


@pytest.mark.slow
def test_no_stage_of_a_request_has_become_much_slower(tmp_path):
    assert gate.find_faults(tmp_path) == []
