"""The tree of a graph's scopes, each a contiguous range of node ids.

Leaves made outside any scope, such as parameters, lie in the root scope, whose path is `""`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.scopes import CallPlace, Scope
from microgpt.errors import GraphError
from microgpt.graph.scope_patterns import ANY, part_matches

MOST_NAMED = 12


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

    def __init__(self, scopes: Sequence[ScopeRange], whole: ScopeTree | None = None) -> None:
        """The tree of some scopes.

        Args:
            whole: the tree that these are a part of: what they are called is as there.
        """
        self._scopes = tuple(scopes)
        self._whole = whole
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

    # -- names -------------------------------------------------------------------------------------

    @cached_property
    def _trunk(self) -> ScopeRange:
        """The innermost scope that all others lie in, or that lies in all of those."""
        scope = self._scopes[0]
        while len(inner := self._children[scope.index]) == 1:
            (scope,) = inner
        return scope

    @cached_property
    def _branch_of(self) -> list[int]:
        """By scope, the index of its branch; of the trunk's scopes, their own."""
        branches = list(range(len(self._scopes)))
        for scope in self._scopes[1:]:  # a parent comes before its children
            if scope.index > self._trunk.index and scope.parent != self._trunk.index:
                branches[scope.index] = branches[scope.parent]
        return branches

    @cached_property
    def _endings(self) -> Counter[tuple[int, str]]:
        """How many scopes of a branch end so, by the branch's index and the end of a path."""
        return Counter(
            (branch, ending)
            for scope, branch in zip(self._scopes, self._branch_of, strict=True)
            for ending in self._endings_of(scope)
        )

    def _endings_of(self, scope: ScopeRange) -> Iterator[str]:
        """`q`, `attn/q`, `layer0/attn/q`: the ends of a path inside its branch."""
        inside = scope.path.removeprefix(f"{self.branch(scope).path}/")
        at = len(inside)
        while at > 0:
            at = inside.rfind("/", 0, at)
            yield inside[at + 1 :]

    def branch(self, scope: ScopeRange) -> ScopeRange:
        """The scope around it, or itself, at the first level where several lie side by side.

        In the model a position, whose parts are called alike at all of them.
        """
        if self._whole is not None:
            return self._by_path[self._whole.branch(self._whole.find(scope.path)).path]
        return self._scopes[self._branch_of[scope.index]]

    def short_path(self, scope: ScopeRange) -> str:
        """The shortest end of its path that no other scope of its branch has.

        The part inside the branch where even that is another's end; a branch's own is its name.
        """
        if self._whole is not None:
            return self._whole.short_path(self._whole.find(scope.path))
        if scope.index == self._branch_of[scope.index]:
            return scope.name
        branch = self._branch_of[scope.index]
        ends = list(self._endings_of(scope))
        return next((end for end in ends if self._endings[branch, end] == 1), ends[-1])

    # -- finding -----------------------------------------------------------------------------------

    def find(self, path: str) -> ScopeRange:
        """The scope with this path.

        Raises:
            GraphError: there is none; the message lists the parts that would be valid.
        """
        path = path.strip("/")
        if path in self._by_path:
            return self._by_path[path]
        known = self._scopes[0]
        if not self.children(known):
            raise GraphError(f"no scope {path!r}: this graph has no scopes")
        for part in path.split("/"):
            inner = next((c for c in self.children(known) if c.name == part), None)
            if inner is None:
                names = ", ".join(child.name for child in self.children(known)) or "nothing"
                raise GraphError(
                    f"no scope {path!r}: inside {known.path or 'the graph'} there is {names}"
                )
            known = inner
        return known

    def find_all(self, pattern: str) -> tuple[ScopeRange, ...]:
        """The scopes of a path in which `*` stands for any characters of one part, in order.

        They lie side by side: none is inside of another.

        Raises:
            GraphError: there is none; the message lists the parts that would be valid.
        """
        pattern = pattern.strip("/")
        if ANY not in pattern or pattern in self._by_path:
            return (self.find(pattern),)
        known: list[ScopeRange] = [self._scopes[0]]
        for part in pattern.split("/"):
            children = [child for scope in known for child in self.children(scope)]
            found = [child for child in children if part_matches(part, child.name)]
            if not found:
                inside = _listed(scope.path or "the graph" for scope in known)
                there = _listed(dict.fromkeys(child.name for child in children)) or "nothing"
                raise GraphError(f"no scope matches {pattern!r}: inside {inside} there is {there}")
            known = found
        return tuple(known)


def _listed(names: Iterable[str]) -> str:
    """The first of some names."""
    told = list(names)
    return ", ".join(told[:MOST_NAMED]) + (", …" if len(told) > MOST_NAMED else "")


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
