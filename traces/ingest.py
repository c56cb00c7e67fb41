"""The only writer of agents, traces and spans: records in, and a return means committed to disk, whole.

The dialects (traces/wire) make the records and the viewsets (traces/api) call these three functions; nothing here
knows which dialect a run came in by, except that it stores the name.

How it works: each call is one work, and traces/writer.py gathers the works of all requests that wait at the moment
into one transaction. `_write` does such a batch with a statement or two for each thing, however many works there are:
it asks for all that decides (who may write, since a key that was revoked a moment ago may not; what is left of the
limits; the traces that grow), decides, and stores all that is let through. A work that is refused leaves no trace of
itself and does not disturb the others. Pieces of runs (traces/pieces.py) have batches of their own.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.utils import timezone

from accounts.api_keys import LiveKeys
from accounts.models import Account, ApiKey
from tracen.lib.rows import ask_rows, insert_rows, sent_together, update_rows
from traces.alerts import FAILURES
from traces.errors import KeyRevoked, SpanLimitReached, TraceNotFound, TracesError, UnknownParent
from traces.limits import MAX_SPANS_PER_TRACE, MAX_TOKENS
from traces.models import ShareLink, Span, Trace
from traces.pieces import Pieces, PieceWriter, Rejection
from traces.quotas import Agents, Months, Windows
from traces.records import Source, SpanRecord, TraceEnd, TraceFragment, TraceRecord, TraceStatus, Unchanged
from traces.rollups import forget_hours
from traces.tables import Placed, alert, insert_spans, insert_traces
from traces.writer import Outcome, Writer

_Parents: TypeAlias = set[tuple[uuid.UUID, uuid.UUID]]
_LINK_COLUMNS = ("id", "trace_id", "created_at", "view_count")


@dataclass(slots=True)
class Sender:
    """Whose work it is. With a key, that key must still be live in the transaction that stores the work."""

    account: Account
    key: ApiKey | None = None
    is_metered: bool = False
    """Whether the work counts in the key's hourly window."""


@dataclass(slots=True, kw_only=True)
class _Work:
    """One call, and what became of it."""

    sender: Sender
    account: Account
    refusal: TracesError | None = None


@dataclass(slots=True, kw_only=True)
class _New(_Work):
    record: TraceRecord
    agent_id: int | None = None

    @property
    def metered_key(self) -> int | None:
        return self.sender.key.pk if self.sender.key and self.sender.is_metered else None


@dataclass(slots=True, kw_only=True)
class _More(_Work):
    trace_id: uuid.UUID
    spans: Sequence[SpanRecord]


@dataclass(slots=True, kw_only=True)
class _End(_Work):
    trace_id: uuid.UUID
    end: TraceEnd


@dataclass(slots=True, kw_only=True)
class _Parts(_Work):
    pieces: Pieces


@dataclass(slots=True)
class _Growing:
    """A stored trace whose row is held: what works of this batch make of it."""

    trace_id: uuid.UUID
    account_id: int
    agent_id: int | None
    received_at: datetime
    status: str
    ended_at: datetime | None
    span_count: int
    provider: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cost_nanodollars: int | None
    is_touched: bool = False


def record_trace(sender: Account | Sender, record: TraceRecord) -> None:
    """Store a run whole: quota, agent, trace, spans, its share link if it is public, its alert if it failed; or nothing.

    Raises MonthlyLimitReached, AgentLimitReached, RateLimited, SpanLimitReached, KeyRevoked.
    """
    if len(record.spans) > MAX_SPANS_PER_TRACE:
        raise SpanLimitReached(MAX_SPANS_PER_TRACE)
    sender = _sender(sender)
    _writer.run(_New(sender=sender, account=sender.account, record=record))


def append_spans(sender: Account | Sender, trace_id: uuid.UUID, spans: Sequence[SpanRecord]) -> None:
    """Add spans to a run that can still grow, even after its end: late telemetry is normal.

    Raises TraceNotFound, UnknownParent, SpanLimitReached, KeyRevoked; in each case nothing is stored.
    """
    sender = _sender(sender)
    _writer.run(_More(sender=sender, account=sender.account, trace_id=trace_id, spans=spans))


def end_trace(sender: Account | Sender, trace_id: uuid.UUID, end: TraceEnd) -> None:
    """Change what `end` mentions; any transition is allowed. Raises TraceNotFound, KeyRevoked."""
    sender = _sender(sender)
    _writer.run(_End(sender=sender, account=sender.account, trace_id=trace_id, end=end))


