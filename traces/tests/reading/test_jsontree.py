"""JSON as a tree of <details>: readable, bounded, and safe for any value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traces.reading.jsontree import Budget, binary_label, render_tree

PNG = "iVBORw0KGgo" + "A" * 46_000


def tree(value, budget: int = 100_000) -> str:
    return str(render_tree(value, Budget(budget)))


def test_scalars_are_told_apart():
    html = tree({"a": "x", "b": 1, "c": 1.5, "d": True, "e": None, "f": [], "g": {}})
    for piece in ('<span class="s">"x"</span>', '<span class="n">1</span>', '<span class="n">1.5</span>',
                  '<span class="z">true</span>', '<span class="z">null</span>', "<i>[]</i>", "<i>{}</i>"):  # fmt: skip
        assert piece in html


def test_text_is_escaped_in_keys_and_values():
    assert "<img" not in tree({"<img src=x>": "<img src=y>", "list": ["<img src=z>"]})


def test_a_folded_object_hints_at_its_first_string():
    assert '<i>{2}</i><span class="pv clip">&#160;Support schemes</span>' in tree(
        [{"n": 1, "title": "Support schemes"}]
    )


def test_a_long_string_is_folded_with_its_length():
    html = tree({"text": "word " * 100})
    assert '<details class="long">' in html
    assert "500 characters" in html


def test_a_long_array_is_folded_after_a_hundred_items():
    html = tree(list(range(1_000)))
    assert "<i>… 900 more</i>" in html
    assert '<span class="n">999</span>' in html


def test_a_huge_array_ends_in_a_word():
    assert "… 99,000 more; the rest is in the JSON download" in tree(list(range(100_000)), budget=10**7)


def test_the_budget_bounds_the_html_and_leaves_it_well_formed():
    html = tree([{"key": "value" * 20} for _ in range(5_000)], budget=5_000)
    assert len(html) < 8_000
    assert html.count("<details") == html.count("</details>")
    assert html.count("<li>") == html.count("</li>")


def test_one_huge_string_stays_within_the_budget():
    assert len(tree({"text": "y" * 10**6}, budget=2_000)) < 3_000


def test_a_value_too_deep_for_anything_is_still_a_page():
    value: list = []
    for _ in range(5_000):
        value = [value]
    assert "nested deeper" in tree([value])


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (PNG, "image, 34 KB"),
        ("data:image/png;base64," + "A" * 46_000, "image, 34 KB"),
        ("data:application/pdf;base64," + "A" * 4_000, "application, 2.9 KB"),
        ("QUJD" * 1_000, "base64, 2.9 KB"),
        ("A short text", None),
        ("words and spaces " * 100, None),
    ],
)
def test_base64_is_named_and_not_shown(text, label):
    assert binary_label(text) == label


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)


@given(JSON, st.integers(0, 3_000))
def test_any_value_gives_balanced_html(value, budget):
    html = tree(json.loads(json.dumps(value)), budget)
    for tag in ("details", "ul", "li", "summary"):
        assert html.count(f"<{tag}") == html.count(f"</{tag}>")
