"""`OwnOps`: the nodes of a graph that the class they are of computes again, by its own methods.

Sums and products that fit the op table at the numbers recorded fit it at all others; anything else
may bend somewhere: a relu that lets a little through looks like ours wherever its input is
positive. So where the class can be asked, it is asked for every node that is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from microgpt.errors import DomainError, GraphError, InputError
from microgpt.graph.arrays import Floats, Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.replay import loops
from microgpt.replay.code import runs_of, same
from microgpt.replay.loops import Code


@dataclass(frozen=True, eq=False)
class OwnOps:
    """Nodes of one graph, and what computes them.

    Attributes:
        graph: the graph.
        evaluator: calls the methods.
        nodes: those whose methods give again what was recorded of them. Shape: `[node]`.
        problems: why others cannot be computed so.
    """

    graph: Graph
    evaluator: OpEvaluator
    nodes: Mask
    problems: Mapping[int, str]

    @classmethod
    def of(cls, graph: Graph, evaluator: OpEvaluator, code: Code) -> OwnOps:
        """Tries the methods of all nodes that are no sum or product of the code's."""
        candidates = np.flatnonzero(code.op > loops.MUL)
        edges = graph.edges_into(candidates)
        try:
            data, local_grads, problems = _evaluate(
                evaluator, candidates, graph.data[graph.operands[edges]]
            )
        except InputError as error:
            problems = {int(node): str(error) for node in candidates}
        else:
            differs = np.zeros(len(graph), np.bool_)
            differs[candidates] = ~same(data, graph.data[candidates])
            differs[graph.edge_consumers[edges][~same(local_grads, graph.local_grads[edges])]] = (
                True
            )
            for node in np.flatnonzero(differs).tolist():
                problems.setdefault(node, "its method does not give again what it gave before")
        nodes = np.zeros(len(graph), np.bool_)
        nodes[candidates] = True
        nodes[list(problems)] = False
        return cls(graph, evaluator, nodes, problems)

    def forward(self, code: Code, data: Floats) -> Code:
        """Computes all nodes from the leaves in `data`, into `data`, a stage at a time.

        Args:
            code: of the graph, these nodes recorded.

        Returns:
            The code with the local gradients that they have now.

        Raises:
            DomainError: a method raised.
            GraphError: the class is out of reach.
        """
        graph, list_grads = self.graph, code.list_grads.copy()
        stage = np.zeros(len(graph), np.int64)
        loops.stages(code, stage)
        by_stage = np.argsort(stage, kind="stable")
        for nodes in np.split(by_stage, np.cumsum(np.bincount(stage))[:-1]):
            recorded = code.op[nodes] == loops.RECORDED
            computed = nodes[~recorded & (code.op[nodes] != loops.LEAF)]
            loops.forward(code, runs_of(code, computed.astype(np.uint32), 1), data)
            own = nodes[recorded & self.nodes[nodes]]
            edges = graph.edges_into(own)
            moved = ~same(data, graph.data)[graph.operands[edges]]
            own = np.unique(graph.edge_consumers[edges[moved]])
            edges = graph.edges_into(own)
            operands = data[graph.operands[edges]]
            try:
                data[own], local_grads, problems = _evaluate(self.evaluator, own, operands)
            except InputError as error:
                raise GraphError(cannot_compute(graph, int(own[0]), str(error))) from error
            for node, problem in problems.items():
                raise DomainError(_failed(graph, node, data, problem))
            shift = code.a.astype(np.int64) - graph.operand_start[:-1]  # from edges to lists
            list_grads[edges + shift[graph.edge_consumers[edges]]] = local_grads
        return code._replace(list_grads=list_grads)


def _evaluate(
    evaluator: OpEvaluator, nodes: Ints, operands: Floats
) -> tuple[Floats, Floats, dict[int, str]]:
    """Data and local gradients of some nodes for these operands, and what was in the way."""
    if not len(nodes):
        return np.empty(0), np.empty(0), {}
    data, local_grads, problems = evaluator.evaluate(nodes.tolist(), operands.tolist())
    found = {int(node): text for node, text in zip(nodes, problems, strict=True) if text}
    return np.array(data), np.array(local_grads), found


def cannot_compute(graph: Graph, node: int, why: str) -> str:
    """That a node cannot be computed for other operands, in words."""
    return (
        f"{graph.name(node)} ({graph.op(node)}) in {graph.scope(node) or 'no scope'} cannot be "
        f"computed for other operands: {why}; it can be given a number itself"
    )


def _failed(graph: Graph, node: int, data: Floats, problem: str) -> str:
    numbers = ", ".join(repr(float(data[edge.operand])) for edge in graph.operands_of(node))
    return (
        f"{graph.op(node)}({numbers}) has no value, at {graph.name(node)} in "
        f"{graph.scope(node) or 'no scope'}: {problem}"
    )