def merge_fragments(sender: Account | Sender, fragments: Sequence[TraceFragment]) -> list[Rejection]:
    """Store pieces of runs, each with what came of its run before; what does not fit is left out and told.

    A piece that came before changes nothing. Raises KeyRevoked.
    """
    sender = _sender(sender)
    pieces = Pieces(sender.account, fragments)
    _writer.run(_Parts(sender=sender, account=sender.account, pieces=pieces))
    return pieces.rejections


def _sender(sender: Account | Sender) -> Sender:
    return sender if isinstance(sender, Sender) else Sender(sender)


def _write(works: Sequence[_Work]) -> list[Outcome]:
    """Do a batch inside the current transaction; a second time from the start if the first was rolled back."""
    for work in works:
        work.refusal = None
    parts = [work for work in works if isinstance(work, _Parts)]
    if parts:
        _write_parts(parts)
    else:
        _write_whole(works)
    return [work.refusal for work in works]


def _write_whole(works: Sequence[_Work]) -> None:
    with sent_together():
        keys = _ask_keys(works)
        fresh = _Fresh([work for work in works if isinstance(work, _New)])
        growth = _Growth([work for work in works if isinstance(work, _More | _End)])
    _check_keys(works, keys.plans())
    fresh.admit()
    growth.decide()
    spans = [*fresh.spans(), *growth.new_spans]
    with sent_together(ends_with_commit=True):
        keys.note_use()
        fresh.store()
        growth.store()
        insert_spans(spans)
    fresh.tell()
    growth.tell()


def _write_parts(works: Sequence[_Parts]) -> None:
    with sent_together():
        keys = _ask_keys(works)
        writer = PieceWriter([work.pieces for work in works])
    _check_keys(works, keys.plans())
    writer.write([work.pieces for work in works if work.refusal is None])
    # As late as above: it locks the keys' rows.
    keys.note_use()


# To put pieces together, all spans of their traces are read, up to ten thousand of each.
_writer = Writer(_write, is_heavy=lambda work: isinstance(work, _Parts))


def _ask_keys(works: Iterable[_Work]) -> LiveKeys:
    return LiveKeys(work.sender.key.pk for work in works if work.sender.key is not None)


def _check_keys(works: Iterable[_Work], plans: Mapping[int, str]) -> None:
    """Refuse what was sent with a key that is revoked by now; the others are on the plan that their account has now."""
    for work in works:
        if work.sender.key is None:
            continue
        if work.sender.key.pk in plans:
            work.account.plan_slug = plans[work.sender.key.pk]
        else:
            work.refusal = KeyRevoked()


class _Fresh:
    """The new traces of a batch. What limits them is asked for at the start; the locks are taken in this order."""

    def __init__(self, works: list[_New]) -> None:
        self._works = works
        self._windows = Windows(work.metered_key for work in works if work.metered_key is not None)
        self._months = Months(work.account for work in works)
        self._agents = Agents((work.account, work.record.agent) for work in works if work.record.agent is not None)

    def admit(self) -> None:
        """Let through what fits into the hourly window, the month and the plan's agents, asked in this order."""
        self._works = [work for work in self._works if work.refusal is None]
        self._windows.open(work.metered_key for work in self._works if work.metered_key is not None)
        self._months.open(work.account for work in self._works)
        for work in self._works:
            try:
                self._admit_one(work)
            except TracesError as refusal:
                work.refusal = refusal
        self._works = [work for work in self._works if work.refusal is None]

    def _admit_one(self, work: _New) -> None:
        key = work.metered_key
        if key is not None:
            self._windows.check(key)
        self._months.check(work.account)
        if work.record.agent is not None:
            work.agent_id = self._agents.find_or_make(work.account, work.record.agent)
        self._months.take(work.account)
        if key is not None:
            self._windows.hit(key)

    def spans(self) -> Iterator[Placed]:
        for work in self._works:
            for ordinal, span in enumerate(work.record.spans):
                yield work.record.id, ordinal, span

    def store(self) -> None:
        self._windows.store()
        self._months.store()
        now, records = timezone.now(), [work.record for work in self._works]
        insert_traces([(work.record, work.account.pk, work.agent_id) for work in self._works], now)
        links = [(record.id, record.id, now, 0) for record in records if record.is_public]
        insert_rows(ShareLink, _LINK_COLUMNS, links)

    def tell(self) -> None:
        for work in self._works:
            if work.record.status in FAILURES:
                alert(work.account, work.record.id, work.agent_id, work.record.status)


