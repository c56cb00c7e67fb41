"""What a reader may see of a run: frozen values for the templates, never a model; pages, alerts and the demo call it.

The tree is read without payloads; payloads are read for the one span that is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from tracen.lib.rows import select_rows
from tracen.lib.wording import count_text, duration_text
from traces.access import parse_id
from traces.archive import stored_row, stored_span
from traces.models import ShareLink, Span, Trace
from traces.reading.around import around_record, around_stored
from traces.reading.detail import Fact, SpanDetail, build_detail
from traces.reading.document import short_document
from traces.reading.error_text import ErrorText, read_error
from traces.reading.jsontree import Budget, render_tree
from traces.reading.looks import TRACE_STATUSES, Look
from traces.reading.payload import read_value
from traces.reading.publishing import published_run, published_text
from traces.reading.sentence import Sentence, run_ms, tell
from traces.reading.spending import run_cost, tokens_of
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
from traces.records import Source, SpanRecord, SpanStatus, TraceRecord, TraceStatus
from traces.span_texts import texts_of
from traces.timeline import Timeline
from traces.timeline.forest import Node

TEXT_BUDGET = 240_000
TREE_BUDGET = 60_000
_LONGEST_COUNT = 10_000_000
_NODE_COLUMNS = (
    *("id", "parent_id", "name", "kind", "status", "started_at", "ended_at", "ordinal"),
    *("input_tokens", "output_tokens", "cost_nanodollars", "is_counted"),
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
    shared = Fact("Shared", "", moment=link.created_at)
    return _run_page(link.trace, shared, span_id=span_id, first_row=first_row, is_public=True)


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
    is_public: bool = False,
) -> RunPage:
    run = published_run(stored_row(trace)) if is_public else stored_row(trace)
    timeline = lay_out(run, nodes_of(trace), timezone.now())
    panel = None
    if has_panel and not is_sheet(run):
        panel = _panel(trace, span_id, chosen_span(run, timeline), is_public=is_public)
    view = view_of(run, timeline, span_id=span_id, first_row=first_row, size=size, panel=panel)
    span_error = error_of(trace, timeline)
    sentence = tell(run, timeline, published_text(span_error) if is_public else span_error)
    texts = Budget(TEXT_BUDGET)
    return RunPage(
        name=run.name,
        title=f"{_TITLES.get(run.status, '')}{run.name}",
        description=_description(run, timeline, view, sentence),
        status=TRACE_STATUSES[run.status],
        sentence=sentence,
        facts=(*_facts(run, timeline, view, is_public=is_public), last_fact),
        timeline=view,
        passages=tuple(_passages(run, texts)),
        error=_unsaid(run.error, sentence),
        metadata=_tree_of_text(run.metadata),
        raw=render_tree(short_document(trace, run), Budget(TREE_BUDGET)) if is_sheet(run) else SafeString(),
    )


def row_chunk(trace: Trace, first_row: int) -> TimelineView:
    """The next rows for a page that has the first ones."""
    run = stored_row(trace)
    timeline = lay_out(run, nodes_of(trace), timezone.now())
    return view_of(run, timeline, first_row=first_row, size=ROWS_IN_CHUNK)


def span_detail(trace: Trace, span_id: str, *, is_public: bool = False) -> SpanDetail:
    """The panel of one span of the trace, or Http404. On a public page it leaves out what is its owners' alone."""
    wanted = parse_id(span_id)
    span = Span.objects.filter(trace=trace, id=wanted).first() if wanted else None
    if span is None:
        raise Http404
    first = Span.objects.filter(trace=trace).order_by("started_at").values_list("started_at", flat=True).first()
    record = stored_span(span, texts_of(span))
    return build_detail(
        record,
        origin=min(trace.started_at, first or trace.started_at),
        is_trace_running=trace.status == TraceStatus.RUNNING,
        oddity=_oddity(trace, span),
        blamed=_blamed_child(trace, span),
        around=around_stored(trace, record, is_public=is_public),
        is_public=is_public,
    )


def view_of_record(record: TraceRecord, url: str) -> TimelineView:
    """The timeline of a finished run that is not stored, with the panel of the span that explains it."""
    nodes = [_node_of(span, place) for place, span in enumerate(record.spans)]
    timeline = lay_out(record, nodes, record.ended_at or record.started_at)
    chosen = chosen_span(record, timeline)
    span = next(span for span in record.spans if str(span.id) == chosen)
    children = (other for other in record.spans if other.parent_id == span.id)
    blamed = next(((str(child.id), child.name) for child in children if child.status == SpanStatus.ERROR), None)
    around = around_record(span, record.spans)
    panel = build_detail(span, origin=timeline.origin, is_trace_running=False, blamed=blamed, around=around)
    return view_of(record, timeline, url=url, panel=panel)


