"""What an error text says in one line, and the stack under it; pure, called by page.py and detail.py."""

import re
from dataclasses import dataclass

MAX_SUMMARY = 200
MAX_STACK = 20_000
_CLASS = re.compile(r"^[\w.$]*(?:Error|Exception|Timeout|Failure|Refused|Interrupt)\w*:\s+(?=\S)")
_LIBRARY = re.compile(r"site-packages|dist-packages|node_modules|[/\\]lib[/\\]python\d|node:internal|<frozen ")


@dataclass(frozen=True, slots=True)
class StackLine:
    text: str
    is_library: bool
    """It lies in somebody else's code, where the cause rarely is."""


@dataclass(frozen=True, slots=True)
class ErrorText:
    """`title` is the line that names the error, `stack` the whole text if it has more lines than that."""

    title: str
    stack: tuple[StackLine, ...]


def read_error(text: str) -> ErrorText:
    """Take an error text apart: a Python traceback ends with its error, everything else begins with it."""
    written = text[:MAX_STACK].strip().splitlines()
    # Of several empty lines one is kept: fifty would push the rest of the page away.
    lines = [line for place, line in enumerate(written) if line.strip() or written[place - 1].strip()]
    filled = [line.strip() for line in lines if line.strip()]
    if not filled:
        return ErrorText("An error without a message", ())
    is_traceback = filled[0].startswith("Traceback (most recent call last)") and len(text) <= MAX_STACK
    title = filled[-1] if is_traceback else filled[0]
    rest = lines[:-1] if is_traceback else lines[1:]
    shown = rest if len(title) <= MAX_SUMMARY else lines
    return ErrorText(_short(title), tuple(_stack(shown)) if any(line.strip() for line in shown) else ())


def reason_of(text: str | None) -> str:
    """The error in words for a sentence, without its class and without a full stop; "" if it says nothing."""
    if not text or not text.strip():
        return ""
    title = read_error(text).title
    return _CLASS.sub("", title, count=1).rstrip(".") or title


def _stack(lines: list[str]) -> list[StackLine]:
    """The lines; in Python's tracebacks the source line belongs to the frame above it."""
    found: list[StackLine] = []
    for line in lines:
        is_source = line.startswith("    ") and found and found[-1].text.lstrip().startswith("File ")
        is_library = found[-1].is_library if is_source else bool(_LIBRARY.search(line))
        found.append(StackLine(line.rstrip(), is_library))
    return found


def _short(text: str) -> str:
    return text if len(text) <= MAX_SUMMARY else text[: MAX_SUMMARY - 1] + "…"
