"""`GraphProgram`: any traced `Graph`, to be run again with other numbers at any of its nodes.

A node that is given a number is a constant from there on: an input takes another value, or an inner
node is pinned and its operands get nothing through it. All else is what a fresh computation on
`Value` would give with that constant in the node's place, to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import OPS, op_code
from microgpt.errors import DomainError, GraphError
from microgpt.graph.arrays import Cells, Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.replay import loops
from microgpt.replay.graph_code import (
    backward_pass,
    code_of,
    forward_runs,
    runs_of,
    same,
    with_constants,
    with_links,
    with_recorded,
)
from microgpt.replay.loops import Code
from microgpt.replay.uncompiled import Uncompiled, cannot_compute


@dataclass(frozen=True, eq=False)
class ProgramResult:
    """All numbers of one run of a `GraphProgram`, by the ids of its graph."""

    program: GraphProgram
    data: Floats  # each node's value. Shape: `[node]`.
    local_grads: Floats  # local gradient of each edge, as in the program's graph. Shape: `[edge]`.
    grad: Floats  # gradient of the root by each node, 0 where none arrives. Shape: `[node]`.
    visit_order: Ints  # the nodes that the backward pass visits, in its order
    given: Ints  # the nodes that were given a number, ascending

    @property
    def root(self) -> float:
        """The root's value, usually the loss."""
        return float(self.data[self.program.graph.root])

    def graph(self) -> Graph:
        """The same as a Graph with the ids of the program's.

        An inner node that was given a number is a `const` leaf in it. What only led to such a node
        stays, with a gradient of 0, and is not visited.
        """
        traced, given = self.program.graph, set(self.given.tolist())
        arity = np.diff(traced.operand_start)
        pinned = self.given[arity[self.given] > 0]
        op_codes, immediate = traced.op_codes.copy(), traced.immediate.copy()
        op_codes[pinned] = op_code("const")
        immediate[pinned] = np.nan
        arity[pinned] = 0
        stays = ~np.isin(traced.edge_consumers, pinned)
        return replace(
            traced,
            op_codes=op_codes,
            immediate=immediate,
            data=self.data,
            grad=self.grad,
            grad_before=self.program.grad_before,
            operand_start=np.concatenate(([0], np.cumsum(arity))),
            operands=traced.operands[stays],
            local_grads=self.local_grads[stays],
            visit_order=self.visit_order,
            bindings=MappingProxyType(
                {
                    node: binding
                    for node, binding in traced.bindings.items()
                    if isinstance(binding, ParameterBinding) or node not in given
                }
            ),
            backpropagated=True,
        )


