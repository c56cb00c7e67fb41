"""Stores pieces of runs inside the writer's transaction; ingest.py calls it with all pieces that wait at the moment."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Account
from tracen.lib.rows import Row, ask_rows, insert_rows, sent_together, update_rows
from traces.alerts import FAILURES
from traces.errors import SpanLimitReached, TracesError
from traces.limits import MAX_SPANS_PER_TRACE
from traces.merging import MergedTrace, hold
from traces.models import Span, Trace, TracePayload
from traces.quotas import Agents, Months
from traces.records import Source, TraceFragment, TraceStatus
from traces.rollups import forget_hours
from traces.tables import (
    TEXT_COLUMNS,
    TRACE_COLUMNS,
    Placed,
    alert,
    insert_spans,
    insert_texts_of_traces,
    rewrite_spans,
    searchable_names,
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Spans of a piece that were not stored, and why; `spans` is 0 where only something less was not done."""

    spans: int
    reason: TracesError


@dataclass(slots=True)
class Pieces:
    """What one message brings, and what of it was not stored."""

    account: Account
    fragments: Sequence[TraceFragment]
    rejections: list[Rejection] = field(default_factory=list)


class PieceWriter:
    """All pieces of a batch. Which of their traces there are is asked for together with what else is asked for the batch.

    Months come before the agents (traces/agents.py relies on it) and both before the traces: everybody who stores pieces
    takes these locks in this order.
    """

    def __init__(self, works: Sequence[Pieces]) -> None:
        for work in works:
            # The writer may do a batch again from its start.
            work.rejections.clear()
        self._asked = ask_rows(Trace, ("id",), {"id": {piece.id for work in works for piece in work.fragments}})
        self._months = Months(())
        self._agents = Agents(())
        self._stored: set[uuid.UUID] = set()
        self._made: dict[uuid.UUID, MergedTrace] = {}
        self._agent_ids: dict[uuid.UUID, int] = {}

    def write(self, works: Sequence[Pieces]) -> None:
        """Store those of the pieces that are let in; what does not fit is noted with its work."""
        if not works:
            return
        touched = [trace for trace in self._placed(works) if trace.is_touched]
        before = {trace.id: trace.status for trace in touched if not trace.is_new}
        for trace in touched:
            trace.settle()
        self._store(touched)
        for trace in touched:
            if trace.status in FAILURES and before.get(trace.id) != trace.status:
                alert(trace.account, trace.id, trace.agent_id, TraceStatus(trace.status))

    def _placed(self, works: Sequence[Pieces]) -> list[MergedTrace]:
        """All traces that the pieces belong to, with what they bring."""
        owners = {fragment.id: work.account for work in works for fragment in work.fragments}
        self._stored = owners.keys() & {trace_id for (trace_id,) in self._asked.rows()}
        new = [account for pk, account in owners.items() if pk not in self._stored]
        with sent_together():
            self._months = Months(new)
            named = ((work.account, piece.agent) for work in works for piece in work.fragments if piece.agent)
            self._agents = Agents(named)
        self._months.open(new)
        admitted = [
            (work, fragment) for work in works for fragment in work.fragments if self._is_admitted(work, fragment)
        ]
        traces = {**hold({pk: owners[pk] for pk in self._stored}), **self._made}
        for work, fragment in admitted:
            trace = traces.get(fragment.id)
            if trace is None:
                raise IntegrityError("A trace was deleted between two of our looks at it.")
            trace.agent_id = trace.agent_id or self._agent_ids.get(fragment.id)
            if refused := trace.add(fragment):
                work.rejections.append(Rejection(refused, SpanLimitReached(MAX_SPANS_PER_TRACE)))
        return list(traces.values())

    def _is_admitted(self, work: Pieces, fragment: TraceFragment) -> bool:
        is_new = fragment.id not in self._stored and fragment.id not in self._made
        try:
            if is_new:
                self._months.check(work.account)
            if fragment.agent:
                self._agent_ids[fragment.id] = self._agents.find_or_make(work.account, fragment.agent)
        except TracesError as refusal:
            # A run that is stored already goes on, if need be without its agent.
            work.rejections.append(Rejection(len(fragment.spans) if is_new else 0, refusal))
            return not is_new
        if is_new:
            self._months.take(work.account)
            self._made[fragment.id] = MergedTrace.of(work.account, fragment)
        return True

    def _store(self, traces: Sequence[MergedTrace]) -> None:
        now = timezone.now()
        # In the same order everywhere: two processes that insert the same traces must not wait for each other.
        new = sorted((trace for trace in traces if trace.is_new), key=lambda trace: trace.id)
        grown = [trace for trace in traces if not trace.is_new]
        spans = [placed for trace in traces for placed in _placed_spans(trace)]
        with sent_together(ends_with_commit=True):
            self._months.store()
            _insert(new, now)
            _update(grown, now)
            insert_spans(spans)
            update_rows(
                Span, ("is_counted",), [(span.is_counted, span.key) for trace in traces for span in trace.recounted]
            )
        rewrite_spans(
            [(key, replace(span, is_counted=trace.counts(span.id))) for trace in traces for key, span in trace.ended]
        )
        forget_hours((trace.account.pk, trace.received_at) for trace in grown)


