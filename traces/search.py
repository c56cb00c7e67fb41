"""Full text over names, prompt, response and metadata, indexed on both databases; traces/listing.py asks.

SQLite keeps an FTS5 index beside `TracePayload` by triggers, PostgreSQL a column of its words (traces/search_words.py)
with a GIN index; neither stores the text twice. A deleted text is found no more from that statement on; on SQLite its
words leave the file a little later (traces/search_index.py). Migrations 0002, 0008 and 0014 make them. A query is split
into words; every word must begin a word of the trace.
"""

import re

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from traces.models import Trace

MAX_QUERY_WORDS = 12
MAX_WORD_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")

_POSTGRESQL = "SELECT trace_id FROM traces_tracepayload WHERE words @@ "
_POSTGRESQL_ASCII = _POSTGRESQL + "%s::tsquery"
_POSTGRESQL_ANY = _POSTGRESQL + "replace(to_tsquery('simple', %s)::text, '<->', '&')::tsquery"
_NUMBER_AND_WORD = re.compile(r"(\d+e\d+)([a-z]\w*)")
"""PostgreSQL takes "7e12ab" for two words, in a query and where it makes the words of a text (traces/search_words.py)."""
_SQLITE_FEW = """
    SELECT trace_id FROM trace_search CROSS JOIN traces_tracepayload ON traces_tracepayload.id = trace_search.rowid
    WHERE trace_search MATCH %s
"""
_SQLITE_MANY = """
    (SELECT id FROM traces_tracepayload WHERE trace_id = traces_trace.id)
    IN (SELECT rowid FROM trace_search WHERE trace_search MATCH %s)
"""
_SQLITE_HOW_MANY = "SELECT COUNT(*) FROM (SELECT 1 FROM trace_search WHERE trace_search MATCH %s LIMIT %s)"
_COMMON = 2_000
"""Words in more texts than this are so common that the newest traces soon have them."""


def having_text(traces: QuerySet[Trace], text: str) -> QuerySet[Trace]:
    """Those of `traces` that have every word of `text`; a text without a word (such as "!?") matches nothing."""
    words = [word[:MAX_WORD_LENGTH] for word in _WORD.findall(text)][:MAX_QUERY_WORDS]
    if not words:
        return traces.none()
    # The words are letters and digits, so they cannot be taken for operators of either query language.
    if connection.vendor == "postgresql":
        return _having_on_postgresql(traces, words)
    return _having_on_sqlite(traces, " AND ".join(f'"{word}"*' for word in words))


def _having_on_postgresql(traces: QuerySet[Trace], words: list[str]) -> QuerySet[Trace]:
    if all(map(str.isascii, words)):
        having, match = _POSTGRESQL_ASCII, " & ".join(_operand(word.lower()) for word in words)
    else:
        having, match = _POSTGRESQL_ANY, " & ".join(f"{word}:*" for word in words)
    return traces.filter(pk__in=RawSQL(having, [match]))  # noqa: S611


def _operand(word: str) -> str:
    parts = _NUMBER_AND_WORD.fullmatch(word)
    return f"({word}:* | {parts[1]} & {parts[2]}:*)" if parts else f"{word}:*"


def _having_on_sqlite(traces: QuerySet[Trace], match: str) -> QuerySet[Trace]:
    """By the matching texts if they are few, else trace by trace; PostgreSQL knows by itself which is better."""
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE_HOW_MANY, [match, _COMMON + 1])
        (matching,) = cursor.fetchone()
    if matching > _COMMON:
        return traces.filter(RawSQL(_SQLITE_MANY, [match], output_field=BooleanField()))  # noqa: S611
    return traces.filter(pk__in=RawSQL(_SQLITE_FEW, [match]))  # noqa: S611
