"""The charts' geometry stays on the canvas, adds up, and has scales that read well."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.charts import HEIGHT, SPARK_HEIGHT, build_bars, build_lines, build_spark, count_top, duration_top

SLOTS = st.lists(
    st.integers(0, 60_000).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total))), max_size=31
)
MILLISECONDS = st.lists(st.none() | st.integers(0, 2**62), max_size=31)


@given(SLOTS)
def test_bars_stand_on_the_ground_and_under_the_top(slots):
    chart = build_bars(slots)

    assert len(chart.bars) == len(slots)
    for bar in chart.bars:
        assert bar.failed_y + bar.failed_height == pytest.approx(HEIGHT)
        assert bar.y + bar.height == pytest.approx(bar.failed_y, abs=0.11)
        assert bar.y >= -0.11
        assert bar.height >= -0.11
        assert bar.x + bar.width <= 100


def test_a_bar_shows_finished_over_failed():
    (bar,) = build_bars([(10, 4)]).bars

    assert (bar.y, bar.height, bar.failed_y, bar.failed_height) == (0, 72, 72, 48)


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (83, 100), (101, 200)]
)
def test_a_scale_of_counts_has_a_whole_middle(highest, top):
    assert count_top(highest) == top


@pytest.mark.parametrize(
    ("highest", "labels"),
    [
        (0, ["2 ms", "1 ms"]),
        (350, ["400 ms", "200 ms"]),
        (950, ["1 s", "500 ms"]),
        (12_400, ["20 s", "10 s"]),
        (70_000, ["2 m 00 s", "1 m 00 s"]),
        (100_000_000, ["2 d 00 h", "1 d 00 h"]),
    ],
)
def test_a_scale_of_durations_reads_well(highest, labels):
    assert [rule.label for rule in build_lines([highest]).rules] == labels


@given(st.floats(0, 2**62))
def test_no_duration_is_beyond_its_scale(highest):
    assert duration_top(highest) >= highest


@given(MILLISECONDS)
def test_a_line_breaks_where_nothing_was_measured(values):
    (line,) = build_lines(values).lines

    measured = [value is not None for value in values]
    stretches = sum(now and not before for before, now in zip([False, *measured], measured, strict=False))
    assert len(line) == stretches
    for points in line:
        for point in points.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 1000
            assert 0 <= y <= HEIGHT


def test_a_spark_marks_the_slots_with_failures():
    spark = build_spark([(0, 0), (4, 1), (2, 0)])

    assert spark.points == "0.0,18.0 48.0,2.0 96.0,10.0"
    assert spark.hot == ((48.0, 2.0),)


@given(SLOTS)
def test_a_spark_stays_in_its_cell(slots):
    for point in build_spark(slots).points.split():
        assert 0 <= float(point.split(",")[1]) <= SPARK_HEIGHT
