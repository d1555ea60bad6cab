"""`Uncompiled`: the nodes of a graph that are computed again one by one, not by compiled loops.

An op without a branch in the loops is computed by its row of the op table. But sums and products
alone are safe to compute by a table: if they fit it at the numbers recorded, they do at all others,
while anything else may bend somewhere: a relu that lets a little through looks like ours wherever
its input is positive. So where the class can be asked, it is asked for every node that is neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.errors import DomainError, GraphError, InputError
from microgpt.graph.arrays import Floats, Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.replay import loops
from microgpt.replay.graph_code import runs_of, same
from microgpt.replay.loops import Code
from microgpt.replay.op_rows import OpRows


@dataclass(frozen=True, eq=False)
class Uncompiled:
    """Nodes of one graph, and what computes them."""

    graph: Graph
    methods: OpEvaluator | None  # calls the methods of their class, where that can be asked
    by_class: Mask
    """Nodes whose methods give again what was recorded of them. Shape: `[node]`."""
    by_row: Mask
    """Other nodes, which the loops have no branch for, but the op table a row. Shape: `[node]`."""
    problems: Mapping[int, str]  # why some nodes cannot be computed by their class

    @classmethod
    def of(
        cls, graph: Graph, code: Code, has_only_row: Mask, methods: OpEvaluator | None
    ) -> Uncompiled:
        """Tries the methods of all nodes that are no sum or product of the code's.

        Args:
            has_only_row: nodes that their rows account for, and that the loops have no branch for.
        """
        nodes = np.zeros(len(graph), np.bool_)
        if methods is None:
            return cls(graph, None, nodes, has_only_row, {})
        candidates = np.flatnonzero(code.op > loops.MUL)
        edges = graph.edges_into(candidates)
        try:
            data, local_grads, problems = _evaluate(
                methods, candidates, graph.data[graph.operands[edges]]
            )
        except InputError as error:
            problems = {int(node): str(error) for node in candidates}
        else:
            differs = np.zeros(len(graph), np.bool_)
            differs[candidates] = ~same(data, graph.data[candidates])
            consumers, known = graph.edge_consumers[edges], graph.local_grads[edges]
            differs[consumers[~same(local_grads, known)]] = True
            for node in consumers[np.isnan(local_grads) & ~np.isnan(known)].tolist():
                problems.setdefault(
                    node, "its class does not say the local gradients of what it gives"
                )
            for node in np.flatnonzero(differs).tolist():
                problems.setdefault(node, "its method does not give again what it gave before")
        nodes[candidates] = True
        nodes[list(problems)] = False
        return cls(graph, methods, nodes, has_only_row & ~nodes, problems)

    @cached_property
    def nodes(self) -> Mask:
        """All of them. Shape: `[node]`."""
        return self.by_class | self.by_row

    def forward(self, code: Code, data: Floats) -> Code:
        """Computes all nodes from the leaves in `data`, into `data`, a stage at a time.

        Args:
            code: of the graph, these nodes recorded.

        Returns:
            The code with the local gradients that they have now; nan, as the data, of a node whose
            row gives no result.

        Raises:
            DomainError: a method raised.
            GraphError: the class is out of reach.
        """
        graph, list_grads = self.graph, code.list_grads.copy()
        stage = np.zeros(len(graph), np.int64)
        loops.stages(code, stage)
        shift = code.a.astype(np.int64) - graph.operand_start[:-1]  # from edges to lists
        by_stage = np.argsort(stage, kind="stable")
        for nodes in np.split(by_stage, np.cumsum(np.bincount(stage))[:-1]):
            recorded = code.op[nodes] == loops.RECORDED
            computed = nodes[~recorded & (code.op[nodes] != loops.LEAF)]
            loops.forward(code, runs_of(code, computed.astype(np.uint32), 1), data)
            edges = graph.edges_into(nodes[recorded & self.nodes[nodes]])
            moved = ~same(data, graph.data)[graph.operands[edges]]
            asked = np.unique(graph.edge_consumers[edges[moved]])
            for some, compute in (
                (asked[self.by_row[asked]], self._compute_by_row),
                (asked[self.by_class[asked]], self._compute_by_class),
            ):
                edges = graph.edges_into(some)
                places = edges + shift[graph.edge_consumers[edges]]
                data[some], list_grads[places] = compute(some, data)
        return code._replace(list_grads=list_grads)

    def _compute_by_row(self, nodes: Ints, data: Floats) -> tuple[Floats, Floats]:
        operands = data[self.graph.operands[self.graph.edges_into(nodes)]]
        numbers, local_grads, _ = _evaluate(OpRows(self.graph), nodes, operands)
        return numbers, local_grads

    def _compute_by_class(self, nodes: Ints, data: Floats) -> tuple[Floats, Floats]:
        graph = self.graph
        operands = data[graph.operands[graph.edges_into(nodes)]]
        try:
            numbers, local_grads, problems = _evaluate(self.methods, nodes, operands)
        except InputError as error:
            raise GraphError(cannot_compute(graph, int(nodes[0]), str(error))) from error
        for node, problem in problems.items():
            raise DomainError(_failed(graph, node, data, problem))
        return numbers, local_grads


def _evaluate(
    methods: OpEvaluator | None, nodes: Ints, operands: Floats
) -> tuple[Floats, Floats, dict[int, str]]:
    """Data and local gradients of some nodes for these operands, and what was in the way."""
    if methods is None or not len(nodes):
        return np.empty(0), np.empty(0), {}
    data, local_grads, problems = methods.evaluate(nodes.tolist(), operands.tolist())
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
