"""One line of time over both passes: values are computed along it, then gradients flow.

Moments are numbered from 0, and every verb of the debugger goes from one to another:

    moment          phase      event    what happens
    0               forward    0        nothing yet: only leaves have numbers
    k               forward    k        the k-th non-leaf node is computed, in creation order
    F               forward    F        the last one is
    F + 1           backward   0        the root's grad is set to 1
    F + 1 + k       backward   k        the k-th node of the visiting order adds to its operands

A graph without a backward pass of its own ends at moment F. Nothing is run to get anywhere: a
moment is an index into arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from microgpt.debugger.conditions import NodeCondition
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.events import Phase
from microgpt.graph.graph import Graph
from microgpt.model.place_names import named

CONDITIONS_KEPT = 16


@dataclass(frozen=True, eq=False)
class Timeline:
    """All moments of a graph's two passes."""

    graph: Graph
    _found: dict[str, Ints] = field(default_factory=dict)  # who asks once asks again

    @property
    def n_forward(self) -> int:
        """Number of forward events, event 0 not counted: F."""
        return len(self.graph.forward_order)

    @property
    def last(self) -> int:
        """The last moment."""
        return len(self.visited) - 1

    @cached_property
    def visited(self) -> Ints:
        """Node visited at each moment; -1 at moment 0, the root at backward event 0. `[moment]`."""
        graph = self.graph
        backward = ([graph.root], graph.visit_order) if graph.backpropagated else ()
        return np.concatenate(([-1], graph.forward_order, *backward))

    def phase(self, moment: int) -> Phase:
        """The pass that a moment belongs to."""
        return "forward" if moment <= self.n_forward else "backward"

    def event(self, moment: int) -> int:
        """The event's number within its pass."""
        return moment if moment <= self.n_forward else moment - self.n_forward - 1

    def moment(self, phase: Phase, event: int) -> int:
        """The moment of an event.

        Raises:
            GraphError: the pass has no such event.
        """
        if phase == "backward":
            self.graph.grad_at(self.graph.root, event)  # complains if there is none
            return self.n_forward + 1 + event
        if not 0 <= event <= self.n_forward:
            raise GraphError(f"no event {event}: the forward pass has events 0 to {self.n_forward}")
        return event

    def moment_of(self, node: int, phase: Phase) -> int:
        """The moment at which a node is visited in a pass.

        Raises:
            GraphError: the node is a leaf, or the backward pass does not come there.
        """
        graph = self.graph
        if graph.is_leaf(node):
            raise GraphError(
                f"{named(graph, node)} is a leaf ({graph.op(node)}): no event visits it; "
                "watch it to stop where its grad changes"
            )
        if phase == "forward":
            return int(np.searchsorted(graph.forward_order, node)) + 1
        event = int(graph.event_of[node])
        if event < 0:
            raise GraphError(f"the backward pass from {named(graph, graph.root)} does not visit "
                             f"{named(graph, node)}")  # fmt: skip
        return self.moment(phase, event)

    def where(self, condition: NodeCondition) -> Ints:
        """The moments that visit a node for which the condition holds then, ascending.

        Backward event 0 visits no node of its own: event 1 is the root's visit.
        """
        if condition.text not in self._found:
            while len(self._found) >= CONDITIONS_KEPT:
                del self._found[next(iter(self._found))]
            self._found[condition.text] = self._search(condition)
        return self._found[condition.text]

    def _search(self, condition: NodeCondition) -> Ints:
        graph = self.graph
        forward = 1 + np.flatnonzero(condition.mask(graph, "forward")[graph.forward_order])
        if not graph.backpropagated:
            return forward
        if graph.ledger is None:
            backward = np.flatnonzero(condition.mask(graph, "backward")[graph.visit_order])
        else:  # a node may be visited with another grad each time
            numbers = graph.visit_numbers
            found = [
                (numbers == nth) & condition.mask(graph, "backward", nth)[graph.visit_order]
                for nth in range(1, int(numbers.max(initial=0)) + 1)
            ]
            backward = np.flatnonzero(np.any(found, axis=0)) if found else np.array([], np.int64)
        return np.concatenate((forward, self.n_forward + 2 + backward))

    def changes_of(self, nodes: NDArray[np.bool_]) -> Ints:
        """The moments at which the grad of any of these nodes is added to, ascending.

        Additions of 0, through a relu that is off for instance, change nothing and do not count.

        Args:
            nodes: which nodes. Shape: `[node]`.
        """
        graph = self.graph
        if not graph.backpropagated:
            return np.array([], np.int64)
        if (ledger := graph.ledger) is not None:
            events = np.unique(ledger.event[nodes[ledger.node] & ledger.changed()])
            return self.n_forward + 1 + events
        edges = np.flatnonzero(nodes[graph.operands])
        edges = edges[graph.contributions[edges] != 0]
        events = np.unique(graph.event_of[graph.edge_consumers[edges]])
        events = events[events > 0]
        if nodes[graph.root]:
            events = np.concatenate(([0], events))
        return self.n_forward + 1 + events

    @cached_property
    def scope_starts(self) -> Ints:
        """The moments at which a run of visits in one scope begins, ascending.

        The beginning of either pass is one, too.
        """
        scopes = self.graph.scope_of[self.visited]
        changes = np.concatenate(([True], scopes[1:] != scopes[:-1]))
        changes[0] = changes[1:2] = True  # before anything; the first node computed
        changes[self.n_forward + 1 : self.n_forward + 2] = True
        return np.flatnonzero(changes)

    def span_of_scope(self, start: int, stop: int, phase: Phase) -> tuple[int, int]:
        """First and last moment of a pass that visit a node with start <= id < stop.

        Raises:
            GraphError: none does.
        """
        graph = self.graph
        if phase == "forward":
            first, end = np.searchsorted(graph.forward_order, (start, stop))
            if first < end:
                return int(first) + 1, int(end)
        elif len(events := graph.event_of[start:stop][graph.event_of[start:stop] > 0]):
            offset = self.n_forward + 1
            return int(events.min()) + offset, int(events.max()) + offset
        raise GraphError(f"the {phase} pass visits no node of #{start} to #{stop - 1}")
