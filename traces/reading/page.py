"""What a reader may see of a run: frozen values for the templates, never a model; pages, alerts and the demo call it.

The tree is read without payloads; payloads are read for the one span that is shown.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.safestring import SafeString

from tracen.lib.wording import count_text, duration_text, iso_z
from traces.access import parse_id
from traces.archive import stored_row, stored_span, stored_spans
from traces.models import ShareLink, Span, SpanPayload, Trace
from traces.reading.detail import Fact, SpanDetail, build_detail
from traces.reading.error_text import ErrorText, read_error
from traces.reading.jsontree import Budget, render_tree
from traces.reading.looks import TRACE_STATUSES, Look
from traces.reading.payload import read_value
from traces.reading.sentence import Sentence, run_ms, tell
from traces.reading.texts import FoldedText, fold_text
from traces.reading.timeline_view import (
    ROWS_IN_CHUNK,
    ROWS_ON_PAGE,
    TimelineView,
    chosen_span,
    is_sheet,
    lay_out,
    view_of,
)
from traces.records import SpanRecord, SpanStatus, TraceRecord, TraceStatus
from traces.timeline import Timeline
from traces.timeline.forest import Node

TEXT_BUDGET = 240_000
TREE_BUDGET = 60_000
MAX_RAW_SPANS = 200
"""How many steps the JSON section of a sheet holds; the download has all."""
_LONGEST_COUNT = 10_000_000
_NODE_FIELDS = (
    *("id", "parent_id", "name", "kind", "status", "started_at", "ended_at", "ordinal"),
    *("input_tokens", "output_tokens"),
)
_TITLES = {TraceStatus.ERROR: "Failed: ", TraceStatus.TIMEOUT: "Timed out: ", TraceStatus.RUNNING: "Running: "}


@dataclass(frozen=True, slots=True)
class Passage:
    """Prompt or response."""

    label: str
    tokens: str
    text: FoldedText
    is_empty: bool


@dataclass(frozen=True, slots=True)
class RunPage:
    """All that the page of a run may show, the public one and its owner's."""

    name: str
    title: str
    description: str
    status: Look
    sentence: Sentence
    facts: tuple[Fact, ...]
    timeline: TimelineView
    passages: tuple[Passage, ...]
    error: ErrorText | None
    metadata: SafeString
    raw: SafeString


def shared_page(link: ShareLink, *, span_id: str = "", first_row: int | None = None) -> RunPage:
    """The public page of a shared trace, around the span or the rows that were asked for."""
    return _run_page(link.trace, Fact("Shared", "", moment=link.created_at), span_id=span_id, first_row=first_row)


def owner_page(trace: Trace, *, span_id: str = "", first_row: int | None = None) -> RunPage:
    """The same page for a member of the trace's account."""
    return _run_page(trace, _received(trace), span_id=span_id, first_row=first_row)


def grown_page(trace: Trace, first_row: int, size: int) -> RunPage:
    """The owner's page again, for a script that shows `size` rows of a run that goes on and keeps the panel it has."""
    return _run_page(trace, _received(trace), first_row=first_row, size=max(size, ROWS_ON_PAGE), has_panel=False)


def _run_page(
    trace: Trace,
    last_fact: Fact,
    *,
    span_id: str = "",
    first_row: int | None = None,
    size: int = ROWS_ON_PAGE,
    has_panel: bool = True,
) -> RunPage:
    run = stored_row(trace)
    timeline = lay_out(run, nodes_of(trace), timezone.now())
    panel = _panel(trace, span_id, chosen_span(timeline)) if has_panel and not is_sheet(run) else None
    view = view_of(run, timeline, span_id=span_id, first_row=first_row, size=size, panel=panel)
    sentence = tell(run, timeline, error_of(trace, timeline))
    texts = Budget(TEXT_BUDGET)
    return RunPage(
        name=run.name,
        title=f"{_TITLES.get(run.status, '')}{run.name}",
        description=_description(run, timeline, view, sentence),
        status=TRACE_STATUSES[run.status],
        sentence=sentence,
        facts=(*_facts(run, timeline, view), last_fact),
        timeline=view,
        passages=tuple(_passages(run, texts)),
        error=_unsaid(run.error, sentence),
        metadata=_tree_of_text(run.metadata),
        raw=_raw_tree(trace, run) if is_sheet(run) else SafeString(),
    )


def row_chunk(trace: Trace, first_row: int) -> TimelineView:
    """The next rows for a page that has the first ones."""
    run = stored_row(trace)
    timeline = lay_out(run, nodes_of(trace), timezone.now())
    return view_of(run, timeline, first_row=first_row, size=ROWS_IN_CHUNK)


