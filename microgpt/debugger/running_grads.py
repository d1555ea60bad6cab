"""Every node's gradient at an event, kept up to date as someone moves through the events.

`Graph.grads_at` adds up the whole pass anew, which takes 30 ms for a graph of a million nodes. From
one event to the next only a few gradients change; and for a leap there are a few places along the
pass whose gradients are kept.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph

NEAR = 1_000
"""Up to so many events back it is faster to go from where we are. Units: events."""
KEPT = 8
"""At how many places of the pass all gradients are kept."""


class RunningGrads:
    """The gradients of one graph's backward pass, the same floats as in the real pass.

    >>> from microgpt import Graph, Value
    >>> a = Value(2.0)
    >>> loss = a * a
    >>> loss.backward()
    >>> grads = RunningGrads(Graph.from_value(loss))
    >>> grads.at(1).tolist(), grads.at(0).tolist()
    ([4.0, 1.0], [0.0, 1.0])
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._event = 0
        self._grads: Floats | None = None

    def at(self, event: int) -> Floats:
        """Every node's gradient after an event, until this is asked again. Shape: `[node]`.

        Raises:
            GraphError: there is no such event.
        """
        grads, now = self._grads, self._event
        self._graph.grad_at(self._graph.root, event)  # complains if there is none
        if grads is not None and 0 <= now - event <= NEAR:
            self._take_back(grads, now, event)
        else:
            start = event // self._apart * self._apart
            if grads is None or not start <= now <= event:
                grads, now = self._kept[event // self._apart].copy(), start
            self._add(grads, now, event)
        self._grads, self._event = grads, event
        return grads

    @property
    def _apart(self) -> int:
        """How many events lie between two places that are kept."""
        return -(-self._graph.n_events // KEPT)

    @cached_property
    def _kept(self) -> list[Floats]:
        """The gradients after events 0, `_apart`, 2 `_apart`, and so on."""
        grads = self._graph.grads_at(0)
        kept = [grads.copy()]
        for event in range(self._apart, self._graph.n_events, self._apart):
            self._add(grads, event - self._apart, event)
            kept.append(grads.copy())
        return kept

    def _add(self, grads: Floats, after: int, until: int) -> None:
        if (ledger := self._graph.ledger) is not None:
            ledger.write(grads, ledger.end_of(after), ledger.end_of(until))
            return
        edges = self._graph.edges_added(after, until)
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            np.add.at(grads, self._graph.operands[edges], self._graph.contributions[edges])

    def _take_back(self, grads: Floats, after: int, until: int) -> None:
        if (ledger := self._graph.ledger) is not None:
            nodes = ledger.node[ledger.end_of(until) : ledger.end_of(after)]
        else:
            nodes = self._graph.operands[self._graph.edges_added(until, after)]
        for node in np.unique(nodes).tolist():
            grads[node] = self._graph.grad_at(node, until)
