"""Asking a script about its arrays: before or after its pass, and at the stop at their graph."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from microgpt.attach.tensor_edges import ElementEdges, TensorLevel, taken_apart, tensors_of
from microgpt.attach.tensor_graph import tensor_graph
from microgpt.attach.wire import Field
from microgpt.errors import InputError
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import Evaluated, OpEvaluator

AskScript = Callable[[str, Mapping[str, Field]], "Mapping[str, Field]"]
"""Puts a question of some kind to the script and gives the answer."""


def asked_shares(
    ask: AskScript, tensor: int, adjoints: Floats, tensors: TensorLevel
) -> list[Floats]:
    """What each operand of a tensor gets for some adjoints, one a row.

    Raises:
        InputError: its code cannot be asked.
    """
    column = array("d")
    column.frombytes(np.ascontiguousarray(adjoints).tobytes())
    answer = ask("shares", {"node": array("q", [tensor]), "adjoints": column})
    problem = str(answer["problem"][0])
    if problem:
        raise InputError(f"the {tensors.name(tensor)} cannot be taken apart: {problem}")
    n = len(adjoints)
    return [
        np.array(answer[f"shares_{slot}"], np.float64).reshape(n, tensors.sizes[operand])
        for slot, operand in enumerate(tensors.operands_of(tensor))
    ]


class TakenApart:
    """The arrays of one stop, and what connects their elements.

    Args:
        fields: columns of whole arrays.
        ask: asks the script, which stands still.
    """

    def __init__(self, fields: Mapping[str, Field], ask: AskScript) -> None:
        self._tensors = tensors = tensors_of(fields)
        self._edges = taken_apart(
            fields, lambda node, adjoints: asked_shares(ask, node, adjoints, tensors)
        )

    def graph(self, fields: Mapping[str, Field]) -> Graph:
        """The Graph of the elements.

        Args:
            fields: the columns, after the pass.
        """
        return tensor_graph(fields, self._edges)

    def methods(self, ask: AskScript) -> OpEvaluator | None:
        """Who computes elements again, None if the arrays could not be taken apart."""
        if isinstance(self._edges, str):
            return None
        return TensorMethods(ask, self._tensors, self._edges)


class TensorMethods:
    """An `OpEvaluator` for the elements of one stop's graph, as long as the script stands there.

    Args:
        ask: puts a question about that graph to the script.
        tensors: the arrays.
        edges: of the elements.
    """

    def __init__(self, ask: AskScript, tensors: TensorLevel, edges: ElementEdges) -> None:
        self._ask, self._tensors, self._edges = ask, tensors, edges
        self._first = np.concatenate(([0], np.cumsum(edges.counts)))

    def evaluate(self, nodes: Sequence[int], operands: Sequence[float]) -> Evaluated:
        """Computes some elements for these operands; see `OpEvaluator`."""
        edges, starts = self._edges, self._tensors.starts
        wanted = np.array(nodes, np.int64)
        tensors = np.searchsorted(starts, wanted, side="right") - 1
        rows = [np.arange(self._first[node], self._first[node + 1]) for node in wanted]
        all_rows = np.concatenate([*rows, np.zeros(0, np.int64)])
        answer = self._ask(
            "remake",
            {
                "nodes": array("q", tensors.tolist()),
                "elements": array("q", (wanted - starts[tensors]).tolist()),
                "counts": array("q", map(len, rows)),
                "slots": array("q", edges.slots[all_rows].tolist()),
                "places": array("q", edges.places[all_rows].tolist()),
                "numbers": array("d", operands),
            },
        )
        data, local_grads, problems = (answer[name] for name in ("data", "local_grads", "problems"))
        assert isinstance(data, array)
        assert isinstance(local_grads, array)
        return Evaluated(data, local_grads, list(map(str, problems)))
