"""What is known of a failed trace, for somebody who was not looking: alert mails and webhooks tell it.

The tree is read without payloads; of the payloads, one error and the beginning of one input.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from tracen.lib.wording import duration_text
from traces.archive import stored_row, stored_span
from traces.models import Span, Trace
from traces.reading.difference import Shape, differences
from traces.reading.error_text import read_error
from traces.reading.page import error_of, nodes_of
from traces.reading.sentence import run_ms, tell
from traces.reading.spending import tokens_of
from traces.reading.timeline_view import lay_out
from traces.records import SpanKind, TraceRecord, TraceStatus
from traces.span_texts import texts_of
from traces.timeline import Row, Timeline
from traces.timeline.forest import Node

MAX_ARGUMENTS = 300
_PATH_HEAD, _PATH_TAIL = 2, 3
"""How many names are told of the two ends of a long path."""
_MODELS_COMPARED = 10
_TOOLS = (SpanKind.TOOL, SpanKind.RETRIEVER)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool and the beginning of what it was called with, as JSON text on one line."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class GoodRun:
    """The agent's last run that went well, and what the failed one did otherwise."""

    received_at: datetime
    url: str
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailureReport:
    """`who` is the agent, else the model; `path` leads from the top to the failed span and is empty if none failed."""

    trace_id: uuid.UUID
    name: str
    who: str
    status: TraceStatus
    sentence: str
    path: tuple[str, ...]
    error: str
    started_at: datetime
    duration: str
    input_tokens: int | None
    output_tokens: int | None
    url: str
    """The trace's page, at the span that failed, else at the one that had not ended."""
    last_tool: ToolCall | None = None
    last_good: GoodRun | None = None


def build(trace: Trace, status: TraceStatus) -> FailureReport:
    """All that is known, for a mail; like `brief`, and with the last tool and the agent's last good run."""
    read = _read(trace, status)
    return replace(_tell(trace, read), last_tool=_last_tool(trace), last_good=_last_good(trace, read))


def brief(trace: Trace, status: TraceStatus) -> FailureReport:
    """Tell of a trace that entered `status`, whatever it has become since; loaded with its agent and texts."""
    return _tell(trace, _read(trace, status))


@dataclass(frozen=True, slots=True)
class _Read:
    """A run as it was read: without payloads."""

    run: TraceRecord
    nodes: list[Node]
    timeline: Timeline

    @property
    def tokens(self) -> tuple[int | None, int | None]:
        return tokens_of(self.run, self.timeline)


def _tell(trace: Trace, read: _Read) -> FailureReport:
    run, failure = read.run, read.timeline.failure
    span_error = error_of(trace, read.timeline)
    error = span_error or run.error
    return FailureReport(
        trace_id=trace.pk,
        name=run.name,
        who=run.agent or run.model,
        status=run.status,
        sentence=tell(run, read.timeline, span_error).plain,
        path=_shortened(failure.path) if failure else (),
        error=read_error(error).title if error and error.strip() else "",
        started_at=run.started_at,
        duration=duration_text(run_ms(run, read.timeline)),
        input_tokens=read.tokens[0],
        output_tokens=read.tokens[1],
        url=_address(trace, failure.row if failure else read.timeline.open_end),
    )


def _read(trace: Trace, status: TraceStatus) -> _Read:
    run = replace(stored_row(trace), status=status)
    nodes = nodes_of(trace)
    return _Read(run, nodes, lay_out(run, nodes, timezone.now()))


def _address(trace: Trace, row: Row | None = None) -> str:
    return f"{settings.BASE_URL}{reverse('trace', args=[trace.pk])}{f'?span={row.id}' if row else ''}"


def _shortened(path: tuple[str, ...]) -> tuple[str, ...]:
    if len(path) <= _PATH_HEAD + _PATH_TAIL + 1:
        return path
    return (*path[:_PATH_HEAD], "…", *path[-_PATH_TAIL:])


def _last_tool(trace: Trace) -> ToolCall | None:
    calls = Span.objects.filter(trace=trace, kind__in=_TOOLS).order_by("-started_at", "-ordinal")
    call = calls.first()
    if call is None:
        return None
    name, arguments = call.name, " ".join((stored_span(call, texts_of(call)).input or "").split())
    return ToolCall(name, arguments if len(arguments) <= MAX_ARGUMENTS else arguments[:MAX_ARGUMENTS] + "…")


def _last_good(trace: Trace, read: _Read) -> GoodRun | None:
    """The agent's newest success that came before this trace; None without an agent."""
    if trace.agent_id is None:
        return None
    own = Trace.objects.filter(account_id=trace.account_id, agent_id=trace.agent_id, status=TraceStatus.SUCCESS)
    earlier = own.filter(received_at__lt=trace.received_at).select_related("agent", "payload")
    good = earlier.order_by("-received_at").first()
    if good is None:
        return None
    then = _shape(good, _read(good, TraceStatus.SUCCESS))
    return GoodRun(good.received_at, _address(good), differences(_shape(trace, read), then))


def _shape(trace: Trace, read: _Read) -> Shape:
    in_order = sorted(read.nodes, key=lambda node: (node.started_at, node.ordinal))
    models = Span.objects.filter(trace=trace).exclude(model="").order_by().values_list("model", flat=True).distinct()
    return Shape(
        steps=tuple(node.name for node in in_order),
        duration_ms=run_ms(read.run, read.timeline),
        tokens=sum(count or 0 for count in read.tokens) or None,
        models=frozenset([*filter(None, [read.run.model]), *models[:_MODELS_COMPARED]]),
    )
