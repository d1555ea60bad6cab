"""`search`: the nodes for which a condition holds, or with such a name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from microgpt.debugger.condition_syntax import quoted
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.stops import condition_at
from microgpt.debugger.verbs.verb import LOOK, Answer, Json, Verb
from microgpt.debugger.wording import MOST_TOLD, called_in, counted, number
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_patterns import ANY
from microgpt.model.place_names import place_name


@dataclass(frozen=True, slots=True)
class Found(Answer):
    """The nodes that a search found, ascending."""

    nodes: tuple[int, ...]
    graph: Graph = field(repr=False)

    def lines(self) -> list[str]:
        """How many, and the first of them with their numbers."""
        graph = self.graph
        told = [counted(len(self.nodes), "node")]
        for node in self.nodes[:MOST_TOLD]:
            grad = f", grad {number(graph.grad[node])}" if graph.backpropagated else ""
            told.append(f"  {called_in(graph, node)}: data {number(graph.data[node])}{grad}")
        if (more := len(self.nodes) - MOST_TOLD) > 0:
            told.append(f"  and {more} more")
        return told

    def as_json(self) -> Json:
        """All of them, with their names and places."""
        graph = self.graph
        return {
            "found": [
                {"id": node, "name": graph.name(node), "place": place_name(graph, node)}
                for node in self.nodes
            ]
        }


def search(session: SessionCore, text: str) -> Ints:
    """The nodes, leaves too, that a condition holds for in the end, ascending.

    Args:
        text: a condition; or an op, a scope, or a part of a name.

    Raises:
        ConditionError: it is none of these.
        GraphError: it is a pattern that no scope is of.
    """
    try:
        condition = condition_at(session.timeline, text)
    except GraphError:  # not a whole name, or a leaf's
        if ANY in text:
            raise
        condition = condition_at(session.timeline, f"name contains {quoted(text.strip())}")
    return np.flatnonzero(condition.mask(session.graph))


def _search(session: SessionCore, argument: str) -> Found:
    return Found(tuple(search(session, argument).tolist()), session.graph)


ROWS = (
    Verb("search", ("/",), LOOK, "CONDITION|NAME",
         "the nodes for which a condition holds in the end, or with such a name",
         "search fan_out > 20", "condition", _search),
)  # fmt: skip
