"""What people call nodes: `#1234`, `layer0.attn_wq[3][7]`, `pos2/layer0/attn/q[3]`, a matrix.

By place, too, as answers tell it, `q[3] term 7 at 1 e (#11547)`; and scopes by a pattern.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_patterns import ANY
from microgpt.graph.scope_tree import ScopeRange
from microgpt.model.place_names import find_by_place


def find_node(graph: Graph, reference: str) -> int:
    """The id of a node given as `#1234`, by name, or by scope and place.

    `pos2/layer0/attn/q[3]` is the fourth output of that scope, `pos2/loss` the only one of its
    scope. Outputs are the nodes of a scope that are used outside of it. What answers call a node,
    `q[3] term 7 at 1 e`, is a reference too, with or without the id behind it.

    Raises:
        GraphError: there is no such node; the message says what there is. Or there are several.
    """
    reference = reference.strip()
    try:
        return graph.find(reference)
    except GraphError:
        if (found := _scope_and_place(graph, reference)) is None:
            if (node := find_told(graph, reference)) is not None:
                return node
            if "/" in reference:  # its parts are scopes: say which of them is not there
                graph.scopes.find_all(_without_place(reference))
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


def find_told(graph: Graph, words: str) -> int | None:
    """The node of such words as answers tell it in, the id behind them or not; None of others.

    Raises:
        GraphError: there are several, or there is no such id.
    """
    match = re.fullmatch(r".+ \((#\d+)\)", words)
    return graph.find(match[1]) if match else find_by_place(graph, words)


def find_nodes(graph: Graph, reference: str) -> Ints:
    """The ids that a reference stands for: a matrix, a row of one, all of some scopes, or one node.

    Scopes are given by a path, or by a pattern such as `pos*/layer0/attn`.

    Raises:
        GraphError: there is nothing of that name.
    """
    reference = reference.strip()
    if len(entries := entries_of(graph, reference)):
        return entries
    for scope in graph.scopes:
        if scope.path == reference.strip("/") and scope.path:
            return np.arange(scope.start, scope.stop)
    if ANY in reference:
        scopes = graph.scopes.find_all(reference)
        return np.concatenate([np.arange(scope.start, scope.stop) for scope in scopes])
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
    if ANY in path:
        scopes = graph.scopes.find_all(match[1] if match else path)
        if len(scopes) > 1:
            raise GraphError(
                f"{reference!r} stands for {len(scopes)} scopes, {scopes[0].path} to "
                f"{scopes[-1].path}: name one"
            )
        return scopes[0], int(match[2]) if match else None
    return None


def _without_place(reference: str) -> str:
    return re.sub(r"\[\d+\]$", "", reference)
