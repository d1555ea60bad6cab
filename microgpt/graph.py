"""`Graph`: a whole computation as frozen flat arrays. Everything that looks at one reads a Graph.

Ids are creation order, written `#1234`. The backward pass is a list of events: event 0 sets the
root's grad to 1, event k visits one node and adds its shares to its operands in slot order. Since
a node's adjoint is complete when the pass reaches it, every edge's contribution is its local
gradient times its consumer's grad, and the gradients after any event are a running sum over
contributions: going back in time is a question to arrays, and nothing is run again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from microgpt.bindings import ParameterBinding
from microgpt.errors import GraphError
from microgpt.events import Change, Edge, Event
from microgpt.integers import ranges, stably_sorted
from microgpt.ops import OPS
from microgpt.scope_tree import ScopeRange, ScopeTree
from microgpt.value import Value

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Scalar = TypeVar("Scalar", bound=np.generic)

NOT_CALLED = "call backward() on its root"
TAKE_EARLIER = "take the Graph before gradients are zeroed or added to again"

OP_NAMES = tuple(OPS)


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """An immutable snapshot of a computation. Take it before an optimizer changes the parameters.

    Attributes:
        op_codes: place of each node's op in `op_names`. Shape: `[node]`.
        immediate: pow's exponent, nan elsewhere. Shape: `[node]`.
        data: each node's value. Shape: `[node]`.
        grad: each node's accumulated gradient as it was found. Shape: `[node]`.
        grad_before: what was in `grad` before the backward pass: 0 unless zeroing was forgotten or
            the graph was backpropagated before. Shape: `[node]`.
        operand_start: the edges of node i are `operand_start[i]` to `operand_start[i + 1]`, in
            slot order. Shape: `[node + 1]`.
        operands: operand of each edge. Shape: `[edge]`.
        local_grads: local gradient of each edge. Shape: `[edge]`.
        visit_order: the non-leaf nodes as the backward pass visits them; event k visits
            `visit_order[k - 1]`.
        scopes: the tree of scopes, each a range of ids.
        scope_of: place of each node's scope in `scopes`. Shape: `[node]`.
        source_lines: file and line number of every line that made a node.
        line_of: place of each node's line in `source_lines`, -1 where none was recorded. Shape:
            `[node]`.
        names: name of each named node; parameters are `layer0.attn_wq[3][7]`.
        bindings: for leaves whose number stands for something: a parameter's place, or the ids
            whose largest value was taken. Leaves not listed here are constants or inputs.
        root: id of the node the pass starts from.
        backpropagated: whether `grad` is what a backward pass from `root` left; if not, there are
            no events, and `grad` is whatever was found.
        op_names: all ops that nodes may have. First the op table's, in its order; after them, in
            a graph of nodes that are not `Value`s, those that the table does not have.
        why_no_events: what is in the way, in a sentence's words, unless `backpropagated`.
    """

    op_codes: NDArray[np.uint8]
    immediate: Floats
    data: Floats
    grad: Floats
    grad_before: Floats
    operand_start: Ints
    operands: Ints
    local_grads: Floats
    visit_order: Ints
    scopes: ScopeTree
    scope_of: Ints
    source_lines: tuple[tuple[str, int], ...]
    line_of: Ints
    names: Mapping[int, str]
    bindings: Mapping[int, ParameterBinding | tuple[int, ...]]
    root: int
    backpropagated: bool
    op_names: tuple[str, ...] = OP_NAMES
    why_no_events: str = ""

    def __post_init__(self) -> None:
        for array in (self.op_codes, self.immediate, self.data, self.grad, self.grad_before,
                      self.operand_start, self.operands, self.local_grads, self.visit_order,
                      self.scope_of, self.line_of):  # fmt: skip
            _frozen(array)
        if not self.backpropagated and not self.why_no_events:
            object.__setattr__(self, "why_no_events", NOT_CALLED)

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
        from microgpt.freezing import freeze  # noqa: PLC0415  # which makes Graphs

        return freeze(root, also)

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

    # -- sizes -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.data)

    @property
    def n_edges(self) -> int:
        """Number of edges; `x * x` has two."""
        return len(self.operands)

    @property
    def n_events(self) -> int:
        """Number of backward events, event 0 included; 0 without a backward pass."""
        return len(self.visit_order) + 1 if self.backpropagated else 0

    # -- nodes and edges -------------------------------------------------------------------------

    def op(self, node: int) -> str:
        """The op's name."""
        return self.op_names[int(self.op_codes[node])]

    def is_leaf(self, node: int) -> bool:
        """Whether the node has no operands."""
        return bool(self.operand_start[node] == self.operand_start[node + 1])

    def name(self, node: int) -> str:
        """The node's name, or `#id` if it has none."""
        return self.names.get(node, f"#{node}")

    def label(self, node: int) -> str:
        """What to call a node in a picture: its name, a constant's number, or `#id`."""
        if node in self.names:
            binding = self.bindings.get(node)
            token = binding.token if isinstance(binding, ParameterBinding) else ""
            return f"{self.names[node]} {token}".rstrip()
        return f"{float(self.data[node]):.6g}" if self.op(node) == "const" else f"#{node}"

    def scope(self, node: int) -> str:
        """Path of the node's scope, `""` outside any."""
        path: str = self.scopes[int(self.scope_of[node])].path
        return path

    def line(self, node: int) -> tuple[str, int] | None:
        """File and line number of the source that made the node, None if it was not recorded."""
        place = int(self.line_of[node])
        return self.source_lines[place] if place >= 0 else None

    def operands_of(self, node: int) -> tuple[Edge, ...]:
        """The edges into a node, in slot order."""
        return tuple(
            self._edge(int(e))
            for e in range(int(self.operand_start[node]), int(self.operand_start[node + 1]))
        )

    def consumers_of(self, node: int) -> tuple[Edge, ...]:
        """The edges out of a node, in the order in which the backward pass adds them up."""
        return tuple(self._edge(int(e)) for e in self.edges_out_of(node))

    def find(self, reference: str) -> int:
        """The id of a node given as `#1234`, `1234` or by name.

        Raises:
            GraphError: there is no such node.
        """
        if match := re.fullmatch(r"#?(\d+)", reference.strip()):
            if (node := int(match[1])) < len(self):
                return node
            raise GraphError(f"no node #{node}: the ids of this graph are #0 to #{len(self) - 1}")
        try:
            return self._ids_by_name[reference.strip()]
        except KeyError:
            raise GraphError(self._unknown_name(reference)) from None

    @cached_property
    def _ids_by_name(self) -> dict[str, int]:
        """The first node of each name."""
        return {name: node for node, name in reversed([*self.names.items()])}

    @cached_property
    def name_of(self) -> Ints:
        """Place of each node's name among the values of `names`, -1 if it has none. `[node]`."""
        place = np.full(len(self), -1)
        place[np.fromiter(self.names, np.int64, len(self.names))] = np.arange(len(self.names))
        return _frozen(place)

    def _unknown_name(self, reference: str) -> str:
        matrix = reference.partition("[")[0]
        matrices = {b.matrix for b in self.bindings.values() if isinstance(b, ParameterBinding)}
        if matrix in matrices:
            rows = sorted(
                {b.row for b in self.bindings.values()
                 if isinstance(b, ParameterBinding) and b.matrix == matrix}
            )  # fmt: skip
            return (
                f"no node {reference!r} in this graph; of {matrix} it reads "
                f"rows {', '.join(map(str, rows[:12]))}{', …' if len(rows) > 12 else ''}"
            )
        known = sorted(matrices) or list(self.names.values())[:12]
        return f"no node {reference!r}; a node is given as #1234 or by name: {', '.join(known)} …"

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
    def edge_consumers(self) -> Ints:
        """Consumer of each edge. Shape: `[edge]`."""
        return _frozen(np.repeat(np.arange(len(self)), np.diff(self.operand_start)))

    @cached_property
    def contributions(self) -> Floats:
        """Local gradient x the consumer's final grad of each edge. Shape: `[edge]`."""
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            return _frozen(self.local_grads * self.grad[self.edge_consumers])

    # -- time --------------------------------------------------------------------------------------

    @cached_property
    def forward_order(self) -> Ints:
        """The events of the forward pass: the non-leaf nodes in creation order."""
        return _frozen(np.flatnonzero(np.diff(self.operand_start)))

    @cached_property
    def event_of(self) -> Ints:
        """The event that visits each node, 0 for leaves, which are never visited. `[node]`."""
        events = np.zeros(len(self), np.int64)
        events[self.visit_order] = np.arange(1, len(self.visit_order) + 1)
        return _frozen(events)

    @cached_property
    def _pass_edges(self) -> Ints:
        """All edges in the order in which the backward pass adds their contributions."""
        return self.edges_into(self.visit_order)

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

    def edges_into(self, nodes: Ints) -> Ints:
        """Places of the edges into some nodes, one node after the other. Shape: `[edge]`."""
        return ranges(self.operand_start[nodes], self.operand_start[nodes + 1])

    def edges_touching(self, nodes: Ints) -> Ints:
        """The edges into or out of any of some nodes, ascending. Shape: `[edge]`."""
        if len(nodes) == len(self):
            return np.arange(self.n_edges)
        into = self.edges_into(nodes)
        edges, starts = self._edges_by_operand
        touched = np.zeros(
            self.n_edges, np.bool_
        )  # sorting a million would take a tenth of a second
        touched[into] = True
        touched[edges[ranges(starts[nodes], starts[nodes + 1])]] = True
        return np.flatnonzero(touched)

    def outputs_of(self, scope: ScopeRange) -> Ints:
        """The nodes of a scope that are used outside of it, and the root, ascending.

        Of a computation that came to no end, where nothing may be used: those that nothing uses.
        """
        start, stop = scope.start, scope.stop
        inner = self.operands[self.operand_start[start] : self.operand_start[stop]]
        inner = inner[(inner >= start) & (inner < stop)]
        uses = self.fan_out[start:stop]
        outputs = uses > np.bincount(inner - start, minlength=len(scope))
        if start <= self.root < stop:
            outputs[self.root - start] = True
        return start + np.flatnonzero(outputs if outputs.any() else uses == 0)

    @cached_property
    def fan_out(self) -> Ints:
        """Number of edges out of each node. Shape: `[node]`."""
        return _frozen(np.bincount(self.operands, minlength=len(self)))

    def edges_out_of(self, node: int) -> Ints:
        """Places of the edges out of a node, in the order in which the backward pass adds them."""
        edges, starts = self._edges_by_operand
        return edges[int(starts[node]) : int(starts[node + 1])]

    def grads_at(self, event: int) -> Floats:
        """Every node's grad after an event, the same floats as in the real pass. Shape: `[node]`.

        Raises:
            GraphError: there is no such event.
        """
        edges = self.edges_added(0, event)
        grads = self.grad_before.copy()
        grads[self.root] = 1.0
        # add.at adds one by one in this order; reduceat would sum pairwise, to other floats.
        with np.errstate(all="ignore"):
            np.add.at(grads, self.operands[edges], self.contributions[edges])
        return grads

    def edges_added(self, after: int, until: int) -> Ints:
        """The edges whose contributions the events from `after` + 1 to `until` add, in order.

        Raises:
            GraphError: there is no such event.
        """
        ends = self._pass_ends
        return self._pass_edges[ends[self._existing(after)] : ends[self._existing(until)]]

    def grad_at(self, node: int, event: int) -> float:
        """One node's grad after an event."""
        self._existing(event)
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
            return Event(0, self.root, 1.0, ())
        node = int(self.visit_order[index - 1])
        adjoint = float(self.grad[node])
        now: dict[int, float] = {}
        changes = []
        for edge in self.operands_of(node):
            old = now.get(edge.operand)
            if old is None:
                old = self.grad_at(edge.operand, index - 1)
            now[edge.operand] = new = old + edge.contribution
            changes.append(Change(edge, adjoint, old, new))
        return Event(index, node, adjoint, tuple(changes))

    def _existing(self, event: int) -> int:
        if not self.backpropagated:
            raise GraphError(f"this graph has no backward pass of its own: {self.why_no_events}")
        if not 0 <= event < self.n_events:
            raise GraphError(f"no event {event}: this pass has events 0 to {self.n_events - 1}")
        return event

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


def _frozen(array: NDArray[Scalar]) -> NDArray[Scalar]:
    array.flags.writeable = False
    return array
