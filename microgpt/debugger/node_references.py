"""What people call nodes: `#1234`, `layer0.attn_wq[3][7]`, `pos2/layer0/attn/q[3]`, a matrix."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange


def find_node(graph: Graph, reference: str) -> int:
    """The id of a node given as `#1234`, by name, or by scope and place.

    `pos2/layer0/attn/q[3]` is the fourth output of that scope, `pos2/loss` the only one of its
    scope. Outputs are the nodes of a scope that are used outside of it.

    Raises:
        GraphError: there is no such node; the message says what there is.
    """
    reference = reference.strip()
    try:
        return graph.find(reference)
    except GraphError:
        if (found := _scope_and_place(graph, reference)) is None:
            if "/" in reference:  # its parts are scopes: say which of them is not there
                graph.scopes.find(_without_place(reference))
            raise
    scope, place = found
    outputs = graph.outputs_of(scope)
    if place is None and len(outputs) == 1:
        return int(outputs[0])
    if place is not None and place < len(outputs):
        return int(outputs[place])
    what = f"{scope.path}[0]" if len(outputs) == 1 else f"{scope.path}[0] to [{len(outputs) - 1}]"
    raise GraphError(
        f"{scope.path} has no output {place}: it has {what}"
        if place is not None
        else f"{scope.path} is a scope of {len(outputs)} outputs: name one of {what}"
        if len(outputs)
        else f"nothing of {scope.path} is used outside of it: name a node as #{scope.start}"
    )


def find_nodes(graph: Graph, reference: str) -> Ints:
    """The ids that a reference stands for: a matrix, a row of one, all of a scope, or one node.

    Raises:
        GraphError: there is nothing of that name.
    """
    reference = reference.strip()
    if len(entries := entries_of(graph, reference)):
        return entries
    for scope in graph.scopes:
        if scope.path == reference.strip("/") and scope.path:
            return np.arange(scope.start, scope.stop)
    return np.array([find_node(graph, reference)])


def entries_of(graph: Graph, reference: str) -> Ints:
    """The leaves of `layer0.attn_wq` or of its row `layer0.attn_wq[3]`, none if it is no matrix."""
    match = re.fullmatch(r"(.+?)(?:\[(\d+)\])?", reference)
    if match is None:
        return np.array([], np.int64)
    matrix, row = match[1], match[2]
    return np.array(
        [
            node
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding)
            and binding.matrix == matrix
            and (row is None or binding.row == int(row))
        ],
        np.int64,
    )


class NodeNames:
    """All that can be typed where a node is wanted, for completion."""

    def __init__(self, graph: Graph) -> None:
        names = {*graph.names.values(), *(scope.path for scope in graph.scopes if scope.path)}
        names |= {b.matrix for b in graph.bindings.values() if isinstance(b, ParameterBinding)}
        self._sorted = sorted(names)

    def starting_with(self, prefix: str) -> Iterator[str]:
        """The names and scopes that begin so, in order; take as many as there is room for."""
        for place in range(bisect_left(self._sorted, prefix), len(self._sorted)):
            if not self._sorted[place].startswith(prefix):
                return
            yield self._sorted[place]


def _scope_and_place(graph: Graph, reference: str) -> tuple[ScopeRange, int | None] | None:
    """The scope and output that a reference names; a scope may itself be called `linear[1]`."""
    paths = {scope.path: scope for scope in graph.scopes if scope.path}
    path = reference.strip("/")
    if path in paths:
        return paths[path], None
    match = re.fullmatch(r"(.+)\[(\d+)\]", path)
    if match and match[1] in paths:
        return paths[match[1]], int(match[2])
    return None


def _without_place(reference: str) -> str:
    return re.sub(r"\[\d+\]$", "", reference)