class _Growth:
    """What a batch adds to traces that are there. Their rows are held until the transaction ends."""

    def __init__(self, works: list[_More | _End]) -> None:
        self._works = works
        columns = ("source", *_GROWING_COLUMNS)
        self._asked = ask_rows(Trace, columns, {"id": {work.trace_id for work in works}}, held=True)
        self._traces: dict[uuid.UUID, _Growing] = {}
        self.new_spans: list[Placed] = []

    def decide(self) -> None:
        """Do all works on what the rows say; a work that does not fit changes nothing."""
        # A Tracen trace came finished.
        self._traces = {row[1]: _Growing(*row[1:]) for row in self._asked.rows() if row[0] != Source.TRACEN}
        works = [work for work in self._works if work.refusal is None]
        known = _known_parents([work for work in works if isinstance(work, _More)])
        for work in works:
            try:
                growing = self._own(work)
                if isinstance(work, _More):
                    self.new_spans += _grow(growing, work.spans, known)
                else:
                    _apply(growing, work.end)
            except TracesError as refusal:
                work.refusal = refusal

    def _own(self, work: _More | _End) -> _Growing:
        trace = self._traces.get(work.trace_id)
        if trace is None or trace.account_id != work.account.pk:
            raise TraceNotFound
        return trace

    def store(self) -> None:
        now = timezone.now()
        rows = [
            (
                trace.status, trace.ended_at, trace.span_count, trace.provider, trace.model, trace.input_tokens,
                trace.output_tokens, trace.cost_nanodollars, now, trace.trace_id,
            )
            for trace in self._traces.values() if trace.is_touched
        ]  # fmt: skip
        update_rows(Trace, _GROWN_COLUMNS, rows)

    def tell(self) -> None:
        ends = [work for work in self._works if isinstance(work, _End) and work.refusal is None]
        ended = [(work, self._traces[work.trace_id]) for work in ends]
        forget_hours((trace.account_id, trace.received_at) for _, trace in ended)
        for work, trace in ended:
            if work.end.status in FAILURES:
                alert(work.account, trace.trace_id, trace.agent_id, TraceStatus(work.end.status))


_GROWING_COLUMNS = (
    "id", "account_id", "agent_id", "received_at", "status", "ended_at", "span_count", "provider", "model",
    "input_tokens", "output_tokens", "cost_nanodollars",
)  # fmt: skip
_GROWN_COLUMNS = (
    "status", "ended_at", "span_count", "provider", "model", "input_tokens", "output_tokens", "cost_nanodollars",
    "heard_at",
)  # fmt: skip


def _apply(trace: _Growing, end: TraceEnd) -> None:
    trace.is_touched = True
    if not isinstance(end.status, Unchanged):
        trace.status = end.status
    if not isinstance(end.ended_at, Unchanged):
        trace.ended_at = end.ended_at


def _grow(trace: _Growing, spans: Sequence[SpanRecord], known: _Parents) -> list[Placed]:
    """The spans with their places in the trace, if it has room for all of them and a parent for each."""
    if trace.span_count + len(spans) > MAX_SPANS_PER_TRACE:
        raise SpanLimitReached(MAX_SPANS_PER_TRACE)
    own = {span.id for span in spans}
    if any(
        span.parent_id and span.parent_id not in own and (trace.trace_id, span.parent_id) not in known for span in spans
    ):
        raise UnknownParent
    placed = [(trace.trace_id, ordinal, span) for ordinal, span in enumerate(spans, trace.span_count)]
    trace.span_count += len(spans)
    trace.is_touched = True
    for span in spans:
        _count(trace, span)
    return placed


def _count(trace: _Growing, span: SpanRecord) -> None:
    """Add the call's tokens and cost to the trace's; the first model that is named is the trace's."""
    if span.model and not trace.model:
        trace.provider, trace.model = span.provider, span.model
    for name in ("input_tokens", "output_tokens", "cost_nanodollars"):
        if (told := getattr(span, name)) is not None:
            setattr(trace, name, min((getattr(trace, name) or 0) + told, MAX_TOKENS))


def _known_parents(works: Iterable[_More]) -> _Parents:
    """Which of the parents that the spans name are stored, with their traces."""
    named = {(work.trace_id, span.parent_id) for work in works for span in work.spans if span.parent_id}
    if not named:
        return set()
    stored = Span.objects.filter(trace__in={trace for trace, _ in named}, id__in={parent for _, parent in named})
    return set(stored.values_list("trace_id", "id"))
