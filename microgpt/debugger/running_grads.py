"""Every node's gradient at an event, kept up to date as someone moves through the events.

`Graph.grads_at` adds up the whole pass anew, which takes 30 ms for a graph of a million nodes; from
one event to the next only a few gradients change.
"""

from __future__ import annotations

import numpy as np

from microgpt.graph import Floats, Graph

NEAR = 1_000
"""Up to so many events away it is faster to go from where we are. Units: events."""


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
        if self._grads is None or abs(event - self._event) > NEAR:
            self._grads = self._graph.grads_at(event)
        elif event > self._event:
            edges = self._graph.edges_added(self._event, event)
            with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
                np.add.at(
                    self._grads, self._graph.operands[edges], self._graph.contributions[edges]
                )
        else:
            edges = self._graph.edges_added(event, self._event)
            for node in np.unique(self._graph.operands[edges]).tolist():
                self._grads[node] = self._graph.grad_at(node, event)
        self._event = event
        return self._grads
