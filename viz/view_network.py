"""A view of a graph as nodes and edges: its boxes and bundles, or the single scalars in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from viz.boxes import Box, joined_ids
from viz.dot import norm
from viz.network import Attribute, Network, NetworkEdge, NetworkNode
from viz.page.node_words import node_words
from viz.style import short_number
from viz.view import View

PARAMETERS = "parameters"
"""Where parameters lie that were made in no scope."""


def view_network(view: View, caption: str = "") -> Network:
    """The boxes of a view and the bundles between them."""
    boxes = {box.key: box for box in view.boxes}
    around = {box.key for box in view.around}
    nodes = tuple(
        NetworkNode(key, _title(view, box), "", _box_attributes(view, box, key in around))
        for key, box in boxes.items()
    )
    edges = tuple(
        NetworkEdge(
            bundle.source, bundle.target,
            short_number(bundle.net if bundle.slot >= 0 else bundle.magnitude), max(bundle.slot, 0),
            {"count": bundle.count, "magnitude": bundle.magnitude, "net": bundle.net},
        )
        for bundle in view.bundles
    )  # fmt: skip
    return Network(_full_title(view, caption), nodes, edges)


def scalar_network(view: View, caption: str = "") -> Network:
    """Every node that is inside of a view, under its scope, and the edges between them."""
    graph, ids = view.graph, joined_ids(view.inside)
    nodes = tuple(_scalars(graph, ids))
    edges = tuple(_edges(graph, ids))
    return Network(_full_title(view, caption), nodes, edges)


def _full_title(view: View, caption: str) -> str:
    return f"{view.title}, {caption}" if caption else view.title


def _title(view: View, box: Box) -> str:
    if box.kind == "node":
        return f"{box.label} {box.note}".rstrip()
    is_child = box.parent is not None and box.parent.key == view.focus.key
    return f"{box.label if is_child else box.title} {box.note}".rstrip()


def _box_attributes(view: View, box: Box, is_around: bool) -> dict[str, Attribute]:
    graph = view.graph
    about: dict[str, Attribute] = {"kind": box.kind, "around": is_around, "nodes": len(box)}
    if box.kind == "node":
        return about | _node_attributes(graph, box.node)
    return about | {"grad_norm": norm(graph.grad[view.outputs_of(box)])}


def _node_attributes(graph: Graph, node: int) -> dict[str, Attribute]:
    return {
        "op": graph.op(node),
        "data": float(graph.data[node]),
        "grad": float(graph.grad[node]),
    }


def _scalars(graph: Graph, ids: Ints) -> Iterator[NetworkNode]:
    words = node_words(graph)
    phrases, paths = [phrase for phrase, _ in words.phrases], words.short_paths
    scopes, phrase_of = graph.scope_of, words.phrase_of
    for node in ids.tolist():
        scope = int(scopes[node])
        label = graph.label(node)
        if (phrase := int(phrase_of[node])) >= 0:
            label = paths[scope] + phrases[phrase]
        binding = graph.bindings.get(node)
        namespace = graph.scope(node)
        if isinstance(binding, ParameterBinding) and not namespace:
            namespace = f"{PARAMETERS}/{binding.matrix}"
        yield NetworkNode(str(node), label, namespace, _node_attributes(graph, node))


def _edges(graph: Graph, ids: Ints) -> Iterator[NetworkEdge]:
    inside = np.zeros(len(graph), np.bool_)
    inside[ids] = True
    edges = graph.edges_touching(ids)
    edges = edges[inside[graph.operands[edges]] & inside[graph.edge_consumers[edges]]]
    consumers = graph.edge_consumers[edges]
    slots = edges - graph.operand_start[consumers]
    for operand, consumer, slot, local, contribution in zip(
        graph.operands[edges].tolist(), consumers.tolist(), slots.tolist(),
        graph.local_grads[edges].tolist(), graph.contributions[edges].tolist(), strict=True,
    ):  # fmt: skip
        yield NetworkEdge(
            str(operand), str(consumer), "", slot,
            {"local_gradient": local, "contribution": contribution},
        )  # fmt: skip
