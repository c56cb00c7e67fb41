"""Any JSON value as a tree of <details> that opens without script; detail.py and page.py call it.

The values are strangers' data: every character goes through `escape`, and a budget of HTML bounds the whole, so that
one huge value can neither break nor flood the page.
"""

import re
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from tracen.lib.wording import bytes_text

MAX_DEPTH = 80
"""Ingest accepts 64 levels; what is deeper came another way and ends in a word."""
MAX_ITEMS = 100
LONG_STRING = 300
STRING_HEAD = 160
MAX_STRING = 20_000
HINT_LENGTH = 80
OPEN_ITEMS = 12

_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[\w.;=-]*;base64,", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\r\n]{400,}={0,2}\s*", re.ASCII)
_IMAGE_STARTS = ("iVBORw0KGgo", "/9j/", "R0lGOD", "UklGR")
_REST = "the rest is in the JSON download"


class Budget:
    """How many characters of HTML a panel may still hold; shared by all its parts."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    @property
    def is_spent(self) -> bool:
        return self.left <= 0


def render_tree(value: Any, budget: Budget) -> SafeString:
    """The value as HTML. Never raises: what cannot be shown is replaced by a sentence that says so."""
    writer = _Writer(budget)
    try:
        writer.value("", value, depth=0, is_open=True)
    except (RecursionError, ValueError, TypeError):
        return mark_safe('<p class="faint">This value cannot be displayed; it is in the JSON download.</p>')
    return mark_safe(f'<div class="tree">{"".join(writer.parts)}</div>')  # noqa: S308 - each part was escaped


def binary_label(text: str) -> str | None:
    """What a long base64 text is, "image, 34 KB", or None for any other text."""
    head = text[:100]
    if match := _DATA_URI.match(head):
        kind = (match[1] or "data").split("/")[0]
        return f"{kind}, {bytes_text((len(text) - match.end()) * 3 // 4)}"
    if len(text) < 400 or " " in head or not _BASE64.fullmatch(text):
        return None
    kind = "image" if text.startswith(_IMAGE_STARTS) else "base64"
    return f"{kind}, {bytes_text(len(text) * 3 // 4)}"


class _Writer:
    """Collects the pieces; what was opened is always closed, also when the budget ends in the middle."""

    def __init__(self, budget: Budget) -> None:
        self.parts: list[str] = []
        self.budget = budget

    def add(self, html: str) -> None:
        self.parts.append(html)
        self.budget.left -= len(html)

    def value(self, key: str, value: Any, *, depth: int, is_open: bool) -> None:
        if isinstance(value, dict | list) and value:
            self.container(key, value, depth, is_open)
        elif isinstance(value, str):
            self.string(key, value)
        else:
            self.add(key + _scalar(value))

    def container(self, key: str, value: dict[str, Any] | list[Any], depth: int, is_open: bool) -> None:
        count = f"{{{len(value)}}}" if isinstance(value, dict) else f"[{len(value)}]"
        hint = f'<span class="pv clip">&#160;{escape(_hint(value))}</span>' if _hint(value) else ""
        self.add(f"<details{' open' if is_open else ''}><summary>{key}<i>{count}</i>{hint}</summary><ul>")
        if depth >= MAX_DEPTH:
            self.add(f"<li><i>nested deeper; {_REST}</i></li>")
        else:
            self.items(list(value.items()) if isinstance(value, dict) else [(None, item) for item in value], depth)
        self.add("</ul></details>")

    def items(self, items: list[tuple[str | None, Any]], depth: int) -> None:
        self.some(items[:MAX_ITEMS], len(items), depth)
        rest = items[MAX_ITEMS : 10 * MAX_ITEMS]
        if rest:
            self.add(f"<li><details><summary><i>… {len(items) - MAX_ITEMS:,} more</i></summary><ul>")
            self.some(rest, len(items) - MAX_ITEMS, depth)
            self.add("</ul></details></li>")

    def some(self, items: list[tuple[str | None, Any]], total: int, depth: int) -> None:
        """As many of the items as the budget allows, and a word about those of `total` that are left out for it."""
        for place, (key, item) in enumerate(items):
            if self.budget.is_spent:
                self.add(f"<li><i>… {total - place:,} more; {_REST}</i></li>")
                return
            self.item(key, item, depth)
        if total > len(items) > MAX_ITEMS:
            self.add(f"<li><i>… {total - len(items):,} more; {_REST}</i></li>")

    def item(self, key: str | None, item: Any, depth: int) -> None:
        name = "" if key is None else f"<b>{escape(_short(str(key), LONG_STRING))}</b><i>:&#160;</i>"
        is_open = key is not None and depth < 2 and isinstance(item, dict | list) and len(item) <= OPEN_ITEMS
        self.add("<li>")
        self.value(name, item, depth=depth + 1, is_open=is_open)
        self.add("</li>")

    def string(self, key: str, text: str) -> None:
        if label := binary_label(text):
            self.add(f"{key}<i>{escape(label)}</i>")
        elif len(text) <= LONG_STRING:
            self.add(f'{key}<span class="s">"{escape(text)}"</span>')
        else:
            self.long_string(key, text)

    def long_string(self, key: str, text: str) -> None:
        room = max(min(MAX_STRING, self.budget.left), 0)
        cut = f"<i>… {_REST}</i>" if len(text) > room else ""
        self.add(
            f'<details class="long"><summary>{key}<span class="s pv">"{escape(text[:STRING_HEAD])}…"</span>'
            f"<i>&#160;{len(text):,} characters</i></summary>"
            f'<div class="s">"{escape(text[:room])}"{cut}</div></details>'
        )


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return f'<span class="z">{"null" if value is None else str(value).lower()}</span>'
    if isinstance(value, int | float):
        return f'<span class="n">{escape(value)}</span>'
    if isinstance(value, dict | list):
        return "<i>{}</i>" if isinstance(value, dict) else "<i>[]</i>"
    return f"<i>{escape(type(value).__name__)}</i>"


def _hint(value: dict[str, Any] | list[Any]) -> str:
    """The first string of an object, so that a folded {4} tells something."""
    if isinstance(value, list):
        return ""
    texts = (item for item in value.values() if isinstance(item, str) and item.strip() and not binary_label(item))
    return _short(" ".join(next(texts, "")[: 4 * HINT_LENGTH].split()), HINT_LENGTH)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