def span_detail(trace: Trace, span_id: str) -> SpanDetail:
    """The panel of one span of the trace, or Http404."""
    wanted = parse_id(span_id)
    span = Span.objects.filter(trace=trace, id=wanted).select_related("payload").first() if wanted else None
    if span is None:
        raise Http404
    first = Span.objects.filter(trace=trace).order_by("started_at").values_list("started_at", flat=True).first()
    return build_detail(
        stored_span(span),
        origin=min(trace.started_at, first or trace.started_at),
        is_trace_running=trace.status == TraceStatus.RUNNING,
        is_orphan=_is_orphan(trace, span),
        blamed=_blamed_child(trace, span),
    )


def view_of_record(record: TraceRecord, url: str) -> TimelineView:
    """The timeline of a finished run that is not stored, with the panel of the span that explains it."""
    nodes = [_node_of(span, place) for place, span in enumerate(record.spans)]
    timeline = lay_out(record, nodes, record.ended_at or record.started_at)
    chosen = chosen_span(timeline)
    span = next(span for span in record.spans if str(span.id) == chosen)
    children = (other for other in record.spans if other.parent_id == span.id)
    blamed = next(((str(child.id), child.name) for child in children if child.status == SpanStatus.ERROR), None)
    panel = build_detail(span, origin=timeline.origin, is_trace_running=False, blamed=blamed)
    return view_of(record, timeline, url=url, panel=panel)


def json_document(trace: Trace, known_as: uuid.UUID | None = None) -> Iterator[str]:
    """The whole trace as the text of one JSON object, in pieces: ten thousand payloads never stand in memory at once.

    `known_as` is the id it says: a reader of a share link learns that link's id and not the trace's own.
    """
    run = replace(stored_row(trace), id=known_as or trace.pk)
    head = json.dumps(_header_values(run), ensure_ascii=False)
    yield head[:-1] + ', "spans": ['
    for place, span in enumerate(stored_spans(trace)):
        yield (",\n" if place else "\n") + json.dumps(_span_values(span), ensure_ascii=False)
    yield "\n]}\n"


def _received(trace: Trace) -> Fact:
    return Fact("Received", "", moment=trace.received_at)


def nodes_of(trace: Trace) -> list[Node]:
    """The spans as the tree sees them, without a payload; one query."""
    rows = Span.objects.filter(trace=trace).values_list(*_NODE_FIELDS)
    return [Node(str(row[0]), str(row[1]) if row[1] else None, *row[2:]) for row in rows.iterator(chunk_size=2_000)]


def _node_of(span: SpanRecord, ordinal: int) -> Node:
    return Node(
        id=str(span.id),
        parent_id=str(span.parent_id) if span.parent_id else None,
        name=span.name,
        kind=span.kind,
        status=span.status,
        started_at=span.started_at,
        ended_at=span.ended_at,
        ordinal=ordinal,
        input_tokens=span.input_tokens,
        output_tokens=span.output_tokens,
    )


def _panel(trace: Trace, *candidates: str) -> SpanDetail | None:
    """The panel of the first of the candidates that is a span of the trace."""
    for span_id in filter(None, candidates):
        try:
            return span_detail(trace, span_id)
        except Http404:
            continue
    return None


def error_of(trace: Trace, timeline: Timeline) -> str | None:
    """The error text of the span that explains the failure."""
    if timeline.failure is None:
        return None
    payloads = SpanPayload.objects.filter(span__trace=trace, span__id=timeline.failure.row.id)
    return payloads.values_list("error", flat=True).first()


def _is_orphan(trace: Trace, span: Span) -> bool:
    return span.parent_id is not None and not Span.objects.filter(trace=trace, id=span.parent_id).exists()


def _blamed_child(trace: Trace, span: Span) -> tuple[str, str] | None:
    """The last failed child: a span that failed with it only passed the error on."""
    if span.status != SpanStatus.ERROR:
        return None
    failed = Span.objects.filter(trace=trace, parent_id=span.id, status=SpanStatus.ERROR)
    child = failed.order_by("-started_at").values_list("id", "name").first()
    return (str(child[0]), child[1]) if child else None


def _unsaid(text: str | None, sentence: Sentence) -> ErrorText | None:
    """The run's own error, unless the sentence at the top has said all of it."""
    error = read_error(text) if text else None
    return error if error and (error.stack or error.title.rstrip(".") not in sentence.plain) else None


