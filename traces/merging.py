"""What a trace is by all of its spans, when they come in pieces and in any order; only ingest.py calls it.

A piece may bring a span twice (exporters send again what they got no answer for), an end for a span that was announced
while it ran, parents after their children, several roots or none. So nothing is concluded from a piece alone: the
trace's times, status, tokens and cost are worked out anew from all its spans, of which only the few columns are read
that this takes.
"""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from accounts.models import Account
from traces.limits import MAX_SPANS_PER_TRACE, MAX_TOKENS
from traces.models import Span, Trace
from traces.records import SpanKind, SpanRecord, SpanStatus, TraceFragment, TraceStatus
from traces.wire.otlp.usage import UsageSpan, counted
from traces.wire.otlp.words import Usage


@dataclass(slots=True)
class MergedSpan:
    """What has to be known of a span to say what its trace is. `key` is its row, None if it has none yet."""

    id: uuid.UUID
    parent_id: uuid.UUID | None
    kind: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    provider: str
    model: str
    input_tokens: int | None
    output_tokens: int | None
    cost_nanodollars: int | None
    is_counted: bool
    response_id: str
    key: int | None = None

    @property
    def tokens(self) -> int:
        return (self.input_tokens or 0) + (self.output_tokens or 0)


_SPAN_FIELDS = (
    "id", "parent_id", "kind", "status", "started_at", "ended_at", "provider", "model", "input_tokens", "output_tokens",
    "cost_nanodollars", "is_counted", "response_id", "pk_in_order",
)  # fmt: skip
_TRACE_FIELDS = ("pk", "received_at", "agent_id", "name", "status", "session", "end_user", "span_count")


@dataclass(slots=True, kw_only=True)
class MergedTrace:
    """A trace that pieces are added to, and then settled and stored."""

    id: uuid.UUID
    account: Account
    received_at: datetime
    agent_id: int | None
    name: str
    status: str = TraceStatus.RUNNING
    session: str = ""
    end_user: str = ""
    span_count: int = 0
    is_new: bool = False
    fragments: list[TraceFragment] = field(default_factory=list)
    """Those that brought something."""
    added: list[tuple[int, SpanRecord]] = field(default_factory=list)
    """Spans that are not stored yet, with their places in the trace."""
    ended: list[tuple[int, SpanRecord]] = field(default_factory=list)
    """Spans that are stored as running and are over now, with their rows."""
    recounted: list[MergedSpan] = field(default_factory=list)
    """Stored spans of which it is new whether they count."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    provider: str = ""
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nanodollars: int | None = None
    head: TraceFragment | None = None
    """The piece with the root (with the earliest, if there are several), if it is among `fragments`."""
    has_root: bool = False
    """Whether a root has come, now or before."""
    _spans: dict[uuid.UUID, MergedSpan] = field(default_factory=dict)

    @classmethod
    def of(cls, account: Account, fragment: TraceFragment) -> "MergedTrace":
        """One that is not stored yet, for the first piece of it; nothing is taken from the piece but its names."""
        return cls(
            id=fragment.id, account=account, received_at=timezone.now(), agent_id=None, name=fragment.name, is_new=True
        )

    @property
    def error(self) -> str | None:
        """The error of a new span that nothing stands above, as far as is known."""
        tops = (span for _, span in [*self.added, *self.ended] if span.parent_id not in self._spans)
        return next((span.error for span in tops if span.error), None)

    def add(self, fragment: TraceFragment) -> int:
        """Take in what is new in the piece; how many spans did not fit."""
        refused = taken = 0
        for span in fragment.spans:
            known = self._spans.get(span.id)
            if known is not None:
                taken += self._end(known, span)
            elif self.span_count >= MAX_SPANS_PER_TRACE:
                refused += 1
            else:
                self._add(span)
                taken += 1
        if taken:
            self.fragments.append(fragment)
        return refused

    @property
    def has_dealt_with_failures(self) -> bool:
        failed = any(span.status == SpanStatus.ERROR for span in self._spans.values())
        return failed and self.status == TraceStatus.SUCCESS

    @property
    def is_touched(self) -> bool:
        return bool(self.fragments)

    def settle(self) -> None:
        """Work out what the trace is by its spans and what its pieces call it."""
        # In an order that does not depend on that of arrival.
        spans = sorted(self._spans.values(), key=lambda span: (span.started_at, span.id))
        self._find_head(spans)
        for fragment in self.fragments:
            self.session = self.session or fragment.session or ""
            self.end_user = self.end_user or fragment.end_user or ""
        self._count(spans)
        ends = [span.ended_at for span in spans if span.ended_at]
        self.started_at = spans[0].started_at
        self.status = status_of(spans)
        self.ended_at = None if self.status == TraceStatus.RUNNING else max(ends, default=None)

    def _find_head(self, spans: Iterable[MergedSpan]) -> None:
        root = next((span.id for span in spans if span.parent_id is None), None)
        self.has_root = root is not None
        pieces = self.fragments if root else ()
        self.head = next((piece for piece in pieces if root in [span.id for span in piece.spans]), None)
        self.name = self.head.name if self.head else self.name

    def _add(self, span: SpanRecord) -> None:
        self.added.append((self.span_count, span))
        self.span_count += 1
        self._spans[span.id] = _merged(span)

    def _end(self, known: MergedSpan, span: SpanRecord) -> bool:
        """Whether `span` is the end of one that was announced; any other one that comes again changes nothing."""
        if known.ended_at is not None or span.ended_at is None:
            return False
        if known.key is not None:
            self.ended.append((known.key, span))
        else:
            self.added = [(place, span if added.id == span.id else added) for place, added in self.added]
        self._spans[span.id] = _merged(span, known.key)
        return True

    def _count(self, spans: list[MergedSpan]) -> None:
        """Tokens and cost of the spans that count; the model that most tokens were spent on is the trace's."""
        parents = {span.parent_id for span in spans}
        # What has no tokens and nothing below it changes nothing.
        counting = counted(_usage_spans(span for span in spans if span.tokens or span.id in parents))
        for span in spans:
            is_counted = not span.tokens or span.id.hex in counting
            if span.is_counted != is_counted:
                span.is_counted = is_counted
                if span.key is not None:
                    self.recounted.append(span)
        summed = [span for span in spans if span.is_counted]
        self.input_tokens = _sum(span.input_tokens for span in summed)
        self.output_tokens = _sum(span.output_tokens for span in summed)
        self.cost_nanodollars = _sum(span.cost_nanodollars for span in summed)
        named = [span for span in summed if span.model]
        if named:
            most = max(named, key=lambda span: span.tokens)
            self.provider, self.model = most.provider, most.model

    def counts(self, span_id: uuid.UUID) -> bool:
        return self._spans[span_id].is_counted


