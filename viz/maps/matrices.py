"""A graph's parameters by matrix, and which of them are read where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange

NOWHERE = -1


@dataclass(frozen=True, eq=False)
class Matrices:
    """A graph's parameters by matrix."""

    names: tuple[str, ...]
    of_node: Ints  # place in `names`, -1 of nodes that are no parameters. Shape: `[node]`
    edges: Ints  # that read a parameter, ascending. Shape: `[reading]`
    read: Ints  # the matrix that each of them reads. Shape: `[reading]`
    readers: Ints  # the node that each of them leads to. Shape: `[reading]`

    @classmethod
    def of(cls, graph: Graph) -> Matrices:
        """Parameters are the leaves whose place is known, and those that stand in a container."""
        leaves = {
            node: binding.matrix
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding)
        }
        others = sorted(graph.names.keys() - leaves.keys())
        leaves |= {
            node: matrix
            for node in others
            if graph.is_leaf(node) and (matrix := _container(graph.names[node]))
        }
        return cls._of_leaves(graph, leaves)

    def with_single_names(self, graph: Graph) -> Matrices:
        """These, and every leaf that alone has its name as a matrix of one entry.

        A program may hold a parameter in a plain variable, but it may hold an input so as well.
        """
        names = list(graph.names.values())
        single = {
            node: name
            for node, name in graph.names.items()
            if self.of_node[node] < 0 and graph.is_leaf(node) and names.count(name) == 1
        }
        known = np.flatnonzero(self.of_node >= 0).tolist()
        return self._of_leaves(
            graph, {node: self.names[self.of_node[node]] for node in known} | single
        )

    @classmethod
    def _of_leaves(cls, graph: Graph, leaves: dict[int, str]) -> Matrices:
        places = {name: place for place, name in enumerate(dict.fromkeys(leaves.values()))}
        of_node = np.full(len(graph), NOWHERE)
        of_node[list(leaves)] = [places[matrix] for matrix in leaves.values()]
        matrix = of_node[graph.operands]
        edges = np.flatnonzero(matrix >= 0)
        return cls(tuple(places), of_node, edges, matrix[edges], graph.edge_consumers[edges])


def _container(name: str) -> str:
    """The matrix that a leaf stands in by its name, "" for none.

    Its last indices are its place there, and so is one right before its last attribute: weights of
    a unit are a row of its layer.

    >>> [_container(f"net.layers[0].{x}") for x in ("units[3].w[1]", "units[3].b", "w[2][1]")]
    ['net.layers[0].units.w', 'net.layers[0].units.b', 'net.layers[0].w']
    >>> _container("x")
    ''
    """
    row = re.sub(r"(\[[^\]]*\])+$", "", name)
    matrix = re.sub(r"\[[^\]]*\](\.\w+)$", r"\1", row)
    return matrix if matrix != name or "." in name else ""


def reads_of(graph: Graph, matrices: Matrices) -> list[int]:
    """The matrices that each scope reads with all that is inside, as bits of an integer."""
    scopes, n = tuple(graph.scopes), len(matrices.names)
    reads = [0] * len(scopes)
    if n:
        pairs = graph.scope_of[matrices.readers] * n + matrices.read
        for pair in np.flatnonzero(np.bincount(pairs)).tolist():
            reads[pair // n] |= 1 << (pair % n)
    for scope in reversed(scopes[1:]):  # parents come before their children
        reads[scope.parent] |= reads[scope.index]
    return reads


def rows_read(graph: Graph, matrices: Matrices, at: ScopeRange) -> list[int]:
    """A number for each scope directly inside one: the same if they read the same parameters."""
    sums = np.zeros(len(graph.scopes), np.int64)
    inside = graph.scopes.children(at)
    call_of = np.full(len(graph), NOWHERE)
    for place, call in enumerate(inside):
        call_of[call.start : call.stop] = place
    is_parameter = matrices.of_node >= 0
    number = np.cumsum(is_parameter) - 1  # of each parameter
    edges = matrices.edges
    caller = call_of[matrices.readers]
    edges, caller = edges[caller >= 0], caller[caller >= 0]
    n = int(is_parameter.sum())
    reads = np.zeros(len(inside) * n, np.bool_)
    reads[caller * n + number[graph.operands[edges]]] = True
    marks = np.random.default_rng(0).integers(1 << 40, size=n)  # sums of which tell sets apart
    sums[[call.index for call in inside]] = reads.reshape(len(inside), n) @ marks
    return sums.tolist()


def holding_several(graph: Graph, matrices: Matrices, reads: Sequence[int]) -> list[bool]:
    """Whether the parts of each scope read different parameters: its calls, and its own lines.

    What a line reads itself belongs to the calls on that line: `sum((w * x for …), b)` is one part.

    Args:
        reads: the matrices that each scope reads with all that is inside, as bits.
    """
    own = _own_reads(graph, matrices)
    found = [False] * len(reads)
    for scope in reversed(tuple(graph.scopes)):
        lines = dict(own.get(scope.index, {}))
        calls = [call for call in graph.scopes.children(scope) if reads[call.index]]
        at = [(call.place.filename, call.place.line) if call.place else None for call in calls]
        parts = [
            reads[call.index] | (lines.get(line, 0) if line else 0)
            for call, line in zip(calls, at, strict=True)
        ]
        parts += [bits for line, bits in lines.items() if line not in at]
        # Turns of one loop are alike, however many there are.
        is_one = len(parts) == 1 or (None not in at and len({c.place for c in calls}) == 1)
        found[scope.index] = any(part != reads[scope.index] for part in parts) or (
            is_one and any(found[call.index] for call in calls)
        )
    return found


def _own_reads(graph: Graph, matrices: Matrices) -> dict[int, dict[tuple[str, int], int]]:
    """What the lines of each scope read themselves, as bits, if calls were recorded with places."""
    own: dict[int, dict[tuple[str, int], int]] = {}
    if not any(scope.place for scope in graph.scopes):
        return own
    readers = matrices.readers
    kinds = np.stack((graph.scope_of[readers], graph.line_of[readers], matrices.read))
    for scope, line, bit in np.unique(kinds, axis=1).T.tolist():
        if line >= 0:
            lines = own.setdefault(scope, {})
            at = graph.source_lines[line]
            lines[at] = lines.get(at, 0) | 1 << bit
    return own