def _facts(run: TraceRecord, timeline: Timeline, view: TimelineView) -> Iterator[Fact]:
    if run.agent:
        yield Fact("Agent", run.agent, run.agent)
    if run.provider or run.model:
        model = " / ".join(filter(None, (run.provider, run.model)))
        yield Fact("Model", model, model)
    yield Fact("Started", "", moment=run.started_at)
    if run.status != TraceStatus.RUNNING:
        yield Fact("Duration", duration_text(run_ms(run, timeline)))
    yield Fact("Steps" if is_sheet(run) else "Spans", f"{view.pages.total:,}")
    sent, got = tokens_of(run, timeline)
    if sent is not None:
        yield Fact("Tokens in", _fitting(sent))
    if got is not None:
        yield Fact("Tokens out", _fitting(got))


def _fitting(number: int) -> str:
    """A count as people write it, and shortened where it would no longer fit its place."""
    return f"{number:,}" if number < _LONGEST_COUNT else count_text(number)


def tokens_of(run: TraceRecord, timeline: Timeline) -> tuple[int | None, int | None]:
    """Tokens in and out: those of the run if it names them, else the sum over its spans."""
    sums = timeline.input_tokens, timeline.output_tokens
    own = run.input_tokens, run.output_tokens
    return own if own != (None, None) else sums


def _description(run: TraceRecord, timeline: Timeline, view: TimelineView, sentence: Sentence) -> str:
    """What a chat shows under the title of a link."""
    words = [view.unit]
    if run.status != TraceStatus.RUNNING:
        words.append(duration_text(run_ms(run, timeline)))
    tokens = sum(count or 0 for count in tokens_of(run, timeline))
    if tokens:
        words.append(f"{count_text(tokens)} tokens")
    who = run.agent or " / ".join(filter(None, (run.provider, run.model)))
    return f"{sentence.plain} {', '.join([*words, *([who] if who else [])])}."


def _passages(run: TraceRecord, budget: Budget) -> Iterator[Passage]:
    # The response is what most readers come for, so it takes the budget first.
    parts = [("Response", run.output_tokens, run.response), ("Prompt", run.input_tokens, run.prompt)]
    made = [_passage(label, tokens, text, budget) for label, tokens, text in parts if text is not None]
    yield from reversed(made)


def _passage(label: str, tokens: int | None, text: str, budget: Budget) -> Passage:
    words = f"{_fitting(tokens)} token{'' if tokens == 1 else 's'}" if tokens is not None else ""
    return Passage(label, words, fold_text(text, budget), is_empty=not text.strip())


def _tree_of_text(text: str | None) -> SafeString:
    """Stored JSON text as a tree; nothing for nothing and for an empty object."""
    value = read_value(text)
    return render_tree(value, Budget(TREE_BUDGET)) if value else SafeString()


def _raw_tree(trace: Trace, run: TraceRecord) -> SafeString:
    spans = Span.objects.filter(trace=trace).order_by("started_at", "ordinal")[:MAX_RAW_SPANS]
    steps = [_step_values(stored_span(span)) for span in spans.select_related("payload")]
    return render_tree({**_header_values(run), "steps": steps}, Budget(TREE_BUDGET))


def _header_values(run: TraceRecord) -> dict[str, Any]:
    """What the viewer may see of the run: nothing of the account, of the agent its name alone."""
    return {
        "id": str(run.id),
        "name": run.name,
        "status": run.status,
        "started_at": iso_z(run.started_at),
        "ended_at": _moment(run.ended_at),
        "agent": run.agent,
        "provider": run.provider or None,
        "model": run.model or None,
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "prompt": run.prompt,
        "response": run.response,
        "error": run.error,
        "metadata": read_value(run.metadata),
    }


def _step_values(span: SpanRecord) -> dict[str, Any]:
    values = _span_values(span)
    return {key: values[key] for key in ("name", "kind", "status", "started_at", "ended_at")}


def _span_values(span: SpanRecord) -> dict[str, Any]:
    return {
        "id": str(span.id),
        "parent_id": str(span.parent_id) if span.parent_id else None,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "started_at": iso_z(span.started_at),
        "ended_at": _moment(span.ended_at),
        "provider": span.provider or None,
        "model": span.model or None,
        "input_tokens": span.input_tokens,
        "output_tokens": span.output_tokens,
        "input": read_value(span.input),
        "output": read_value(span.output),
        "error": span.error,
    }


def _moment(moment: datetime | None) -> str | None:
    return iso_z(moment) if moment else None