class GraphProgram:
    """A graph as flat arrays.

    >>> from microgpt import Graph, Value
    >>> x = Value(2.0, name="x")
    >>> loss = (x * x + 1).log()
    >>> loss.backward()
    >>> program = GraphProgram.of(Graph.from_value(loss))
    >>> run = program.run({program.graph.find("x"): 3.0})
    >>> run.root == ((Value(3.0) * 3.0 + 1).log()).data
    True
    """

    def __init__(
        self,
        graph: Graph,
        code: Code,
        forward_code: Code,
        grad_before: Floats,
        uncompiled: Uncompiled,
    ) -> None:
        """Takes what `GraphProgram.of` makes of a graph."""
        self.graph = graph
        self.code = code  # what computes each node from which others
        self.forward_code = forward_code  # the same where local gradients do not matter
        self.uncompiled = uncompiled  # the nodes that their own class or their row computes
        self.grad_before = grad_before  # what every backward pass finds; 0 unless the graph's did
        # The leaves whose number nothing declares to stand for anything: in every run they are what
        # they were when the graph was traced, unless they are given a number.
        leaves = np.flatnonzero(np.diff(graph.operand_start) == 0)
        self.constants: Ints = np.array([i for i in leaves if int(i) not in graph.bindings])

    @classmethod
    def of(cls, graph: Graph, methods: OpEvaluator | None = None) -> GraphProgram:
        """The program of a graph, which gives the graph's own numbers when nothing is changed.

        Nodes that no row of the op table accounts for, because their op has none, or because their
        data or local gradients are others than the row gives, keep what was recorded, unless their
        own class can compute them.

        Args:
            methods: asks the class that the nodes are of.
        """
        code, forward_code, has_only_row = code_of(graph)
        uncompiled = Uncompiled.of(graph, code, has_only_row, methods)
        if uncompiled.by_class.any():
            code = with_recorded(code, graph, uncompiled.by_class)
        before = graph.grad_before if graph.backpropagated else np.zeros(len(graph))
        code = with_links(code, graph.operands, before)
        return cls(graph, code, forward_code, before, uncompiled)

    @cached_property
    def nbytes(self) -> int:
        """Size of the program and of the data and gradients of one run. Units: bytes."""
        arrays = (*self.code, self._forward_runs, *self._pass)
        return sum(array.nbytes for array in arrays) + 2 * self.graph.data.nbytes

    def run(self, numbers: Mapping[int, float] | None = None) -> ProgramResult:
        """Computes all of the graph.

        Args:
            numbers: for nodes that are to be constants, whatever they were: leaves or inner nodes.

        Raises:
            GraphError: there is no such node; or a node would have to be computed anew whose op
                a program does not know, and which its own class cannot compute either.
            DomainError: an op has no finite result.
        """
        code, graph = self.code, self.graph
        given = np.array(sorted(numbers or {}), np.int64)
        self.check_nodes(given)
        data = graph.data.copy()
        if numbers:
            data[given] = [numbers[int(i)] for i in given]
            code = with_constants(code, given)
        inner = bool(np.any(self.code.op[given] != loops.LEAF))
        with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
            if self.uncompiled.nodes.any():
                code = self.uncompiled.forward(code, data)
            else:
                loops.forward(code, forward_runs(code) if inner else self._forward_runs, data)
            self._check_recorded(code, data)
            local_grads = np.empty(graph.n_edges)
            loops.local_grads(code, self._nodes, graph.operand_start, data, local_grads)
            self._check_domain(code, data, local_grads)
            grad = self.grad_before.copy()
            grad[graph.root] = 1.0
            order, runs = self._backward_pass(code) if inner else self._pass
            loops.backward(code, runs, data, grad)
        return ProgramResult(self, data, local_grads, grad, order.astype(np.int64), given)

    @cached_property
    def _nodes(self) -> Ints:
        return np.arange(len(self.graph))

    @cached_property
    def _forward_runs(self) -> loops.Runs:
        return forward_runs(self.code)

    @cached_property
    def _pass(self) -> tuple[Cells, loops.Runs]:
        return self._backward_pass(self.code)

    def _backward_pass(self, code: Code) -> tuple[Cells, loops.Runs]:
        """The visits of a fresh pass, and its instructions.

        Where the graph's own pass went in another order than `Value.backward`, as someone's class
        may, it goes in that one.
        """
        order, runs = backward_pass(code, self.graph.root, self.graph.n_edges)
        if self._own_order is None:
            return order, runs
        order = self._own_order[np.isin(self._own_order, order)]
        return order, runs_of(code, order, -1)

    @cached_property
    def _own_order(self) -> Cells | None:
        """The order in which the graph's own pass went, None if it is that of `Value.backward`."""
        graph = self.graph
        order, _ = backward_pass(self.code, graph.root, graph.n_edges)
        own = graph.visit_order.astype(np.uint32)
        return None if not graph.backpropagated or np.array_equal(own, order) else own

    def check_nodes(self, nodes: Ints) -> None:
        """Raises `GraphError` if one of these is not a node."""
        unknown = nodes[(nodes < 0) | (nodes >= len(self.graph))]
        if len(unknown):
            raise GraphError(
                f"no node #{unknown[0]}: the ids of this graph are #0 to #{len(self.graph) - 1}"
            )

    def _check_recorded(self, code: Code, data: Floats) -> None:
        """Raises `GraphError` if an operand of a recorded node is not as it was."""
        graph = self.graph
        changed = ~same(data, graph.data)[graph.operands]
        kept = code.op == loops.RECORDED
        stale = graph.edge_consumers[changed & kept[graph.edge_consumers]]
        stale = stale[~self.uncompiled.nodes[stale]]
        if len(stale):
            raise GraphError(cannot_compute(graph, int(stale[0]), self._why_not(int(stale[0]))))

    def _why_not(self, node: int) -> str:
        """Why a recorded node cannot be computed, in a sentence's words."""
        if node in self.uncompiled.problems:
            return self.uncompiled.problems[node]
        if self.graph.op(node) in OPS:
            return "what is recorded of it is not what that op gives"
        return f"that can be done for {', '.join(op.name for op in OPS.values() if op.arity)}"

    def _check_domain(self, code: Code, data: Floats, local_grads: Floats) -> None:
        """Raises `DomainError` where `Value` does."""
        graph = self.graph
        suspects = ~np.isfinite(data)
        suspects[graph.edge_consumers[~np.isfinite(local_grads)]] = True
        for i in np.flatnonzero(suspects):
            by_row = code.op[i] == loops.RECORDED and self.uncompiled.by_row[i]
            if not by_row and code.op[i] not in {loops.POW, loops.LOG, loops.EXP}:
                continue
            op = OPS[graph.op(int(i))]
            numbers = data[graph.operands[graph.edges_into(np.array([i]))]].tolist()
            if op.immediate:
                numbers.append(float(graph.immediate[i]))
            try:
                op.forward(*numbers)
                op.local_grads(*numbers)
            except (ValueError, ArithmeticError) as error:
                raise DomainError(
                    f"{op.name}({', '.join(map(repr, numbers))}) has no finite real value, "
                    f"at {graph.name(int(i))} in {graph.scope(int(i)) or 'no scope'}"
                ) from error
