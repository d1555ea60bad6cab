"""`GraphDifference`: the first node at which two graphs part, what brought it, and what follows.

Numbers are compared to the bit; a nan is like a nan. The order is that of the computation: nodes in
order of creation, then what the backward pass adds, visit by visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

from microgpt.difference.alignment import NOBODY, Alignment, kinds_of
from microgpt.errors import GraphError
from microgpt.graph.arrays import Floats, Ints, Mask, frozen, stably_sorted
from microgpt.graph.graph import Graph

How: TypeAlias = Literal[
    "value", "op", "constant", "operands", "only in A", "only in B", "local gradient", "gradient",
    "pass",
]  # fmt: skip
"""In what two graphs part: a node's number, its op, the plain number beside its operands (pow's
exponent), which nodes its operands are, that one of the graphs does not have it; and where all that
is computed is alike, a local gradient, what a node's gradient comes to, or that one of them has no
backward pass."""


@dataclass(frozen=True, slots=True)
class PairedOperand:
    """An operand of a node in both graphs."""

    slot: int
    a: int  # node of A
    b: int  # node of B in the same slot
    is_same_node: bool  # whether these two are a pair
    differs: bool  # whether they are none, or have other numbers


@dataclass(frozen=True, slots=True)
class Parting:
    """A node at which two graphs are not alike though all before are."""

    how: How
    a: int | None  # node of A; None if only B has it
    b: int | None  # node of B; None if only A has it
    operands: tuple[PairedOperand, ...] = ()  # of a node that both compute, in slot order
    instead: int | None = None
    """Of a node that only one graph has: the node that only the other one has at that place."""
    edge: tuple[int, int, int, int] | None = None
    """Of what the backward pass adds to the node: the consumer in A that brings it, which operand
    of that the node is, and the same in B."""

    @property
    def brought_by(self) -> tuple[PairedOperand, ...]:
        """The operands that are not alike."""
        return tuple(operand for operand in self.operands if operand.differs)


@dataclass(frozen=True, slots=True)
class Spread:
    """How many numbers of the pairs are not alike, and the two that are furthest apart."""

    n: int
    of: int  # how many pairs there are
    node: int | None  # node of A at which they are furthest apart, None if none are
    largest: float  # |B - A| there; nan where one of them is no number


@dataclass(frozen=True, eq=False)
class GraphDifference:
    """Two graphs beside each other.

    >>> from microgpt import Value, scope
    >>> def graph(x):
    ...     with scope("net"):
    ...         loss = Value(x) * Value(2.0) + Value(1.0)
    ...     loss.backward()
    ...     return Graph.from_value(loss)
    >>> difference = GraphDifference.of(graph(3.0), graph(4.0))
    >>> difference.first.how, difference.first.a, difference.first_op.brought_by[0].slot
    ('value', 0, 0)
    >>> difference.values.n, difference.values.largest, difference.gradients.n
    (3, 2.0, 1)
    """

    a: Graph
    b: Graph
    alignment: Alignment

    @classmethod
    def of(cls, a: Graph, b: Graph) -> GraphDifference:
        """Compares two graphs.

        Raises:
            GraphError: they have no node in common, so nothing can be said of them.
        """
        alignment = Alignment.of(a, b)
        if not len(alignment.paired):
            raise GraphError(
                f"the two computations, of {len(a)} and {len(b)} nodes, have no scope with an op "
                "in common: there is nothing to compare"
            )
        return cls(a, b, alignment)

    @property
    def is_alike(self) -> bool:
        """Whether they part nowhere."""
        return self.first is None

    # -- where they part ---------------------------------------------------------------------------

    @cached_property
    def first(self) -> Parting | None:
        """The first node at which they part, a leaf or not; None if they are alike."""
        return self._first_computed(self._all_a, self._all_b) or self._first_of_pass

    @cached_property
    def first_op(self) -> Parting | None:
        """The first node at which they part that has operands, so that one sees which brought it.

        None if what they compute is alike.
        """
        a, b = (np.diff(graph.operand_start) > 0 for graph in (self.a, self.b))
        return self._first_computed(a, b)

    @property
    def _all_a(self) -> Mask:
        return np.ones(len(self.a), np.bool_)

    @property
    def _all_b(self) -> Mask:
        return np.ones(len(self.b), np.bool_)

    def _first_computed(self, among_a: Mask, among_b: Mask) -> Parting | None:
        """The first of some nodes that is only in one graph, or not alike in both."""
        in_a = np.flatnonzero(among_a & (self.differs | (self.alignment.of_a < 0)))
        only_b = np.flatnonzero(among_b & (self.alignment.of_b < 0))
        node = int(in_a[0]) if len(in_a) else None
        other = int(only_b[0]) if len(only_b) else None
        instead = node is not None and other is not None and self._is_one_place(node, other)
        if other is not None and (node is None or self._precedes(other, node)):
            return Parting("only in B", None, other, instead=node if instead else None)
        if node is not None and self.alignment.of_a[node] == NOBODY:
            return Parting("only in A", node, None, instead=other if instead else None)
        return None if node is None else self._parting(node)

    def _precedes(self, b: int, a: int) -> bool:
        """Whether a node that only B has is computed before a node of A; not if it is instead."""
        if (partner := int(self.alignment.of_a[a])) >= 0:
            return b < partner
        paired = self.alignment.paired
        before = paired[: np.searchsorted(paired, a)]
        return bool(len(before)) and b <= int(self.alignment.of_a[before].max())

    def _is_one_place(self, a: int, b: int) -> bool:
        """Whether a node that only A has and one that only B has follow on the same pair."""
        if self.alignment.of_a[a] != NOBODY:
            return False
        before_a, before_b = self.alignment.of_a[:a], self.alignment.of_b[:b]
        last_a, last_b = np.flatnonzero(before_a >= 0), np.flatnonzero(before_b >= 0)
        if not (len(last_a) and len(last_b)):
            return len(last_a) == len(last_b)
        return bool(before_a[last_a[-1]] == last_b[-1])

    def _parting(self, node: int) -> Parting:
        partner = int(self.alignment.of_a[node])
        return Parting(self._how(node, partner), node, partner, self._operands(node, partner))

    def _how(self, node: int, partner: int) -> How:
        a, b = self.a, self.b
        if a.op(node) != b.op(partner):
            return "op"
        if not _alike(a.immediate[[node]], b.immediate[[partner]])[0]:
            return "constant"
        return "operands" if self._has_other_operands[node] else "value"

    def _operands(self, node: int, partner: int) -> tuple[PairedOperand, ...]:
        return tuple(
            PairedOperand(
                slot=mine.slot,
                a=mine.operand,
                b=theirs.operand,
                is_same_node=(same := int(self.alignment.of_a[mine.operand]) == theirs.operand),
                differs=not same or bool(self.data_differs[mine.operand]),
            )
            for mine, theirs in zip(
                self.a.operands_of(node), self.b.operands_of(partner), strict=False
            )
        )

    # -- node by node ------------------------------------------------------------------------------

    @cached_property
    def data_differs(self) -> Mask:
        """Whether each node of A has a number that its partner has not. Shape: `[node of A]`."""
        return self._of_nodes(~_alike(*self._pairs("data")))

    @cached_property
    def differs(self) -> Mask:
        """The same of all that is computed: number, op, exponent, operands. `[node of A]`."""
        paired = self.alignment.paired
        kinds_a, kinds_b = kinds_of(self.a, self.b)
        differs = kinds_a[paired] != kinds_b[self.alignment.of_a[paired]]
        differs |= ~_alike(*self._pairs("immediate"))
        return self.data_differs | self._has_other_operands | self._of_nodes(differs)

    @cached_property
    def _has_other_operands(self) -> Mask:
        """Whether operands of each node of A are not those of its partner. `[node of A]`."""
        if self.alignment.is_same:
            return np.zeros(len(self.a), np.bool_)
        paired, a, b = self.alignment.paired, self.a, self.b
        partners = self.alignment.of_a[paired]
        arity = np.diff(a.operand_start)[paired]
        other_arity = arity != np.diff(b.operand_start)[partners]
        differs = self._of_nodes(other_arity)
        both, theirs = paired[~other_arity], partners[~other_arity]
        edges, others = a.edges_into(both), b.edges_into(theirs)
        moved = self.alignment.of_a[a.operands[edges]] != b.operands[others]
        differs[a.edge_consumers[edges[moved]]] = True
        return differs

    @cached_property
    def grad_differs(self) -> Mask:
        """Whether each node of A has a gradient that its partner has not. `[node of A]`."""
        return self._of_nodes(~_alike(*self._pairs("grad")))

    def _pairs(self, field: str) -> tuple[Floats, Floats]:
        paired = self.alignment.paired
        return getattr(self.a, field)[paired], getattr(self.b, field)[self.alignment.of_a[paired]]

    def _of_nodes(self, of_pairs: Mask) -> Mask:
        nodes = np.zeros(len(self.a), np.bool_)
        nodes[self.alignment.paired[of_pairs]] = True
        return nodes

    # -- by how much -------------------------------------------------------------------------------

    @cached_property
    def values(self) -> Spread:
        """Of the nodes' numbers."""
        return self._spread("data", self.data_differs)

    @cached_property
    def gradients(self) -> Spread:
        """Of the gradients that the passes left."""
        return self._spread("grad", self.grad_differs)

    def _spread(self, field: str, differs: Mask) -> Spread:
        paired = self.alignment.paired
        mine, theirs = self._pairs(field)
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            apart = np.abs(theirs - mine)
        apart = np.where(differs[paired], apart, -1.0)
        n = int(differs.sum())
        if not n:
            return Spread(0, len(paired), None, 0.0)
        at = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
        return Spread(n, len(paired), int(paired[at]), float(apart[at]))

    # -- the backward pass -------------------------------------------------------------------------

    @cached_property
    def _first_of_pass(self) -> Parting | None:
        """Where the passes part, of graphs that compute the same."""
        a, b = self.a, self.b
        has_pass = a.backpropagated, b.backpropagated
        if has_pass != (True, True):
            return None if has_pass[0] == has_pass[1] else Parting("pass", a.root, b.root)
        edge, is_local = self._first_share()
        if edge is not None:
            consumer, operand = int(a.edge_consumers[edge]), int(a.operands[edge])
            slot = edge - int(a.operand_start[consumer])
            partner = int(self.alignment.of_a[consumer])
            how: How = "local gradient" if is_local else "gradient"
            pair = int(self.alignment.of_a[operand])
            return Parting(how, operand, pair, edge=(consumer, slot, partner, slot))
        # Shares are alike and sums are not: a number was written over, or added in another order.
        visited = [*dict.fromkeys(a.visit_order.tolist()), *np.flatnonzero(self.grad_differs)]
        node = next((int(node) for node in visited if self.grad_differs[node]), None)
        return None if node is None else Parting("gradient", node, int(self.alignment.of_a[node]))

    def _first_share(self) -> tuple[int | None, bool]:
        """The first edge of A's pass with a local gradient or a share that B's has not."""
        a, b = self.a, self.b
        edges = self._in_order_of_pass
        consumers = a.edge_consumers[edges]
        others = b.operand_start[self.alignment.of_a[consumers]] + (
            edges - a.operand_start[consumers]
        )
        is_local = ~_alike(a.local_grads[edges], b.local_grads[others])
        is_share = ~_alike(a.contributions[edges], b.contributions[others])
        found = np.flatnonzero(is_local | is_share)
        return (None, False) if not len(found) else (int(edges[found[0]]), bool(is_local[found[0]]))

    @property
    def _in_order_of_pass(self) -> Ints:
        """The edges of A by the first visits of their consumers, in slot order."""
        visits = self.a.event_of[self.a.edge_consumers]
        visited = np.flatnonzero(visits > 0)
        return visited[stably_sorted(visits[visited])]


def _alike(a: Floats, b: Floats) -> Mask:
    """Which numbers are equal, or both no numbers."""
    alike: Mask = (a == b) | (np.isnan(a) & np.isnan(b))
    return frozen(alike)
