"""What a node is in its scope: which output it leads to, and which term of a sum it belongs to.

Only edges, ops and scopes are looked at, so any graph has places. They are found scope by scope,
when first asked for; then a place costs a few look-ups, however large the graph.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Ints, Mask, stably_sorted
from microgpt.graph.computation import Computation
from microgpt.graph.scope_tree import ScopeRange

Part: TypeAlias = Literal["output", "term", "partial sum", "sum", "start", "inside"]
LocalIds: TypeAlias = NDArray[np.int32]
"""Ids counted from a scope's first. Half as wide as others: gathering them is what takes time."""

MOST_EDGES = 1_000
"""How many edges are followed to count the outputs that use a node."""
MOST_LEVELS = 200
"""How far above a node its sum is looked for. Units: edges."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a node is in the innermost scope that it was made in."""

    scope: ScopeRange
    part: Part
    """`"output"`; a `"term"` of a sum, the `"start"` that it begins with (a constant 0, a bias),
    a `"partial sum"`, or the whole `"sum"` if that is no output; else something `"inside"`: of a
    term, if there is one, or of what makes the output."""
    op: str
    output: int | None
    """Place among the scope's outputs of the one that it is or leads to. If it leads to several,
    of the only one that takes it directly, as each share of a softmax does its exp; else None."""
    n_outputs: int  # how many outputs the scope has
    n_users: int | None  # how many of them it leads to; None if that would take long to count
    term: int | None = None
    """Which term of the sum it is or is inside of; of a partial sum, the last that is in it."""

    def phrase(self, path: str, at: str = "", *, users: bool = True) -> str:
        """What to call the node: `q[3] term 7 at 1 e`.

        Args:
            path: what to call its scope, such as `q`.
            at: what to call the branch of the scopes that it lies in, such as `1 e`.
            users: whether to say that several outputs use it.
        """
        numbered = self.output is not None and self.n_outputs > 1
        words = [f"{path}[{self.output}]" if numbered else path]
        if self.part == "partial sum":
            words.append(f"sum to {self.term}")
        elif self.term is not None:
            words.append(f"term {self.term}")
        elif self.part in ("sum", "start"):
            words.append(self.part)
        if self.part == "inside":
            words.append(self.op)
        if at:
            words.append(f"at {at}")
        return " ".join(words) + (self._users() if users else "")

    def _users(self) -> str:
        if self.n_users is None:
            return ", shared by several"
        if self.n_users < 2:
            return ""
        of_all = "all" if self.n_users == self.n_outputs else f"{self.n_users} of"
        return f", shared by {of_all} {self.n_outputs}"


class NodePlaces:
    """The places of one graph's nodes.

    >>> from microgpt import Value, scope
    >>> from microgpt.graph.graph import Graph
    >>> with scope("dot"):
    ...     loss = Value(1.0) * Value(2.0) + Value(3.0) * Value(4.0) + Value(5.0) * Value(6.0)
    >>> graph = Graph.from_value(loss)
    >>> [graph.places.of(node).phrase("dot") for node in graph.nodes_of("mul", "add").tolist()]
    ['dot term 0', 'dot term 1', 'dot sum to 1', 'dot term 2', 'dot']
    """

    def __init__(self, graph: Computation) -> None:
        self._graph = graph
        self._shapes: dict[int, _ScopeShape] = {}

    def of(self, node: int) -> Place | None:
        """A node's place; None outside any scope."""
        scope = self._graph.scopes[int(self._graph.scope_of[node])]
        if not scope.path:
            return None
        shape = self._shapes.get(scope.index)
        if shape is None:
            shape = self._shapes.setdefault(scope.index, _ScopeShape(self._graph, scope))
        return shape.place(node)


