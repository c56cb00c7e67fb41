"""Stored rows back into records, for the dialects that render them and for the public page."""

from collections.abc import Iterator
from itertools import starmap
from typing import TYPE_CHECKING

from traces.models import Span, Trace
from traces.packs import Texts
from traces.records import Source, SpanKind, SpanRecord, SpanStatus, TraceRecord, TraceStatus
from traces.span_texts import SPANS_AT_ONCE, with_texts
from traces.wire.otlp.reading import read_span
from traces.wire.otlp.stored import from_text, read_texts

if TYPE_CHECKING:
    from traces.wire.otlp.span import OtlpSpan
    from traces.wire.otlp.words import Reading


def stored_row(trace: Trace) -> TraceRecord:
    """The run without its spans, from a row loaded with its agent and texts; no query."""
    texts = trace.payload
    return TraceRecord(
        id=trace.pk,
        source=Source(trace.source),
        name=trace.name,
        status=TraceStatus(trace.status),
        started_at=trace.started_at,
        ended_at=trace.ended_at,
        agent=trace.agent.name if trace.agent else None,
        metadata=texts.metadata,
        prompt=texts.prompt,
        response=texts.response,
        error=texts.error,
        provider=trace.provider,
        model=trace.model,
        session=trace.session,
        end_user=trace.end_user,
        input_tokens=trace.input_tokens,
        output_tokens=trace.output_tokens,
        cost_nanodollars=trace.cost_nanodollars,
    )


def stored_spans(trace: Trace) -> Iterator[SpanRecord]:
    """The spans with their texts, ordered by start, then arrival, read as they are consumed."""
    spans = Span.objects.filter(trace=trace).order_by("started_at", "ordinal")
    return starmap(stored_span, with_texts(spans.iterator(chunk_size=SPANS_AT_ONCE)))


def stored_span(span: Span, texts: Texts) -> SpanRecord:
    given, got = read_texts(texts.raw) if texts.raw else (texts.input, texts.output)
    return SpanRecord(
        id=span.id,
        name=span.name,
        kind=SpanKind(span.kind),
        status=SpanStatus(span.status),
        started_at=span.started_at,
        ended_at=span.ended_at,
        input=given,
        output=got,
        error=texts.error,
        parent_id=span.parent_id,
        model=span.model,
        provider=span.provider,
        input_tokens=span.input_tokens,
        output_tokens=span.output_tokens,
        cache_read_tokens=span.cache_read_tokens,
        cache_write_tokens=span.cache_write_tokens,
        reasoning_tokens=span.reasoning_tokens,
        cost_nanodollars=span.cost_nanodollars,
        priced_on=span.priced_on,
        is_counted=span.is_counted,
        response_id=span.response_id,
        raw=texts.raw,
    )


def as_it_came(span: SpanRecord) -> "tuple[OtlpSpan, Reading] | None":
    """The span by its sender's own words, and how its dialect reads them; None for one that did not come by OTLP."""
    if span.raw is None:
        return None
    sent = from_text(span.raw)
    return sent, read_span(sent)
