"""The tree of a graph's scopes, each a contiguous range of node ids.

Leaves made outside any scope, such as parameters, lie in the root scope, whose path is `""`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.scopes import CallPlace, Scope
from microgpt.errors import GraphError


@dataclass(frozen=True, slots=True)
class ScopeRange:
    """One scope of a graph."""

    index: int  # its place in the tree's order; a parent comes before its children
    path: str  # unique in the graph, `pos3/layer0/attn`; `""` for the root
    label: str  # what a person would call it, or `""`
    parent: int  # index of the parent, -1 for the root
    start: int  # first node id inside it or its children
    stop: int  # one past the last
    # Where in the program it was entered, if that was recorded. The same computation recorded or
    # not has equal scopes.
    place: CallPlace | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    def __len__(self) -> int:
        return self.stop - self.start


class ScopeTree:
    """All scopes of a graph, in order of creation."""

    def __init__(self, scopes: Sequence[ScopeRange]) -> None:
        self._scopes = tuple(scopes)
        self._by_path = {scope.path: scope for scope in self._scopes}
        self._children: list[list[ScopeRange]] = [[] for _ in self._scopes]
        for scope in self._scopes[1:]:
            self._children[scope.parent].append(scope)

    @classmethod
    def of_nodes(cls, entered: Sequence[Scope | None]) -> tuple[ScopeTree, NDArray[np.int64]]:
        """The tree over nodes in id order, and the index of each node's own scope."""
        builder = _TreeBuilder(len(entered))
        scope_of = np.empty(len(entered), np.int64)
        first = 0
        for scope, run in groupby(entered):  # scopes are contiguous, so there are few runs
            last = first + sum(1 for _ in run) - 1
            builder.place(scope, first)
            scope_of[first : last + 1] = builder.place(scope, last)
            first = last + 1
        return cls(builder.ranges()), scope_of

    def __len__(self) -> int:
        return len(self._scopes)

    def __iter__(self) -> Iterator[ScopeRange]:
        return iter(self._scopes)

    def __getitem__(self, index: int) -> ScopeRange:
        return self._scopes[index]

    def children(self, scope: ScopeRange) -> tuple[ScopeRange, ...]:
        """The scopes directly inside a scope, in order."""
        return tuple(self._children[scope.index])

    def find(self, path: str) -> ScopeRange:
        """The scope with this path.

        Raises:
            GraphError: there is none; the message lists the parts that would be valid.
        """
        path = path.strip("/")
        if path in self._by_path:
            return self._by_path[path]
        known = self._scopes[0]
        for part in path.split("/"):
            inner = next((c for c in self.children(known) if c.name == part), None)
            if inner is None:
                names = ", ".join(child.name for child in self.children(known)) or "nothing"
                raise GraphError(
                    f"no scope {path!r}: inside {known.path or 'the graph'} there is {names}"
                )
            known = inner
        return known


class _TreeBuilder:
    """Gives every entered scope a unique path and collects its range."""

    def __init__(self, n_nodes: int) -> None:
        self._index: dict[Scope, int] = {}
        self._rows: list[tuple[str, str, int, CallPlace | None]] = [("", "", -1, None)]
        self._spans: list[list[int]] = [[0, n_nodes]]
        self._taken: dict[str, int] = {}

    def place(self, scope: Scope | None, node: int) -> int:
        """Index of the scope, which now contains the node, as do its parents."""
        if scope is None:
            return 0
        index = self._index.get(scope)
        if index is None:
            parent = self.place(scope.parent, node)
            index = self._add(scope, parent, node)
        at = index
        while at > 0 and self._spans[at][1] != node + 1:
            self._spans[at][1] = node + 1
            at = self._rows[at][2]
        return index

    def _add(self, scope: Scope, parent: int, node: int) -> int:
        parent_path = self._rows[parent][0]
        path = f"{parent_path}/{scope.name}" if parent_path else scope.name
        unnumbered = path
        while path in self._taken:  # entered again under the same name: linear, linear[1], ...
            self._taken[unnumbered] += 1
            path = f"{unnumbered}[{self._taken[unnumbered]}]"
        self._taken[path] = 0
        self._index[scope] = len(self._rows)
        self._rows.append((path, scope.label, parent, scope.place))
        self._spans.append([node, node + 1])
        return self._index[scope]

    def ranges(self) -> list[ScopeRange]:
        return [
            ScopeRange(index, path, label, parent, start, stop, place)
            for index, ((path, label, parent, place), (start, stop)) in enumerate(
                zip(self._rows, self._spans, strict=True)
            )
        ]
