"""The words by which PostgreSQL finds a trace, made before it is stored; traces/tables.py is the caller. Pure.

The database makes them of any text by itself (migration 0014), which would be most of what it does for a trace. Of a text
whose letters are ASCII it is plain what they are: the runs of letters and digits, in lower case.
"""

import re
from collections.abc import Iterable

_MOST_CHARACTERS = 250_000
_LONGEST = 2_046
"""Longer words are in no index."""
_MARKS = re.compile(r"[^\w\x00-\x7f\u0300-\u036f]+")
"""Dashes, curly quotes, emoji: nobody can search for them (traces/search.py). An accent belongs to its letter."""
_SPACED = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else ord(" ") for code in range(256))


def ready_words(texts: Iterable[str | None]) -> str | None:
    """The different words of some texts, which PostgreSQL reads as a tsvector; None to leave them to it.

    Of very long texts the first have words, so the order is that of the database.
    """
    said = [text[:_MOST_CHARACTERS] for text in texts if text]
    plain = [text if text.isascii() else _MARKS.sub(" ", text) for text in said]
    if not all(map(str.isascii, plain)):
        return None
    words = set(" ".join(plain)[:_MOST_CHARACTERS].encode().translate(_SPACED).split())
    return b" ".join(word for word in words if len(word) <= _LONGEST).decode()
