"""Spans as trees, from their parents' ids alone: nothing is dropped, circles are opened; called by timeline.py only.

Iterative throughout, so that a chain of ten thousand spans is as safe as a flat list.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Node:
    """One span as the tree sees it: no payload."""

    id: str
    parent_id: str | None
    name: str
    kind: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    ordinal: int = 0
    """Its place in the order of arrival."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_nanodollars: int | None = None
    is_counted: bool = True
    """Whether its tokens and cost are part of the run's, and not told once more by a span above or below."""

    @property
    def has_tokens(self) -> bool:
        return bool(self.input_tokens or self.output_tokens)


class Forest:
    """The spans as trees. Everything is by place in `nodes`, because ids may repeat."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        first: dict[str, int] = {}
        for index, node in enumerate(nodes):
            first.setdefault(node.id, index)
        self.duplicates = {index for index, node in enumerate(nodes) if first[node.id] != index}
        self.duplicates |= {first[nodes[index].id] for index in self.duplicates}
        self.parents: list[int | None] = [first.get(node.parent_id) if node.parent_id else None for node in nodes]
        self.orphans = {i for i, node in enumerate(nodes) if node.parent_id and self.parents[i] is None}
        self.cut = set(self._cycle_openings())
        for index in self.cut:
            self.parents[index] = None
        self.children: list[list[int]] = [[] for _ in nodes]
        for index, parent in enumerate(self.parents):
            if parent is not None:
                self.children[parent].append(index)
        self.depths = [0] * len(nodes)
        self.walk = tuple(self._depth_first())
        """From top to bottom."""
        self.descendants = self._count_descendants()

    def _cycle_openings(self) -> Iterator[int]:
        """From each circle of parents its earliest span: there the circle is opened and becomes a tree."""
        seen_on: dict[int, int] = {}
        for start in range(len(self.nodes)):
            path, index = [], start
            while index not in seen_on:
                seen_on[index] = start
                path.append(index)
                parent = self.parents[index]
                if parent is None:
                    break
                index = parent
            else:
                if seen_on[index] == start:
                    yield min(path[path.index(index) :])

    def _depth_first(self) -> Iterator[int]:
        """Finds the depths on its way."""
        stack = [index for index in range(len(self.nodes) - 1, -1, -1) if self.parents[index] is None]
        while stack:
            index = stack.pop()
            yield index
            children = self.children[index]
            for child in children:
                self.depths[child] = self.depths[index] + 1
            stack.extend(reversed(children))

    def _count_descendants(self) -> list[int]:
        counts = [0] * len(self.nodes)
        for index in reversed(self.walk):
            parent = self.parents[index]
            if parent is not None:
                counts[parent] += counts[index] + 1
        return counts
