"""Decides which spans of a trace count towards its tokens and cost, so that no work is counted twice. Pure.

Usage is repeated in two ways. An agent's or a chain's span sums up the calls below it: then the calls count, and the
sum is only what was reported. And two instrumentations record one call, the inner within the outer: then the inner
span is a transport detail, and the outer one counts. What a call has below a tool or another agent is neither: a model
that called a tool in which a model is called has made two calls. O(n), without recursion; ids may repeat, parents may
be missing or run in circles.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice, pairwise

from traces.records import SpanKind
from traces.wire.otlp.words import Usage

_CALLS = {SpanKind.LLM, SpanKind.EMBEDDING}
_OTHER_WORK = {SpanKind.TOOL, SpanKind.AGENT}
"""What stands between two calls of which neither is a part of the other."""


@dataclass(slots=True)
class UsageSpan:
    """What has to be known of a span to say whether its usage counts."""

    id: str
    parent_id: str | None
    kind: SpanKind
    usage: Usage | None
    model: str | None = None
    response_id: str | None = None

    @property
    def has_tokens(self) -> bool:
        return self.usage is not None and bool(self.usage.input or self.usage.output)


@dataclass(slots=True)
class _Node:
    span: UsageSpan
    parent: "_Node | None" = None
    carrier: "_Node | None" = None
    """The nearest span above, or itself, that has tokens."""
    is_folded: bool = False
    models_below: set[str | None] = field(default_factory=set)
    """The models of calls that count below: none, one, or two, which stand for any number."""
    models_within: set[str | None] = field(default_factory=set)
    """The same without those below a tool or an agent: what may be this very call."""


def counted(spans: Iterable[UsageSpan]) -> set[str]:
    """The ids of the spans whose usage counts."""
    top_down = _top_down({span.id: _Node(span) for span in spans})
    for node in top_down:
        _fold(node)
    return {node.span.id for node in reversed(top_down) if _counts(node)}


def _top_down(nodes: dict[str, _Node]) -> list[_Node]:
    """The nodes, each after its parent; a circle is opened where it was first entered."""
    ordered: list[_Node] = []
    placed: set[str] = set()
    for start in nodes.values():
        path: list[_Node] = []
        node: _Node | None = start
        while node is not None and node.span.id not in placed:
            placed.add(node.span.id)
            path.append(node)
            node = nodes.get(node.span.parent_id or "")
        for child, parent in pairwise(path):
            child.parent = parent
        # What the walk ended at is the last one's parent, unless it is on this very path: then it is a circle.
        if path and not any(node is one for one in path):
            path[-1].parent = node
        ordered.extend(reversed(path))
    return ordered


def _fold(node: _Node) -> None:
    """Find out, after the same was done above, whether the span repeats the call that it is part of."""
    above = node.parent.carrier if node.parent else None
    node.carrier = node if node.span.has_tokens else None if node.span.kind in _OTHER_WORK else above
    node.is_folded = node.span.has_tokens and above is not None and _is_detail(node.span, above.span)


def _is_detail(inner: UsageSpan, outer: UsageSpan) -> bool:
    """Whether `inner` is the same call as `outer`, seen by another instrumentation."""
    if outer.kind not in _CALLS:
        return False
    if inner.kind is SpanKind.HTTP:
        return True
    if inner.kind not in _CALLS:
        return False
    if inner.response_id and inner.response_id == outer.response_id:
        return True
    return _is_same_model(inner.model, outer.model) and _tokens(inner) == _tokens(outer)


def _counts(node: _Node) -> bool:
    """Whether the span's own usage counts, after the same was found out below; tells its parent what counts."""
    span, is_call = node.span, node.span.kind in _CALLS
    same_work = node.models_within if is_call else node.models_below
    is_sum = bool(same_work) and (not is_call or len(same_work) > 1 or _is_same_model(span.model, *same_work))
    counts = span.has_tokens and not node.is_folded and not is_sum
    if node.parent is not None:
        own = {span.model} if counts else set()
        node.parent.models_below.update(islice(node.models_below | own, 2))
        within = own if span.kind in _OTHER_WORK else node.models_within | own
        node.parent.models_within.update(islice(within, 2))
    return counts


def _tokens(span: UsageSpan) -> tuple[int, int]:
    usage = span.usage or Usage()
    return usage.input or 0, usage.output or 0


def _is_same_model(one: str | None, other: str | None) -> bool:
    """ "gpt-5-mini" was asked for and "gpt-5-mini-2025-08-07" answered; an unknown model may be any."""
    return one is None or other is None or one.startswith(other) or other.startswith(one)
