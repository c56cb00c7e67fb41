"""Full text over names, prompt, response and metadata, indexed on both databases; traces/listing.py asks.

SQLite keeps an FTS5 index beside `TracePayload` by triggers, PostgreSQL a column of its words with a GIN index; neither
stores the text twice. A deleted text is found no more from that statement on; on SQLite its words leave the file a
little later (traces/search_index.py). Migrations 0002 and 0008 make them. A query is split into words; every word must
begin a word of the trace.
"""

import re

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from traces.models import Trace

MAX_QUERY_WORDS = 12
MAX_WORD_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")

_POSTGRESQL = "SELECT trace_id FROM traces_tracepayload WHERE words @@ to_tsquery('simple', %s)"
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
        return traces.filter(pk__in=RawSQL(_POSTGRESQL, [" & ".join(f"{word}:*" for word in words)]))  # noqa: S611
    return _having_on_sqlite(traces, " AND ".join(f'"{word}"*' for word in words))


def _having_on_sqlite(traces: QuerySet[Trace], match: str) -> QuerySet[Trace]:
    """By the matching texts if they are few, else trace by trace; PostgreSQL knows by itself which is better."""
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE_HOW_MANY, [match, _COMMON + 1])
        (matching,) = cursor.fetchone()
    if matching > _COMMON:
        return traces.filter(RawSQL(_SQLITE_MANY, [match], output_field=BooleanField()))  # noqa: S611
    return traces.filter(pk__in=RawSQL(_SQLITE_FEW, [match]))  # noqa: S611