def _placed_spans(trace: MergedTrace) -> Iterator[Placed]:
    for ordinal, span in trace.added:
        counts = trace.counts(span.id)
        yield trace.id, ordinal, span if counts == span.is_counted else replace(span, is_counted=counts)


def _insert(traces: Sequence[MergedTrace], now: datetime) -> None:
    rows = [
        (
            trace.id, trace.account.pk, trace.agent_id, Source.OTLP, trace.name, trace.status, trace.started_at,
            trace.ended_at, now, now, trace.provider, trace.model, trace.session, trace.end_user, trace.input_tokens,
            trace.output_tokens, trace.cost_nanodollars, trace.span_count,
        )
        for trace in traces
    ]  # fmt: skip
    insert_rows(Trace, TRACE_COLUMNS, rows)
    insert_texts_of_traces([_texts(trace) for trace in traces])


def _texts(trace: MergedTrace) -> Row:
    """The root's own words where it has any, and else of those that stand in for them."""
    _, names, metadata, prompt, response, error = _words_of_root(trace)
    return (
        trace.id,
        names or searchable_names(trace.name, trace.fragments[0].search_words),
        metadata or _first(trace, "metadata"),
        prompt or _first(trace, "asked"),
        response or _last(trace, "answered"),
        error,
    )


def _words_of_root(trace: MergedTrace) -> Row:
    head = trace.head
    if head is None:
        return trace.id, None, None, None, None, trace.error
    names = searchable_names(trace.name, head.agent, head.search_words)
    return trace.id, names, head.metadata, head.prompt, head.response, trace.error


def _first(trace: MergedTrace, field_name: str) -> str | None:
    return next((text for piece in trace.fragments if (text := getattr(piece, field_name)) is not None), None)


def _last(trace: MergedTrace, field_name: str) -> str | None:
    return next((text for piece in trace.fragments[::-1] if (text := getattr(piece, field_name)) is not None), None)


_CHANGING = (
    "agent_id", "name", "status", "started_at", "ended_at", "heard_at", "provider", "model", "session", "end_user",
    "input_tokens", "output_tokens", "cost_nanodollars", "span_count",
)  # fmt: skip


def _update(traces: Sequence[MergedTrace], now: datetime) -> None:
    rows = [
        (
            trace.agent_id, trace.name, trace.status, trace.started_at, trace.ended_at, now, trace.provider, trace.model,
            trace.session, trace.end_user, trace.input_tokens, trace.output_tokens, trace.cost_nanodollars,
            trace.span_count, trace.id,
        )
        for trace in traces
    ]  # fmt: skip
    update_rows(Trace, _CHANGING, rows)
    _update_texts(traces)


def _update_texts(traces: Sequence[MergedTrace]) -> None:
    """The root's words go over any others. Of those that stand in, the first question and the latest answer stay."""
    rooted = [(*_words_of_root(trace)[1:], trace.id) for trace in traces if trace.head]
    asked = [
        (_first(trace, "metadata"), _first(trace, "asked"), _last(trace, "answered"), trace.error, trace.id)
        for trace in traces
    ]
    answered = [
        (_last(trace, "answered"), trace.id)
        for trace in traces
        if not trace.has_root or (trace.head and not trace.head.response)
    ]
    update_rows(TracePayload, TEXT_COLUMNS[1:], rooted, key="trace_id", kept="new")
    update_rows(TracePayload, TEXT_COLUMNS[2:], _telling(asked), key="trace_id", kept="old")
    update_rows(TracePayload, ("response",), _telling(answered), key="trace_id", kept="new")
    # A failure seemed to be the run's while what stands above it, and did not fail, was still to come.
    dealt_with = [(None, trace.id) for trace in traces if trace.has_dealt_with_failures]
    update_rows(TracePayload, ("error",), dealt_with, key="trace_id")


def _telling(rows: Sequence[Row]) -> list[Row]:
    """Those that have more than their trace's id."""
    return [row for row in rows if any(value is not None for value in row[:-1])]
