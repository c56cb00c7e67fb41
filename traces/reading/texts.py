"""Long texts for people: rendered as markdown, folded with their length; page.py and detail.py call `fold_text`."""

import re
from dataclasses import dataclass

from django.utils.safestring import SafeString

from tracen.lib.markdown import MAX_MARKDOWN, plain_text, render_markdown
from traces.reading.jsontree import Budget, binary_label

FOLD_FROM = 1_400
HEAD_LENGTH = 900
MAX_SHOWN = 100_000

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_WORD_END = re.compile(r"\s")
_FENCE = re.compile(r"^ {0,3}(```|~~~)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text to read: its head, what is behind "Show all", and how long the whole is."""

    head: SafeString
    rest: SafeString
    characters: int
    is_cut: bool
    """Even behind the fold there is not all of it; the download has the rest."""

    @property
    def length(self) -> str:
        return f"{self.characters:,} characters"


def fold_text(text: str, budget: Budget) -> FoldedText:
    """Show all of a short text, the beginning of a long one; what is base64 is named, not shown."""
    if label := binary_label(text):
        return FoldedText(plain_text(f"({label})"), SafeString(), len(text), is_cut=True)
    room = min(MAX_SHOWN, max(budget.left // 2, 2 * FOLD_FROM))
    head, rest = _split(text[:room])
    is_plain = len(text) > MAX_MARKDOWN
    folded = FoldedText(_html(head, is_plain), _html(rest, is_plain), len(text), is_cut=len(text) > room)
    budget.left -= len(folded.head) + len(folded.rest)
    return folded


def _html(text: str, is_plain: bool) -> SafeString:
    if not text:
        return SafeString()
    return plain_text(text) if is_plain else render_markdown(text)


def _split(text: str) -> tuple[str, str]:
    """Cut a long text where a reader would pause: between paragraphs, outside of code, else between words."""
    if len(text) <= FOLD_FROM:
        return text, ""
    for end in _PARAGRAPH_END.finditer(text, HEAD_LENGTH // 3, FOLD_FROM):
        later = _PARAGRAPH_END.search(text, end.end(), FOLD_FROM)
        if (end.start() >= HEAD_LENGTH or not later) and not _is_inside_code(text[: end.start()]):
            return text[: end.start()], text[end.end() :]
    word = _WORD_END.search(text, HEAD_LENGTH, FOLD_FROM)
    cut = word.start() if word else HEAD_LENGTH
    return text[:cut], text[cut:]


def _is_inside_code(text: str) -> bool:
    return len(_FENCE.findall(text)) % 2 == 1


def first_sentence(text: str, length: int = 60) -> str:
    """The beginning of a text on one line, for what is folded away."""
    line = " ".join(text[: 4 * length].split())
    sentence = re.split(r"(?<=[.!?]) ", line, maxsplit=1)[0]
    if len(sentence) <= length:
        return sentence + (" …" if len(sentence) < len(text.strip()) else "")
    return sentence[: length - 1].rstrip() + "…"
