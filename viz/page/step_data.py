"""A step's scalars for a page: values, gradients, what each addition made of them, and words."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import KINDS
from microgpt.printable import printable
from viz.maps.step_map import StepMap
from viz.page.cell_trees import cell_trees
from viz.page.node_words import node_words
from viz.page.pass_sums import sums_after_edges
from viz.page.why_shares import divisions
from viz.style import op_style


def step_data(step_map: StepMap) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """A graph's texts, and its numbers as arrays."""
    graph = step_map.graph
    words, trees = node_words(graph), cell_trees(step_map)
    ways = divisions(graph)
    texts: dict[str, Any] = {
        "root": graph.root,
        "whyNoEvents": "" if graph.backpropagated else printable(graph.why_no_events),
        "note": printable(graph.pass_note),
        "ops": [_op(name) for name in graph.op_names],
        "scopes": [printable(scope.path) for scope in graph.scopes],
        "paths": words.short_paths,
        "branches": words.branches,
        "phrases": [phrase for phrase, _ in words.phrases],
        "shared": [shared for _, shared in words.phrases],
        "names": [printable(name) for name in graph.names.values()],
        "tokens": _tokens(graph),
        # Not the whole path: whoever gets the page need not know where it was made.
        "lines": [[printable(PurePath(file).name), line] for file, line in graph.source_lines],
        "trees": trees.trees,
        "treeOf": trees.tree_of,
        "divisions": [
            {"title": way.title, "names": [printable(name) for name in way.names]} for way in ways
        ],
    }
    arrays: dict[str, NDArray[Any]] = {
        "data": graph.data,
        "grad": graph.grad,
        "immediate": graph.immediate,
        "op": graph.op_codes,
        "arity": np.diff(graph.operand_start).astype(np.int32),
        # How far back an operand lies: smaller numbers, which compress better.
        "back": (graph.edge_consumers - graph.operands).astype(np.int32),
        "local": graph.local_grads,
        "contribution": graph.contributions,
        "visits": graph.visit_order.astype(np.int32),
        "cell": step_map.grid.cell_of.astype(np.int32),
        "scope": graph.scope_of.astype(np.int32),
        "phrase": words.phrase_of.astype(np.int32),
        "named": np.fromiter(graph.names, np.int32, len(graph.names)),
    }
    if graph.source_lines:
        arrays["line"] = graph.line_of.astype(np.int32)
    if np.any(graph.grad_before):
        arrays["before"] = graph.grad_before
    for number, way in enumerate(ways):
        # One group after the other: what flows alike stands side by side.
        arrays[f"division.{number}"] = np.ascontiguousarray(way.shares.T).reshape(-1)
    return texts, {**arrays, **_pass(graph, texts)}


def _op(name: str) -> dict[str, str]:
    style = op_style(name)
    return {"name": printable(name), "glyph": printable(style.glyph), "color": style.color}


def _tokens(graph: Graph) -> dict[str, str]:
    """By name's place: which token chose a row of an embedding."""
    tokens = {}
    for place, node in enumerate(graph.names):
        binding = graph.bindings.get(node)
        if isinstance(binding, ParameterBinding) and binding.token:
            tokens[str(place)] = printable(binding.token)
    return tokens


def _pass(graph: Graph, texts: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The writes of the backward pass: by edge where it is sums, else one by one."""
    if not graph.backpropagated:
        return {}
    if graph.ledger is None:
        return {"sum": sums_after_edges(graph)}
    ledger = graph.ledger
    texts["kinds"] = KINDS
    return {
        "adjoint": graph.adjoints,
        "visitNumber": graph.visit_numbers.astype(np.int32),
        "write.node": ledger.node.astype(np.int32),
        "write.event": ledger.event.astype(np.int32),
        "write.edge": ledger.edge.astype(np.int32),
        "write.line": ledger.line.astype(np.int32),
        "write.kind": ledger.kind,
        "write.old": ledger.old,
        "write.new": ledger.new,
        "write.share": ledger.share,
    }
