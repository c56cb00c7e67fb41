"""Reading fields and times, without a database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.errors import InvalidFields
from traces.times import parse_time, render_time
from traces.wire.fields import FieldReader, json_text

MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS)
def test_what_is_rendered_is_read_back(moment):
    assert parse_time(render_time(moment)) == moment


@given(MOMENTS, ZONES)
def test_every_zone_is_read_as_the_same_moment(moment, zone):
    assert parse_time(moment.astimezone(zone).isoformat()) == moment


@given(st.text(max_size=40))
def test_no_text_breaks_the_time_reader(text):
    parsed = parse_time(text, zone_may_be_missing=True)

    assert parsed is None or 1970 <= parsed.year <= 2199


@pytest.mark.parametrize(
    ("microsecond", "rendered"),
    [(0, "2026-04-06T12:00:00Z"), (120_000, "2026-04-06T12:00:00.120Z"), (120_001, "2026-04-06T12:00:00.120001Z")],
)
def test_a_fraction_is_as_short_as_it_can_be(microsecond, rendered):
    assert render_time(datetime(2026, 4, 6, 12, 0, 0, microsecond, UTC)) == rendered


def test_no_time_is_null():
    assert render_time(None) is None


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(), st.none()))
def test_a_whole_number_is_read_or_refused_never_guessed(value):
    fields = FieldReader({"n": value})

    number = fields.optional_whole("n", 2**53 - 1)

    if number is None:
        assert value is None or "n" in fields.complaints
    else:
        assert (number, isinstance(value, bool), isinstance(value, str)) == (value, False, False)


def test_the_first_complaint_about_a_field_stands():
    fields = FieldReader({})
    fields.complain("a", "first")
    fields.complain("a", "second")

    with pytest.raises(InvalidFields) as raised:
        fields.finish()
    assert raised.value.fields == {"a": "first"}


def test_text_is_kept_short_and_readable():
    assert json_text({"é": [1, None]}) == '{"é":[1,null]}'