def _received(trace: Trace) -> Fact:
    return Fact("Received", "", moment=trace.received_at)


def nodes_of(trace: Trace) -> list[Node]:
    """The spans as the tree sees them, without a payload; one query."""
    rows = select_rows(Span, _NODE_COLUMNS, {"trace_id": [trace.pk]})
    return [Node(str(row[0]), str(row[1]) if row[1] else None, *row[2:]) for row in rows]


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
        cost_nanodollars=span.cost_nanodollars,
        is_counted=span.is_counted,
    )


def _panel(trace: Trace, *candidates: str, is_public: bool) -> SpanDetail | None:
    """The panel of the first of the candidates that is a span of the trace."""
    for span_id in filter(None, candidates):
        try:
            return span_detail(trace, span_id, is_public=is_public)
        except Http404:
            continue
    return None


def error_of(trace: Trace, timeline: Timeline) -> str | None:
    """The error text of the span that explains the failure."""
    if timeline.failure is None:
        return None
    span = Span.objects.filter(trace=trace, id=timeline.failure.row.id).first()
    return texts_of(span).error if span else None


def _oddity(trace: Trace, span: Span) -> str:
    """Why the span is not shown where it says it belongs, a key of NOTES; empty if it is."""
    if span.parent_id is None:
        return ""
    parent = Span.objects.filter(trace=trace, id=span.parent_id).only("started_at", "ordinal").first()
    if parent is None:
        return "is_orphan"
    # A circle is opened at its earliest span, so of a span that began after its parent the tree need not be read.
    if (parent.started_at, parent.ordinal) < (span.started_at, span.ordinal):
        return ""
    timeline = lay_out(stored_row(trace), nodes_of(trace), timezone.now())
    place = timeline.position_of(str(span.id))
    return "is_in_cycle" if place is not None and timeline.rows[place].is_in_cycle else ""


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


def _facts(run: TraceRecord, timeline: Timeline, view: TimelineView, *, is_public: bool) -> Iterator[Fact]:
    model_list = "" if is_public else _list_address(provider=run.provider, model=run.model)
    if run.agent:
        yield Fact("Agent", run.agent, run.agent)
    if run.provider or run.model:
        model = " / ".join(filter(None, (run.provider, run.model)))
        yield Fact("Model", model, model, address=model_list)
    yield Fact("Started", "", moment=run.started_at)
    if run.status != TraceStatus.RUNNING:
        yield Fact("Duration", duration_text(run_ms(run, timeline)))
    yield Fact("Steps" if is_sheet(run) else "Spans", f"{view.pages.total:,}")
    sent, got = tokens_of(run, timeline)
    if sent is not None:
        yield Fact("Tokens in", _fitting(sent))
    if got is not None:
        yield Fact("Tokens out", _fitting(got))
    if cost := run_cost(run, timeline):
        yield Fact.of(cost)
    for label, name, value in (("Session", "session", run.session), ("User", "user", run.end_user)):
        if value:
            yield Fact(label, value, value, address=_list_address(**{name: value}))


def _fitting(number: int) -> str:
    """A count as people write it, and shortened where it would no longer fit its place."""
    return f"{number:,}" if number < _LONGEST_COUNT else count_text(number)


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
    sent, got = (run.input_tokens, run.output_tokens) if run.source == Source.TRACEN else (None, None)
    parts = [("Response", got, run.response), ("Prompt", sent, run.prompt)]
    made = [_passage(label, tokens, text, budget) for label, tokens, text in parts if text is not None]
    yield from reversed(made)


def _passage(label: str, tokens: int | None, text: str, budget: Budget) -> Passage:
    words = f"{_fitting(tokens)} token{'' if tokens == 1 else 's'}" if tokens is not None else ""
    return Passage(label, words, fold_text(text, budget), is_empty=not text.strip())


def _tree_of_text(text: str | None) -> SafeString:
    """Stored JSON text as a tree; nothing for nothing and for an empty object."""
    value = read_value(text)
    return render_tree(value, Budget(TREE_BUDGET)) if value else SafeString()


def _list_address(**words: str) -> str:
    """Where the account's traces with these words are listed."""
    return f"{reverse('traces')}?{urlencode({name: word for name, word in words.items() if word})}"
