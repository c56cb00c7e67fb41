"""Markdown from strangers: formatted, harmless, and never an exception."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracen.lib import markdown
from tracen.lib.markdown import MAX_MARKDOWN, render_markdown


def tags_of(html: str) -> str:
    """The tags with their attributes' names; what stands inside quotes is only text."""
    return re.sub(r'(title|alt)="[^"]*"', "", " ".join(re.findall(r"<[^>]*>", html))).lower()


def test_what_markdown_is_for_is_formatted():
    text = "**bold** and `code`\n\n- one\n- two\n\n```python\nx < 1\n```\n\n| a |\n|---|\n| b |"
    html = render_markdown(text)
    for piece in ("<strong>bold</strong>", "<code>code</code>", "<li>one</li>", "x &lt; 1", "<td>b</td>"):
        assert piece in html


def test_a_heading_becomes_a_bold_paragraph():
    assert render_markdown("# Title").strip() == '<p class="md-h">Title</p>'


def test_links_lend_no_reputation():
    link = '<a href="https://example.com" rel="nofollow noopener ugc">x</a>'
    assert render_markdown("[x](https://example.com)").strip() == f"<p>{link}</p>"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "<a href='https://x' onclick='y'>z</a>",
        "![tracker](https://evil.example/p.png)",
        "[a]: javascript:alert(1)\n\n[a]",
        "<style>*{display:none}</style>",
        '<p class="md-h" style="position:fixed">x</p>',
        "[x](https://example.com \"\\\" onmouseover=alert(1) \\\"\")",
    ],
)  # fmt: skip
def test_nothing_active_comes_through(text):
    tags = tags_of(render_markdown(text))
    for forbidden in ("<script", "<img", "<style", " style=", " on", "javascript:", "data:", "vbscript:"):
        assert forbidden not in tags


def test_a_very_long_text_is_shown_plain():
    text = "# no heading & <b>\n" + "x" * MAX_MARKDOWN
    assert render_markdown(text).startswith('<p class="plain"># no heading &amp; &lt;b&gt;\n')


def test_a_text_that_breaks_the_parser_is_shown_plain(monkeypatch):
    def fail(_text):
        raise RecursionError

    monkeypatch.setattr(markdown, "_render", fail)
    assert render_markdown("a < b") == '<p class="plain">a &lt; b</p>'


@pytest.mark.parametrize(
    "text", ["", "[" * 8_000, "> " * 4_000, "*" * 9_000, "`" * 5_000, "\x00\ufffd", "||||\n|-|\n" * 500]
)
def test_odd_texts_never_raise(text):
    assert isinstance(render_markdown(text), str)


@given(st.text(max_size=400))
def test_no_text_raises_or_opens_a_tag_of_its_own(text):
    tags = tags_of(render_markdown(text))
    assert "<script" not in tags
    assert " on" not in tags