def hold(accounts: dict[uuid.UUID, Account]) -> dict[uuid.UUID, MergedTrace]:
    """The stored ones of the traces, with their spans; their rows are held until the transaction ends."""
    if not accounts:
        # The ORM would take half a millisecond to find out.
        return {}
    rows = Trace.objects.select_for_update(of=("self",)).filter(pk__in=accounts).order_by("pk")
    held = {
        row[0]: MergedTrace(account=accounts[row[0]], **dict(zip(("id", *_TRACE_FIELDS[1:]), row, strict=True)))
        for row in rows.values_list(*_TRACE_FIELDS)
    }
    if held:
        spans = Span.objects.filter(trace__in=held).order_by("pk_in_order").values_list("trace_id", *_SPAN_FIELDS)
        for trace_id, *values in spans.iterator(chunk_size=2_000):
            span = MergedSpan(*values)
            held[trace_id]._spans[span.id] = span
    return held


def status_of(spans: Iterable[MergedSpan], *, is_over: bool = False) -> TraceStatus:
    """Of a trace with these spans: running while a span is, or while the root or a parent is still to come.

    When nothing more is expected (`is_over`) only open spans keep it running. It failed if a span failed that no known
    span stands above: whatever failed below one that did not was dealt with there.
    """
    all_spans = list(spans)
    ids = {span.id for span in all_spans}
    tops = [span for span in all_spans if span.parent_id is None or span.parent_id not in ids]
    is_incomplete = not tops or any(span.parent_id is not None for span in tops)
    if any(span.ended_at is None for span in all_spans) or (is_incomplete and not is_over):
        return TraceStatus.RUNNING
    has_failed = any(span.status == SpanStatus.ERROR for span in tops or all_spans)
    return TraceStatus.ERROR if has_failed else TraceStatus.SUCCESS


def spans_of(trace_id: uuid.UUID) -> list[MergedSpan]:
    return [MergedSpan(*values) for values in Span.objects.filter(trace=trace_id).values_list(*_SPAN_FIELDS)]


def _merged(span: SpanRecord, key: int | None = None) -> MergedSpan:
    return MergedSpan(
        span.id, span.parent_id, span.kind, span.status, span.started_at, span.ended_at, span.provider, span.model,
        span.input_tokens, span.output_tokens, span.cost_nanodollars, span.is_counted, span.response_id, key,
    )  # fmt: skip


def _usage_spans(spans: Iterable[MergedSpan]) -> Iterator[UsageSpan]:
    for span in spans:
        usage = Usage(span.input_tokens, span.output_tokens)
        yield UsageSpan(
            span.id.hex, span.parent_id.hex if span.parent_id else None, SpanKind(span.kind), usage, span.model or None,
            span.response_id or None,
        )  # fmt: skip


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Of what is known, and no more than a column holds: whoever counts so many tokens is mistaken."""
    known = [number for number in numbers if number is not None]
    return min(sum(known), MAX_TOKENS) if known else None
