"""Parsing a body: what comes back equal, what is repaired, what is refused; no database, no server."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracen.lib.json_body import BodyLimits, InvalidJson, parse_json

LIMITS = BodyLimits(max_bytes=1_000_000, max_depth=64, max_values=1_000, max_integer=2**63 - 1)
STORABLE = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STORABLE,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(STORABLE, inner, max_size=5),
    max_leaves=30,
)


@given(VALUES)
def test_every_storable_value_comes_back_equal(value):
    assert parse_json(json.dumps(value).encode(), LIMITS) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(), LIMITS) == value


@given(st.text(st.characters()))
def test_every_text_can_be_stored_after_repair(text):
    repaired = parse_json(json.dumps({text: text}).encode(), LIMITS)

    for part in (*repaired, *repaired.values()):
        assert "\x00" not in part
        part.encode()


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(raw):
    with suppress(InvalidJson):
        parse_json(raw, LIMITS)


@pytest.mark.parametrize("raw", [b"[" * 1_000_000, b'{"a":' * 100_000, b"[" * 70 + b"]" * 70])
def test_depth_is_refused_without_recursion(raw):
    with pytest.raises(InvalidJson) as raised:
        parse_json(raw, LIMITS)
    assert raised.value.limit in (64, None)


def test_the_number_of_values_has_a_limit():
    with pytest.raises(InvalidJson) as raised:
        parse_json(b"[" + b"[]," * 1_000 + b"[]]", LIMITS)
    assert raised.value.limit == 1_000


@pytest.mark.parametrize("raw", [b"9223372036854775808", b"-9223372036854775809", b"9" * 5_000, b"1e400", b"-1e400"])
def test_numbers_out_of_range_are_refused(raw):
    with pytest.raises(InvalidJson) as raised:
        parse_json(raw, LIMITS)
    assert "out of range" in raised.value.detail


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, -0.0, 1e308, 5e-324])
def test_numbers_at_the_edge_are_kept(number):
    assert parse_json(json.dumps(number).encode(), LIMITS) == number
