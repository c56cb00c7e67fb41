"""The texts of spans in the database, in packs (traces/packs.py): tables.py writes them, and whoever shows spans reads."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from django.db.models import OuterRef, QuerySet, Subquery

from tracen.lib.rows import insert_rows, select_rows
from traces.models import Span, SpanPack, Trace
from traces.packs import NO_TEXTS, DamagedPack, Texts, pack, unpack

_COLUMNS = ("trace_id", "first_ordinal", "packed")
SPANS_AT_ONCE = 200
"""Each may have megabytes of text."""
_PACKS_AT_ONCE = 8


def with_texts(spans: Iterable[Span]) -> Iterator[tuple[Span, Texts]]:
    """The spans, of any traces, each with its texts: a query for every 200 of them, when they are consumed.

    Raises DamagedPack.
    """
    waiting = iter(spans)
    while some := list(islice(waiting, SPANS_AT_ONCE)):
        wanted = {(span.trace_id, span.ordinal) for span in some}
        found: dict[tuple[uuid.UUID, int], Texts] = {}
        # A pack's other texts are let go of before the next one is read.
        for trace_id, first, packed in _packs_of(span.pk for span in some).values_list(*_COLUMNS):
            found |= {place: texts for place, texts in _placed(trace_id, first, packed) if place in wanted}
        for span in some:
            yield span, found.get((span.trace_id, span.ordinal), NO_TEXTS)


def texts_of(span: Span) -> Texts:
    """The texts of one span; one query, which reads one pack. Raises DamagedPack."""
    return next(with_texts([span]))[1]


def all_texts(trace: Trace) -> Iterator[tuple[int, Texts]]:
    """The texts of a trace with the ordinals of their spans, read as they are consumed. Raises DamagedPack."""
    packs = SpanPack.objects.filter(trace=trace).order_by("first_ordinal").values_list(*_COLUMNS)
    for row in packs.iterator(chunk_size=_PACKS_AT_ONCE):
        for (_, ordinal), texts in _placed(*row):
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
    later change would have to go through.
    """
    if not spans:
        return
    packs = list(_packs_of(spans).values_list("pk", *_COLUMNS))
    texts = {place: own for _, *row in packs for place, own in _placed(*row)}
    for key, trace_id, ordinal in select_rows(Span, ("pk_in_order", "trace_id", "ordinal"), {"pk_in_order": spans}):
        texts[trace_id, ordinal] = spans[key]
    SpanPack.objects.filter(pk__in=[row[0] for row in packs]).delete()
    insert_texts((*place, texts[place]) for place in sorted(texts))


def _packs_of(span_keys: Iterable[int]) -> QuerySet[SpanPack]:
    """The packs in which the spans' texts are, if they are anywhere: each is asked for once.

    One statement, and so one moment: a pack that is packed anew meanwhile is seen before that or after it.
    """
    up_to_span = SpanPack.objects.filter(trace=OuterRef("trace"), first_ordinal__lte=OuterRef("ordinal"))
    last = Subquery(up_to_span.order_by("-first_ordinal").values("pk")[:1])
    return SpanPack.objects.filter(pk__in=Span.objects.filter(pk__in=list(span_keys)).values_list(last))


def _placed(trace_id: uuid.UUID, first: int, packed: bytes) -> Iterator[tuple[tuple[uuid.UUID, int], Texts]]:
    try:
        texts = unpack(packed)
    except DamagedPack as damage:
        damage.add_note(f"They begin with span {first} of trace {trace_id}.")
        raise
    for ordinal, own in enumerate(texts, first):
        yield (trace_id, ordinal), own
