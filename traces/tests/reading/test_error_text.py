"""Error texts taken apart: the line that names the error, the stack, the reason for a sentence."""

import pytest

from traces.reading.error_text import read_error, reason_of

TRACEBACK = """Traceback (most recent call last):
  File "app.py", line 3, in run
    post(url)
  File ".venv/lib/python3.12/site-packages/httpx/_client.py", line 9, in post
    return self.request()
httpx.ConnectError: connection refused
"""


def test_a_traceback_is_titled_by_its_last_line():
    error = read_error(TRACEBACK)
    assert error.title == "httpx.ConnectError: connection refused"
    assert [line.is_library for line in error.stack] == [False, False, False, True, True]


def test_other_texts_are_titled_by_their_first_line():
    error = read_error("boom\nat main.js:1\n")
    assert (error.title, [line.text for line in error.stack]) == ("boom", ["at main.js:1"])


def test_one_line_has_no_stack():
    assert read_error("  boom  ").stack == ()


def test_one_endless_line_is_shortened_in_the_title_and_whole_below():
    error = read_error("x" * 500)
    assert (len(error.title), error.stack[0].text) == (200, "x" * 500)


@pytest.mark.parametrize("text", [" ", "\n\n", "\u200b"])
def test_an_error_that_says_nothing_is_still_an_error(text):
    assert read_error(text).title


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ConnectError: connection refused.", "connection refused"),
        ("httpx.ReadTimeout: ", "httpx.ReadTimeout:"),
        ("rate limited", "rate limited"),
        ("Note: no class", "Note: no class"),
        (TRACEBACK, "connection refused"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_reason_is_told_without_the_class(text, reason):
    assert reason_of(text) == reason


def test_of_many_empty_lines_one_is_kept():
    stack = read_error("boom\n" + "\n" * 50 + "at the end").stack

    assert [line.text for line in stack] == ["", "at the end"]
