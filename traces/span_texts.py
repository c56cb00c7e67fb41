"""The texts of spans in the database, in packs (traces/packs.py): tables.py writes them, and whoever shows spans reads."""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from django.db import InternalError
from django.db.models import OuterRef, QuerySet, Subquery

from tracen.lib.overwriting import overwriting
from tracen.lib.rows import insert_rows, select_rows
from traces.models import Span, SpanPack, Trace
from traces.packs import MOST_SPANS, NO_TEXTS, DamagedPack, Texts, pack, unpack

logger = logging.getLogger(__name__)

_COLUMNS = ("trace_id", "first_ordinal", "packed")
SPANS_AT_ONCE = 200
"""Each may have megabytes of text."""
_PACKS_AT_ONCE = 8
_DAMAGED = Texts(error="The texts of this step are damaged and cannot be read.")

_Place: TypeAlias = tuple[uuid.UUID, int]
"""A trace and an ordinal in it."""


def with_texts(spans: Iterable[Span]) -> Iterator[tuple[Span, Texts]]:
    """The spans, of any traces, each with its texts: a query for every 200 of them, when they are consumed.

    What is damaged is said in place of a span's texts: the rest of its trace is worth reading.
    """
    waiting = iter(spans)
    while some := list(islice(waiting, SPANS_AT_ONCE)):
        wanted = {(span.trace_id, span.ordinal) for span in some}
        found: dict[_Place, Texts] = {}
        # A pack's other texts are let go of before the next one is read.
        for row in _packs_of(span.pk for span in some).values_list(*_COLUMNS):
            found |= {place: texts for place, texts in _readable(*row) if place in wanted}
        for span in some:
            yield span, found.get((span.trace_id, span.ordinal), NO_TEXTS)


def texts_of(span: Span) -> Texts:
    """The texts of one span; one query, which reads one pack."""
    return next(with_texts([span]))[1]


def all_texts(trace: Trace) -> Iterator[tuple[int, Texts]]:
    """The texts of a trace with the ordinals of their spans, read as they are consumed."""
    packs = SpanPack.objects.filter(trace=trace).order_by("first_ordinal").values_list(*_COLUMNS)
    for row in packs.iterator(chunk_size=_PACKS_AT_ONCE):
        for (_, ordinal), texts in _readable(*row):
            yield ordinal, texts


def insert_texts(placed: Iterable[tuple[uuid.UUID, int, Texts]]) -> None:
    """Store the texts of spans that have none stored, each with its trace and its ordinal."""
    by_trace: dict[uuid.UUID, list[tuple[int, Texts]]] = defaultdict(list)
    for trace_id, ordinal, texts in placed:
        by_trace[trace_id].append((ordinal, texts))
    insert_rows(
        SpanPack,
        _COLUMNS,
        [(trace_id, first, packed) for trace_id, spans in by_trace.items() for first, packed in pack(spans)],
    )


def rewrite_texts(spans: Mapping[int, Texts]) -> None:
    """The texts of stored spans, by their rows, as they are said to be now. The caller holds the rows of their traces.

    Their packs are packed anew: written into the old ones, texts that grow would make one pack of any length, which each
    later change would have to go through. Raises InternalError where one is damaged: what was in it is not written over.
    """
    if not spans:
        return
    packs = list(_packs_of(spans).values_list("pk", *_COLUMNS))
    try:
        texts = {place: own for _, *row in packs for place, own in _placed(*row)}
    except DamagedPack as damage:
        raise InternalError(str(damage)) from damage
    for key, trace_id, ordinal in select_rows(Span, ("pk_in_order", "trace_id", "ordinal"), {"pk_in_order": spans}):
        texts[trace_id, ordinal] = spans[key]
    # What somebody erases later must not lie on free pages of SQLite's file by then.
    with overwriting():
        SpanPack.objects.filter(pk__in=[row[0] for row in packs]).delete()
    insert_texts((*place, texts[place]) for place in sorted(texts))


def _packs_of(span_keys: Iterable[int]) -> QuerySet[SpanPack]:
    """The packs in which the spans' texts are, if they are anywhere: each is asked for once.

    One statement, and so one moment: a pack that is packed anew meanwhile is seen before that or after it.
    """
    up_to_span = SpanPack.objects.filter(trace=OuterRef("trace"), first_ordinal__lte=OuterRef("ordinal"))
    last = Subquery(up_to_span.order_by("-first_ordinal").values("pk")[:1])
    return SpanPack.objects.filter(pk__in=Span.objects.filter(pk__in=list(span_keys)).values_list(last))


def _readable(trace_id: uuid.UUID, first: int, packed: bytes) -> Iterator[tuple[_Place, Texts]]:
    """The texts of a pack, or what is said of each span that may be in it; the log tells which one is damaged."""
    try:
        yield from _placed(trace_id, first, packed)
    except DamagedPack:
        logger.exception("The texts of trace %s from its span %d on are damaged.", trace_id, first)
        for ordinal in range(first, first + MOST_SPANS):
            yield (trace_id, ordinal), _DAMAGED


def _placed(trace_id: uuid.UUID, first: int, packed: bytes) -> Iterator[tuple[_Place, Texts]]:
    """Raises DamagedPack before it gives anything."""
    for ordinal, own in enumerate(unpack(packed), first):
        yield (trace_id, ordinal), own
