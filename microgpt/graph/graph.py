"""`Graph`: a whole computation and its backward pass. Everything that looks at one reads a Graph.

The backward pass is a list of events: event 0 sets the root's grad to 1, event k visits one node
and adds its shares to its operands in slot order. Since a node's adjoint is complete when the pass
reaches it, every edge's contribution is its local gradient times its consumer's grad, and the
gradients after any event are a running sum over contributions: going back in time is a question to
arrays, and nothing is run again. A pass that is not these sums keeps its `Ledger` instead, and the
same questions are answered from that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from microgpt.autograd.value import Value
from microgpt.errors import GraphError
from microgpt.graph.arrays import Floats, Ints, frozen, ranges, stably_sorted
from microgpt.graph.computation import Computation
from microgpt.graph.events import Change, Edge, Event
from microgpt.graph.freezing import freeze
from microgpt.graph.ledger import ADDED, KINDS, ZEROED, Ledger
from microgpt.graph.node_places import NodePlaces
from microgpt.graph.odd_gradients import OddGradient
from microgpt.graph.rounding import DOUBLE, is_short

TAKE_EARLIER = "take the Graph before gradients are zeroed or added to again"


@dataclass(frozen=True, eq=False, repr=False)
class Graph(Computation):
    """An immutable snapshot of a computation; take it before an optimizer moves the parameters."""

    ledger: Ledger | None = None
    """The pass as it was, if that is not the sum of its edges' contributions; `visit_order` has its
    visits then, repeats included, and `contributions` what each edge really added."""
    share_lines: Ints | None = None
    """Place in `source_lines` of the line that added each edge's share, -1 where that was not seen;
    None where none was. Shape: `[edge]`."""
    pass_note: str = ""
    """What is to be said about how the pass was seen, in a sentence's words."""
    odd_gradients: tuple[OddGradient, ...] = ()
    """Of a program with arrays: those of its gradients that are not what they should be."""
    eps: float = DOUBLE
    """By so much of their size its numbers are rounded: more where a program has shorter floats."""

    @classmethod
    def from_value(cls, root: Value, also: Iterable[Value] = ()) -> Graph:
        """Freezes everything `root` was computed from.

        Args:
            also: more of the same computation that `root` does not need, together with all inner
                nodes it was computed from. No gradient flows there.

        >>> a = Value(2.0, name="a")
        >>> loss = a * a
        >>> loss.backward()
        >>> graph = Graph.from_value(loss)
        >>> [(change.old, change.new) for change in graph.event(1).changes]
        [(0.0, 2.0), (2.0, 4.0)]
        """
        return cls(**vars(freeze(root, also))).checked()

    def checked(self, advice: str = TAKE_EARLIER) -> Graph:
        """The graph itself; without events if its grads are not what its backward pass gives.

        Args:
            advice: what to say then, beside which grad differs.
        """
        if not self.backpropagated:
            return self
        computed = self.grads_at(self.n_events - 1)
        differs = (self.grad != computed) & ~(np.isnan(self.grad) & np.isnan(computed))
        if not differs.any():
            return self
        # Zeroed, or added to by another backward pass, since: no event would be true.
        node = int(np.flatnonzero(differs)[-1])  # the newest: errors flow from there to operands
        reason = (
            f"the grad of {self.name(node)} is {float(self.grad[node])!r}, but what this pass adds "
            f"to it comes to {float(computed[node])!r}; {advice}"
        )
        return replace(self, backpropagated=False, why_no_events=reason)

    def __repr__(self) -> str:
        """One line: a graph has too many numbers to print."""
        events = f"{self.n_events} events" if self.backpropagated else "no backward pass"
        return f"Graph({len(self)} nodes, {self.n_edges} edges, root #{self.root}, {events})"

    # -- what flows along the edges ----------------------------------------------------------------

    def operands_of(self, node: int) -> tuple[Edge, ...]:
        """The edges into a node, in slot order."""
        return tuple(
            self._edge(int(e))
            for e in range(int(self.operand_start[node]), int(self.operand_start[node + 1]))
        )

    def consumers_of(self, node: int) -> tuple[Edge, ...]:
        """The edges out of a node, in the order in which the backward pass adds them up."""
        return tuple(self._edge(int(e)) for e in self.edges_out_of(node))

    def _edge(self, edge: int) -> Edge:
        consumer = int(self.edge_consumers[edge])
        return Edge(
            consumer=consumer,
            slot=edge - int(self.operand_start[consumer]),
            operand=int(self.operands[edge]),
            local=float(self.local_grads[edge]),
            contribution=float(self.contributions[edge]),
        )

    @cached_property
    def contributions(self) -> Floats:
        """Local gradient x the consumer's final grad of each edge. Shape: `[edge]`.

        Of a pass that keeps a ledger, what each edge added in it: a replaced number adds nothing.
        """
        if self.ledger is not None:
            return frozen(self.ledger.contributions(self.n_edges))
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            return frozen(self.local_grads * self.grad[self.edge_consumers])

    @property
    def has_short_floats(self) -> bool:
        """Whether its numbers are rounded by more than Python's own floats."""
        return is_short(self.eps)

    # -- time --------------------------------------------------------------------------------------

    @property
    def n_events(self) -> int:
        """Number of backward events, event 0 included; 0 without a backward pass."""
        return len(self.visit_order) + 1 if self.backpropagated else 0

    @cached_property
    def event_of(self) -> Ints:
        """The first event that visits each node, -1 for none, as for every leaf. `[node]`."""
        events = np.full(len(self), -1)
        n = len(self.visit_order)
        events[self.visit_order[::-1]] = np.arange(n, 0, -1)  # of several the last assigned stays
        return frozen(events)

    @cached_property
    def visit_numbers(self) -> Ints:
        """Which visit of its node each event from 1 on is, from 1. Shape: `[event]`."""
        if self.ledger is not None and len(self.ledger.nth) == len(self.visit_order):
            return self.ledger.nth
        order = stably_sorted(self.visit_order)
        nodes = self.visit_order[order]
        begins = np.flatnonzero(np.concatenate(([True], nodes[1:] != nodes[:-1]))[: len(nodes)])
        counts = np.diff(np.append(begins, len(nodes)))
        numbers = np.empty(len(nodes), np.int64)
        numbers[order] = np.arange(len(nodes)) - np.repeat(begins, counts) + 1
        return frozen(numbers)

    @cached_property
    def adjoints(self) -> Floats:
        """Grad of the node visited at each event from 1 on, as it was then. Shape: `[event]`."""
        if self.ledger is None:
            return frozen(self.grad[self.visit_order])
        ledger, found = self.ledger, np.empty(len(self.visit_order))
        grads, done = self.grad_before.copy(), 0
        for event, node in enumerate(self.visit_order.tolist()):
            end = ledger.end_of(event)
            ledger.write(grads, done, end)
            found[event], done = grads[node], end
        return frozen(found)

    @property
    def true_pass(self) -> Graph:
        """The same graph after the pass as it should have been; itself if that is what was.

        That is: from the root, consumers first, local gradient x adjoint added to what a leaf had
        before. The local gradients are those that the program's own code gives.
        """
        # Itself is not cached: in a circle it would stay until the cyclic collector comes.
        return self if self.ledger is None else self._corrected_pass

    @cached_property
    def _corrected_pass(self) -> Graph:
        assert self.ledger is not None
        grads = [0.0] * len(self)
        is_leaf = np.diff(self.operand_start) == 0
        grads[self.root] = 1.0
        starts, operands = self.operand_start.tolist(), self.operands.tolist()
        locals_ = self.local_grads.tolist()
        reached = [False] * len(self)
        reached[self.root] = True
        before = np.where(is_leaf, self.grad_before, 0.0)
        ledger = self.ledger  # a pass may zero gradients itself, before it begins
        before[ledger.node[(ledger.event == 0) & (ledger.kind == ZEROED)]] = 0.0
        for leaf in np.flatnonzero(before).tolist():
            grads[leaf] = float(before[leaf])
        order = []
        for node in range(self.root, -1, -1):  # operands are older than what is made of them
            if not reached[node] or starts[node] == starts[node + 1]:
                continue
            order.append(node)
            adjoint = grads[node]
            for edge in range(starts[node], starts[node + 1]):
                grads[operands[edge]] += locals_[edge] * adjoint
                reached[operands[edge]] = True
        return replace(
            self,
            grad=np.array(grads),
            grad_before=before,
            visit_order=np.array(order, np.int64),
            ledger=None,
            pass_note="",
        )

    @cached_property
    def _pass_edges(self) -> Ints:
        """All edges in the order in which the backward pass adds their contributions.

        Of a pass that visits nodes twice or never: by first visits, the others last.
        """
        if self.ledger is None:
            return self.edges_into(self.visit_order)
        first = self.event_of[self.forward_order]
        first[first < 0] = len(self.visit_order) + 1
        return self.edges_into(self.forward_order[stably_sorted(first)])

    @cached_property
    def _pass_ends(self) -> Ints:
        """How many of `_pass_edges` are added by the end of each event. Shape: `[event]`."""
        visited = self.visit_order
        counts = self.operand_start[visited + 1] - self.operand_start[visited]
        return np.concatenate(([0], np.cumsum(counts)))

    @cached_property
    def _edges_by_operand(self) -> tuple[Ints, Ints]:
        """Edges sorted by operand, in pass order within each, and where each operand's begin."""
        operands = self.operands[self._pass_edges]
        by_operand = self._pass_edges[stably_sorted(operands)]
        starts = np.concatenate(([0], np.cumsum(np.bincount(operands, minlength=len(self)))))
        return by_operand, starts

    def edges_touching(self, nodes: Ints) -> Ints:
        """The edges into or out of any of some nodes, ascending. Shape: `[edge]`."""
        if len(nodes) == len(self):
            return np.arange(self.n_edges)
        into = self.edges_into(nodes)
        edges, starts = self._edges_by_operand
        # A mask: sorting a million would take a tenth of a second.
        touched = np.zeros(self.n_edges, np.bool_)
        touched[into] = True
        touched[edges[ranges(starts[nodes], starts[nodes + 1])]] = True
        return np.flatnonzero(touched)

    def edges_out_of(self, node: int) -> Ints:
        """Places of the edges out of a node, in the order in which the backward pass adds them."""
        edges, starts = self._edges_by_operand
        return edges[int(starts[node]) : int(starts[node + 1])]

    def grads_at(self, event: int) -> Floats:
        """Every node's grad after an event, the same floats as in the real pass. Shape: `[node]`.

        Raises:
            GraphError: there is no such event.
        """
        if self.ledger is not None:
            return self.ledger.grads_at(self.grad_before, self._existing(event))
        edges = self.edges_added(0, event)
        grads = self.grad_before.copy()
        grads[self.root] = 1.0
        # add.at adds one by one in this order; reduceat would sum pairwise, to other floats.
        with np.errstate(all="ignore"):
            np.add.at(grads, self.operands[edges], self.contributions[edges])
        return grads

    def edges_added(self, after: int, until: int) -> Ints:
        """The edges whose contributions the events from `after` + 1 to `until` add, in order.

        Of a pass that is sums; the writes of another one are in its ledger.

        Raises:
            GraphError: there is no such event.
        """
        ends = self._pass_ends
        return self._pass_edges[ends[self._existing(after)] : ends[self._existing(until)]]

    def grad_at(self, node: int, event: int) -> float:
        """One node's grad after an event."""
        self._existing(event)
        if self.ledger is not None:
            return self.ledger.grad_at(node, float(self.grad_before[node]), event)
        first = 1.0 if node == self.root else float(self.grad_before[node])
        edges = self.edges_out_of(node)
        visits = self.event_of[self.edge_consumers[edges]]  # ascending: edges are in pass order
        done = edges[: np.searchsorted(visits, event, side="right")]
        # accumulate adds from left to right; sum would add in pairs, to other floats.
        with np.errstate(all="ignore"):
            return float(np.add.accumulate(np.append(first, self.contributions[done]))[-1])

    def event(self, index: int) -> Event:
        """What happens at an event of the backward pass.

        Raises:
            GraphError: there is no such event.
        """
        if self._existing(index) == 0:
            seeded = () if self.ledger is None else self._written(0, math.nan)
            return Event(0, self.root, 1.0, seeded)
        if self.ledger is not None:
            adjoint = float(self.adjoints[index - 1])
            return Event(
                index,
                int(self.visit_order[index - 1]),
                adjoint,
                self._written(index, adjoint),
                int(self.visit_numbers[index - 1]),
            )
        node = int(self.visit_order[index - 1])
        adjoint = float(self.grad[node])
        now: dict[int, float] = {}
        changes = []
        for edge in self.operands_of(node):
            old = now.get(edge.operand)
            if old is None:
                old = self.grad_at(edge.operand, index - 1)
            now[edge.operand] = new = old + edge.contribution
            changes.append(Change(edge.operand, edge, adjoint, old, new, edge.contribution))
        return Event(index, node, adjoint, tuple(changes))

    def _written(self, event: int, adjoint: float) -> tuple[Change, ...]:
        """What the ledger has of an event."""
        ledger = self.ledger
        assert ledger is not None
        return tuple(
            Change(
                node=int(ledger.node[i]),
                edge=self._edge(int(ledger.edge[i])) if ledger.edge[i] >= 0 else None,
                adjoint=adjoint,
                old=float(ledger.old[i]),
                new=float(ledger.new[i]),
                contribution=float(ledger.share[i]) if ledger.kind[i] == ADDED else None,
                kind=KINDS[int(ledger.kind[i])],
                line=self.source_lines[int(ledger.line[i])] if ledger.line[i] >= 0 else None,
            )
            for i in ledger.writes_of(event)
        )

    def _existing(self, event: int) -> int:
        if not self.backpropagated:
            raise GraphError(f"this graph has no backward pass of its own: {self.why_no_events}")
        if not 0 <= event < self.n_events:
            raise GraphError(f"no event {event}: this pass has events 0 to {self.n_events - 1}")
        return event

    # -- places ------------------------------------------------------------------------------------

    @cached_property
    def places(self) -> NodePlaces:
        """What each node is in its scope."""
        return NodePlaces(self)

    # -- neighbourhoods ---------------------------------------------------------------------------

    def around(self, node: int, hops: int) -> Ints:
        """Ids within `hops` edges of a node, towards operands or consumers, sorted."""
        near = np.array([node])
        frontier = near
        for _ in range(hops):
            next_ones = np.unique(np.concatenate(list(self._neighbours(frontier))))
            frontier = np.setdiff1d(next_ones, near, assume_unique=True)
            if not len(frontier):
                break
            near = np.union1d(near, frontier)
        return near

    def _neighbours(self, nodes: Ints) -> Iterator[Ints]:
        for node in nodes:
            yield self.operands[self.operand_start[node] : self.operand_start[node + 1]]
            yield self.edge_consumers[self.edges_out_of(int(node))]
