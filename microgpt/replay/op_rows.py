"""`OpRows`: the op table as what computes nodes of a graph, one by one and in plain Python.

For ops that the compiled loops have no branch for, and to see whether what was recorded of a node
is what its row gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from microgpt.autograd.ops import OPS, Op
from microgpt.graph.arrays import Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import Evaluated


class OpRows:
    """An `OpEvaluator` for those nodes of a graph whose op has a row."""

    def __init__(self, graph: Graph) -> None:
        self._rows: list[Op | None] = [OPS.get(name) for name in graph.op_names]
        self._graph = graph

    def evaluate(self, nodes: Sequence[int], operands: Sequence[float]) -> Evaluated:
        """Computes some nodes for these operands; see `OpEvaluator`."""
        graph, data, local_grads, problems = self._graph, [], [], []
        slots = iter(operands)
        arities = np.diff(graph.operand_start)[np.array(nodes, np.int64)].tolist()
        for node, arity in zip(nodes, arities, strict=True):
            row = self._rows[graph.op_codes[node]]
            numbers = [next(slots) for _ in range(arity)]
            if row is None or row.arity != arity:
                result, slopes, problem = math.nan, (math.nan,) * arity, "its op has no row"
            else:
                result, slopes, problem = computed(row, numbers, float(graph.immediate[node]))
            data.append(result)
            local_grads.extend(slopes)
            problems.append(problem)
        return Evaluated(data, local_grads, problems)


def computed(
    row: Op, operands: Sequence[float], immediate: float
) -> tuple[float, tuple[float, ...], str]:
    """A result and its local gradients, and what was in the way: then both are nan."""
    numbers = (*operands, immediate) if row.immediate else operands
    try:
        return row.forward(*numbers), row.local_grads(*numbers), ""
    except (ValueError, ArithmeticError) as error:
        return math.nan, (math.nan,) * row.arity, str(error)


def have_rows(graph: Graph) -> Mask:
    """The nodes, no leaves, whose op has a row. Shape: `[node]`."""
    by_table = np.array([OPS[name].arity if name in OPS else 0 for name in graph.op_names])
    arity: Ints = np.diff(graph.operand_start)
    found: Mask = (arity > 0) & (arity == by_table[graph.op_codes])
    return found
