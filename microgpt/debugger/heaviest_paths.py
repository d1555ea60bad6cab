"""The heaviest single paths from a node to the root.

A path's share of the gradient is the product of the local gradients along it. There are far too
many to list, but the heaviest come first out of a best-first search whose bound is exact: the
weight so far times the heaviest way on from there.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, pairwise

import numpy as np

from microgpt.debugger.derivatives import Derivatives
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_in_scope, place_name

MAX_VISITS = 50_000
"""How many nodes a search looks at before it gives up on more paths."""


@dataclass(frozen=True, slots=True)
class PathStep:
    """One node of a path as it is told."""

    node: int
    name: str  # or `#id`
    place: str  # what it is in its scope, in words; `""` if it has a name, or lies in no scope
    words: str  # what to call it where its scope is known
    op: str
    scope: str
    factor: float  # product of the local gradients from the node told before it to this one


@dataclass(frozen=True, slots=True)
class GradientPath:
    """One path from a node to the root."""

    share: float  # what it adds to the node's gradient: the product of all factors
    steps: tuple[PathStep, ...]
    """The nodes told, the root last: additions and products with 1 or -1 are skipped."""
    length: int  # how many edges it really has


@dataclass(frozen=True, slots=True)
class _Way:
    """The beginning of a path: its last node, and the way to the one before."""

    node: int
    log_weight: float
    before: _Way | None


@dataclass(frozen=True, eq=False)
class HeaviestPaths:
    """Finds the heaviest paths of one graph; what is the same for all nodes is kept."""

    derivatives: Derivatives

    @property
    def graph(self) -> Graph:
        """The graph at hand."""
        return self.derivatives.graph

    def of(self, node: int, most: int) -> tuple[GradientPath, ...]:
        """The heaviest paths from a node to the root, at most so many, the heaviest first."""
        found: list[GradientPath] = []
        for way in self._ways(node):
            found.append(self._told(way))
            if len(found) == most:
                break
        return tuple(found)

    @cached_property
    def _locals(self) -> Floats:
        """Local gradient of each edge, that of all slots if a node takes an operand twice."""
        graph, starts = self.graph, self.graph.operand_start[:-1]
        arity = np.diff(graph.operand_start)
        suspects = arity > 2
        pairs = np.flatnonzero(arity == 2)
        suspects[pairs] = graph.operands[starts[pairs]] == graph.operands[starts[pairs] + 1]
        edges = graph.edges_into(np.flatnonzero(suspects))
        key = graph.edge_consumers[edges] * len(graph) + graph.operands[edges]
        _, place = np.unique(key, return_inverse=True)
        locals_ = graph.local_grads.copy()
        with np.errstate(all="ignore"):
            locals_[edges] = np.bincount(place, graph.local_grads[edges])[place]
        return locals_

    @cached_property
    def _log_weights(self) -> Floats:
        with np.errstate(all="ignore"):
            weights = np.log(np.abs(self._locals))
        return np.where(np.isnan(weights), -np.inf, weights)

    @cached_property
    def _heaviest(self) -> Floats:
        return self.derivatives.towards_root(self._log_weights)

    def _ways(self, node: int) -> Iterator[_Way]:
        """Whole ways to the root, the heaviest first."""
        graph, heaviest = self.graph, self._heaviest
        number = count(0, -1)  # of equally heavy ones the newest, which has come furthest
        waiting = [(-float(heaviest[node]), next(number), _Way(node, 0.0, None))]
        for _ in range(MAX_VISITS):
            if not waiting:
                return
            bound, _, way = heapq.heappop(waiting)
            if bound == math.inf:
                return  # nothing that is left comes to the root
            if way.node == graph.root:
                yield way
                continue
            for consumer, weight in self._onwards(way.node).items():
                log_weight = way.log_weight + weight
                bound = -(log_weight + float(heaviest[consumer]))
                if bound < math.inf:
                    onward = _Way(consumer, log_weight, way)
                    heapq.heappush(waiting, (bound, next(number), onward))

    def _onwards(self, node: int) -> dict[int, float]:
        edges = self.graph.edges_out_of(node)
        consumers = self.graph.edge_consumers[edges].tolist()
        return dict(zip(consumers, self._log_weights[edges].tolist(), strict=True))

    def _told(self, way: _Way) -> GradientPath:
        nodes = [way.node]
        while way.before is not None:
            way = way.before
            nodes.append(way.node)
        nodes.reverse()
        graph = self.graph
        share = factor = 1.0
        steps = []
        for operand, node in pairwise(nodes):
            local = self._local(operand, node)
            share *= local
            factor *= local
            if node == graph.root or not _is_trivial(graph, node):
                steps.append(_step(graph, node, factor))
                factor = 1.0
        return GradientPath(share, tuple(steps), len(nodes) - 1)

    def _local(self, operand: int, consumer: int) -> float:
        start = int(self.graph.operand_start[consumer])
        end = int(self.graph.operand_start[consumer + 1])
        return next(
            float(self._locals[edge])
            for edge in range(start, end)
            if self.graph.operands[edge] == operand
        )


def _step(graph: Graph, node: int, factor: float) -> PathStep:
    scope = graph.scopes[int(graph.scope_of[node])]
    words = place_in_scope(graph, node) or f"{scope.name} {graph.names.get(node, graph.op(node))}"
    return PathStep(
        node,
        graph.name(node),
        place_name(graph, node),
        words.strip(),
        graph.op(node),
        scope.path,
        factor,
    )


def _is_trivial(graph: Graph, node: int) -> bool:
    """Whether a node only adds, or multiplies by a constant 1 or -1."""
    op = graph.op(node)
    if op != "mul":
        return op == "add"
    start, end = graph.operand_start[node : node + 2]
    return any(
        graph.op(operand) == "const" and abs(graph.data[operand]) == 1
        for operand in graph.operands[start:end].tolist()
    )
