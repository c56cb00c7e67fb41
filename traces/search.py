"""Full text over names, prompt, response and metadata, indexed on both databases; traces/listing.py asks.

SQLite keeps an FTS5 index beside `TracePayload` by triggers, PostgreSQL a column of its words (traces/search_words.py)
with a GIN index; neither stores the text twice. A deleted text is found no more from that statement on; on SQLite its
words leave the file a little later (traces/search_index.py). Migrations 0002, 0008, 0014 and 0016 make them. A query is
split into words; every word must begin a word of the trace.
"""

import re

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from traces.models import Trace

MAX_QUERY_WORDS = 12
MAX_WORD_LENGTH = 60
_ACCENT = "\u0300-\u036f"
"""Set on the letter before: "é" may be two characters, and stays within its word."""
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_ACCENT}])*")

_POSTGRESQL = "SELECT trace_id FROM traces_tracepayload WHERE words @@ "
_POSTGRESQL_ASCII = _POSTGRESQL + "%s::tsquery"
_POSTGRESQL_ANY = _POSTGRESQL + "replace(to_tsquery('simple', %s)::text, '<->', '&')::tsquery"
_NUMBER_AND_WORD = re.compile(r"(\d+e\d+)([a-z]\w*)")
"""PostgreSQL takes "7e12ab" for two words, in a query and where it makes the words of a text (traces/search_words.py)."""
_SQLITE = "SELECT rowid FROM trace_search WHERE trace_search MATCH %s"
_SQLITE_FEW = """
    SELECT trace_id FROM trace_search CROSS JOIN traces_tracepayload ON traces_tracepayload.id = trace_search.rowid
    WHERE trace_search MATCH %s
"""
_SQLITE_MANY = """
    (SELECT id FROM traces_tracepayload WHERE trace_id = traces_trace.id)
    IN (SELECT rowid FROM trace_search WHERE trace_search MATCH %s)
"""
_SQLITE_TERMS = "SELECT term FROM trace_search_terms WHERE term >= %s AND term < %s LIMIT %s"
_BEYOND_ALL_LETTERS = "\U0010ffff"
_FEW_TERMS = 16
"""What a word begins, "refund" with "refunds" and "refunded". Each that is common takes two milliseconds to be told."""
_COMMON = 2_000
"""Words in more texts than this are so common that the newest traces soon have them."""


def having_text(traces: QuerySet[Trace], text: str) -> QuerySet[Trace]:
    """Those of `traces` that have every word of `text`; a text without a word (such as "!?") matches nothing."""
    words = [word[:MAX_WORD_LENGTH] for word in _WORD.findall(text)][:MAX_QUERY_WORDS]
    if not words:
        return traces.none()
    # The words are letters and digits, so they cannot be taken for operators of either query language. The SQL is ours
    # alone and the words are its parameters (S611).
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            few, match = _asked_of_postgresql(words)
            matching, many = few, Q(pk__in=RawSQL(few, [match]))  # noqa: S611
        else:
            few, match = _SQLITE_FEW, " AND ".join(_terms(cursor, word) for word in words)
            matching, many = _SQLITE, Q(RawSQL(_SQLITE_MANY, [match], output_field=BooleanField()))  # noqa: S611
        # By the matching texts if they are few, else as the database likes; SQLite likes nothing else. Whether they
        # are many is asked first, for it is told sooner than two thousand ids.
        cursor.execute(f"{matching} LIMIT 1 OFFSET %s", [match, _COMMON])
        if cursor.fetchone():
            return traces.filter(many)
        cursor.execute(few, [match])
        return traces.filter(pk__in=[trace_id for (trace_id,) in cursor])


def _terms(cursor: CursorWrapper, word: str) -> str:
    """What a word begins, in SQLite's query language: the very terms if they are few.

    For a beginning SQLite gathers the rows of all terms in each statement anew, of which terms themselves are spared.
    """
    # Of other letters only SQLite knows which it takes for the same.
    if word.isascii():
        cursor.execute(_SQLITE_TERMS, [word.lower(), word.lower() + _BEYOND_ALL_LETTERS, _FEW_TERMS + 1])
        terms = [f'"{term}"' for (term,) in cursor]
        if 1 <= len(terms) <= _FEW_TERMS:
            return f"({' OR '.join(terms)})"
    return f'"{word}"*'


def _asked_of_postgresql(words: list[str]) -> tuple[str, str]:
    if all(map(str.isascii, words)):
        return _POSTGRESQL_ASCII, " & ".join(_operand(word.lower()) for word in words)
    return _POSTGRESQL_ANY, " & ".join(f"{word}:*" for word in words)


def _operand(word: str) -> str:
    # Of a whole word PostgreSQL knows how common it is. Of what begins so it can say that only if a hundred frequent
    # words are known to it, and else takes it for rare.
    parts = _NUMBER_AND_WORD.fullmatch(word)
    return f"({word} | {word}:*{f' | {parts[1]} & {parts[2]}:*' if parts else ''})"