class _ScopeShape:
    """How the nodes of a scope lead to its outputs.

    LocalIds count from the scope's first node, but for the one that a place is asked of.
    """

    def __init__(self, graph: Computation, scope: ScopeRange) -> None:
        self._graph, self._scope = graph, scope
        first, last = int(graph.operand_start[scope.start]), int(graph.operand_start[scope.stop])
        operands = graph.operands[first:last]
        inside = operands >= scope.start
        self._operands: LocalIds = (operands[inside] - scope.start).astype(np.int32)
        consumers = graph.edge_consumers[first:last][inside] - scope.start
        self._consumers: LocalIds = consumers.astype(np.int32)
        self._outputs: list[int] = (graph.outputs_of(scope) - scope.start).tolist()
        self._is_output: Mask = np.zeros(len(scope), np.bool_)
        self._is_output[self._outputs] = True
        self._sole = self._sole_consumers()
        self._heads = _ends(self._sole)  # where the way by sole consumers ends or parts
        self._reached: dict[int, frozenset[int] | None] = {}

    def _sole_consumers(self) -> LocalIds:
        """The consumer of each node that has just one and is no output; else the node itself."""
        itself = np.arange(len(self._scope), dtype=np.int32)
        first, last = itself.copy(), itself.copy()
        last[self._operands] = self._consumers  # of several the last one stays
        first[self._operands[::-1]] = self._consumers[::-1]
        return np.where((first == last) & ~self._is_output, first, itself)

    def place(self, node: int) -> Place:
        """The place of a node, given by its id in the graph."""
        at, op = node - self._scope.start, self._graph.op(node)
        n_outputs = len(self._outputs)
        if self._is_output[at]:
            return Place(self._scope, "output", op, self._number(at), n_outputs, 1)
        head = int(self._heads[at])
        users, direct = self._users(head), self._taken_by(head)
        if users is not None and len(users) == 1:
            output, detours = next(iter(users)), False
        elif len(direct) == 1:
            output, detours = direct.pop(), True
        else:
            output, detours = None, False
        part, term = self._in_sum(at, detours=detours)
        number = None if output is None else self._number(output)
        n_users = None if users is None else len(users)
        return Place(self._scope, part, op, number, n_outputs, n_users, term)

    def _number(self, output: int) -> int:
        return bisect_left(self._outputs, output)

    # -- ways to outputs ---------------------------------------------------------------------------

    @cached_property
    def _by_operand(self) -> tuple[LocalIds, Ints]:
        """Consumers sorted by operand, and where each operand's begin."""
        order = stably_sorted(self._operands.astype(np.int64))
        counts = np.bincount(self._operands, minlength=len(self._scope))
        return self._consumers[order], np.concatenate(([0], np.cumsum(counts)))

    def _consumers_of(self, at: int) -> LocalIds:
        consumers, starts = self._by_operand
        return consumers[starts[at] : starts[at + 1]]

    def _taken_by(self, head: int) -> set[int]:
        """The outputs that are made of a node without anything that others are made of, too."""
        if self._is_output[head]:
            return {head}
        heads = self._heads[self._consumers_of(head)[:MOST_EDGES]]
        return set(heads[self._is_output[heads]].tolist())

    def _users(self, head: int) -> frozenset[int] | None:
        """The outputs that a node leads to; None if it leads to too many edges to follow."""
        if head not in self._reached:
            self._reached[head] = self._reach(head)
        return self._reached[head]

    def _reach(self, head: int) -> frozenset[int] | None:
        reached, waiting, seen, n_edges = set[int](), [head], {head}, 0
        while waiting:
            at = waiting.pop()
            if self._is_output[at]:
                reached.add(at)
                continue
            consumers = self._consumers_of(at)
            n_edges += len(consumers)
            if n_edges > MOST_EDGES:
                # All of the graph leads to its root, so an only output has no rival.
                return frozenset(self._outputs) if len(self._outputs) == 1 else None
            fresh = set(self._heads[consumers].tolist()) - seen
            seen |= fresh
            waiting += fresh
        return frozenset(reached)

    # -- sums --------------------------------------------------------------------------------------

    @cached_property
    def _before(self) -> LocalIds:
        """Of each addition, the one that it goes on from; itself where a sum begins."""
        graph, scope = self._graph, self._scope
        before = np.arange(len(scope), dtype=np.int32)
        is_add = graph.op_codes[scope.start : scope.stop] == _code(graph, "add")
        operands, consumers = self._operands, self._consumers
        goes_on = is_add[operands] & is_add[consumers] & (self._sole[operands] == consumers)
        begins = np.zeros(len(scope), np.bool_)
        begins[consumers[self._is_zero[operands]]] = True
        goes_on &= ~begins[consumers]
        # Backwards: where two sums meet, the one in the first slot goes on.
        before[consumers[goes_on][::-1]] = operands[goes_on][::-1]
        return before

    @cached_property
    def _is_zero(self) -> Mask:
        graph, inside = self._graph, slice(self._scope.start, self._scope.stop)
        zeros: Mask = (graph.op_codes[inside] == _code(graph, "const")) & (graph.data[inside] == 0)
        return zeros

    @cached_property
    def _sums(self) -> tuple[LocalIds, LocalIds, LocalIds]:
        """Of each addition, where its sum begins and ends, and how many lie before it."""
        before = self._before
        begins, ends = _ends(before), np.arange(len(before), dtype=np.int32)
        distances = np.zeros_like(ends)
        # Operands precede results: sorted by where it begins, each sum is in order.
        later = np.flatnonzero(before != ends)
        later = later[stably_sorted(begins[later].astype(np.int64))]
        start = np.flatnonzero(np.diff(begins[later], prepend=-1))
        count = np.diff(start, append=len(later))
        last = later[start + count - 1]
        ends[begins[later[start]]], ends[later] = last, np.repeat(last, count)
        distances[later] = np.arange(len(later)) - np.repeat(start, count) + 1
        return begins, ends, distances

    def _in_sum(self, at: int, *, detours: bool) -> tuple[Part, int | None]:
        """What a node is in the first sum above it, or in the one that it is.

        Args:
            detours: whether it is called by an output that takes it past the sum.
        """
        if self._is_in_sum(at):
            _, ends, _ = self._sums
            return ("sum", None) if ends[at] == at else ("partial sum", self._term(at))
        below = at
        for _ in range(MOST_LEVELS):
            above = int(self._sole[below])
            if above == below:  # the way parts: is one of the ways a sum?
                sums = set(filter(self._is_in_sum, self._consumers_of(below).tolist()))
                if len(sums) != 1 or detours:
                    break
                above = sums.pop()
            if self._is_in_sum(above):
                if below == at == self._start_of(above):
                    return "start", None
                return ("term" if below == at else "inside"), self._term(above, below)
            below = above
        return "inside", None

    def _is_in_sum(self, at: int) -> bool:
        """Whether a node is an addition of a sum of at least two."""
        _, ends, distances = self._sums
        return bool(distances[ends[at]] > 0)

    def _term(self, add: int, operand: int | None = None) -> int:
        """Which term an addition brings: its newer one, if the operand is not given."""
        begins, _, distances = self._sums
        first = 0 if self._start_of(add) is not None else 1
        if add == begins[add] and operand == self._operands_of(add)[0]:
            return 0
        return int(distances[add]) + first

    def _start_of(self, add: int) -> int | None:
        """What a sum begins with that is no term: a constant 0, or the only leaf, such as a bias.

        None if it begins with two terms.
        """
        begins, _, _ = self._sums
        operands = self._operands_of(int(begins[add]))
        zeros = [at for at in operands if at >= 0 and self._is_zero[at]]
        leaves = [at for at in operands if self._graph.is_leaf(at + self._scope.start)]
        return next(iter(zeros or (leaves if len(leaves) == 1 else [])), None)

    def _operands_of(self, at: int) -> list[int]:
        """In slot order; those outside the scope are negative."""
        node = at + self._scope.start
        first, last = self._graph.operand_start[node : node + 2]
        operands: list[int] = (self._graph.operands[first:last] - self._scope.start).tolist()
        return operands


def _code(graph: Computation, op: str) -> int:
    """An op's code, -1 if no node can have it."""
    return graph.op_names.index(op) if op in graph.op_names else -1


def _ends(onward: LocalIds) -> LocalIds:
    """Where the ways end that go on from each place to another, or to itself at an end."""
    while True:
        further = onward[onward]
        if np.array_equal(further, onward):
            return onward
        onward = further
