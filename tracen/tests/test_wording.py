"""How durations, counts, sizes and moments are written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tracen.lib.wording import (
    bytes_text,
    count_text,
    day_and_time,
    duration_text,
    exact_time,
    iso_z,
    money_text,
    relative_time,
)

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, ""),
        (0, "0 ms"),
        (-5, "0 ms"),
        (0.004, "0.1 ms"),
        (0.4, "0.4 ms"),
        (1, "1 ms"),
        (380, "380 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (2_680, "2.68 s"),
        (9_996, "10.0 s"),
        (14_500, "14.5 s"),
        (48_900, "48.9 s"),
        (59_949, "59.9 s"),
        (59_950, "1 m 00 s"),
        (185_000, "3 m 05 s"),
        (3_599_600, "1 h 00 m"),
        (3_720_000, "1 h 02 m"),
        (183_600_000, "2 d 03 h"),
    ],
)
def test_durations_have_three_figures(ms, text):
    assert duration_text(ms) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (12_400, "12.4k"),
        (999_950, "1M"),
        (3_100_000, "3.1M"),
        (2**53, "9007.2T"),
    ],
)
def test_counts_fit_a_column(number, text):
    assert count_text(number) == text


@pytest.mark.parametrize(
    ("nanodollars", "text"),
    [
        (0, "$0"),
        (1, "$0.0000000010"),
        (390_400, "$0.00039"),
        (999_999, "$0.00100"),
        (12_300_000, "$0.0123"),
        (500_000_000, "$0.5000"),
        (999_960_000, "$1.00"),
        (1_500_000_000, "$1.50"),
        (1_234_560_000_000, "$1,234.56"),
        (9.2e18, "$9,200,000,000.00"),
    ],
)
def test_costs(nanodollars, text):
    assert money_text(nanodollars) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (812, "812 bytes"),
        (1_024, "1 KB"),
        (34_816, "34 KB"),
        (1_258_291, "1.2 MB"),
        (5_242_880, "5 MB"),
    ],
)
def test_sizes_are_counted_in_1024(size, text):
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("microsecond", "text"),
    [(0, "2026-03-14T12:00:00Z"), (250_000, "2026-03-14T12:00:00.250Z"), (250_001, "2026-03-14T12:00:00.250001Z")],
)
def test_moments_keep_no_more_digits_than_they_have(microsecond, text):
    assert iso_z(NOON.replace(microsecond=microsecond)) == text


def test_moments_are_written_in_utc():
    assert iso_z(NOON.astimezone(timezone(timedelta(hours=9)))) == "2026-03-14T12:00:00Z"


def test_a_day_of_another_year_names_the_year():
    assert day_and_time(NOON, NOON) == "14 Mar, 12:00"
    assert day_and_time(NOON, NOON.replace(year=2027)) == "14 Mar 2026, 12:00"


def test_the_exact_time_is_down_to_the_millisecond():
    assert exact_time(NOON.replace(microsecond=7_900)) == "14 Mar 2026, 12:00:00.007 UTC"


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=-30), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23), "23 hours ago"),
        (timedelta(hours=47), "yesterday"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=7), "7 Mar, 12:00"),
        (timedelta(days=-2), "16 Mar, 12:00"),
    ],
)
def test_recent_moments_are_told_as_how_long_ago(ago, text):
    assert relative_time(NOON - ago, NOON) == text
