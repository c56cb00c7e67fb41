"""Full text over names, prompt, response and metadata, indexed on both databases; traces/listing.py asks.

SQLite keeps an FTS5 index beside `TracePayload` by triggers, PostgreSQL a GIN index over an expression; neither stores
the text twice, and both forget a text in the statement that deletes it. Migration 0002 makes them. A query is split
into words; every word must begin a word of the trace.
"""

import re

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from traces.models import Trace

MAX_QUERY_WORDS = 12
MAX_WORD_LENGTH = 60
_WORD = re.compile(r"[^\W_]+")

# PostgreSQL's own parser keeps "a@b.example" or "x-y" as one word; spaces for ASCII punctuation make it split as FTS5
# does. Past 250,000 characters a tsvector could grow beyond its limit of 1 MB, and the write with it would fail.
# The index of migration 0002 is over this expression, to the letter.
_POSTGRESQL = r"""
    SELECT trace_id FROM traces_tracepayload WHERE
        to_tsvector('simple', left(translate(
            coalesce(traces_tracepayload.names, '') || ' ' || coalesce(traces_tracepayload.prompt, '')
            || ' ' || coalesce(traces_tracepayload.response, '') || ' ' || coalesce(traces_tracepayload.metadata, ''),
            '!"#$%%&()*+,-./:;<=>?@[\]^_`{|}~', '                               '), 250000))
        @@ to_tsquery('simple', %s)
"""
_SQLITE = """
    SELECT trace_id FROM traces_tracepayload
    WHERE id IN (SELECT rowid FROM trace_search WHERE trace_search MATCH %s)
"""


def having_text(traces: QuerySet[Trace], text: str) -> QuerySet[Trace]:
    """Those of `traces` that have every word of `text`; a text without a word (such as "!?") matches nothing."""
    words = [word[:MAX_WORD_LENGTH] for word in _WORD.findall(text)][:MAX_QUERY_WORDS]
    if not words:
        return traces.none()
    return traces.filter(pk__in=_matching(words))


def _matching(words: list[str]) -> RawSQL:
    # The words are letters and digits, so they cannot be taken for operators of either query language.
    if connection.vendor == "postgresql":
        return RawSQL(_POSTGRESQL, [" & ".join(f"{word}:*" for word in words)])  # noqa: S611
    return RawSQL(_SQLITE, [" AND ".join(f'"{word}"*' for word in words)])  # noqa: S611
