"""A network as a graph for Google's Model Explorer, which folds it by the paths that nodes lie in.

Source: `GraphCollection` of `graph_builder.py` in github.com/google-ai-edge/model-explorer.
"""

from __future__ import annotations

import json
from typing import Any

from microgpt.errors import InputError
from microgpt.printable import printable
from viz.drawn import Drawn
from viz.network import Attribute, Network, NetworkEdge, NetworkNode

MOST_NODES = 300_000
"""A browser takes half a minute to open as many."""


def drawn_model_explorer(drawn: Drawn) -> bytes:
    """The scalars of what is drawn, or its nodes where it is not folded, one a line.

    Raises:
        InputError: they are too many.
    """
    network: Network = drawn.part("network" if drawn.scalars is None else "scalars")
    if len(network.nodes) > MOST_NODES:
        raise InputError(
            f"{len(network.nodes):,} nodes are too many for Model Explorer, which opens about "
            f"{MOST_NODES:,}: look into a part of it (--scope), or a shorter text"
        )
    incoming: dict[str, list[NetworkEdge]] = {}
    for edge in network.edges:
        incoming.setdefault(edge.target, []).append(edge)
    title = json.dumps(printable(network.title), ensure_ascii=False)
    nodes = ",\n".join(
        json.dumps(_node(node, incoming.get(node.key, [])), ensure_ascii=False)
        for node in network.nodes
    )
    return f'{{"label": {title}, "graphs": [{{"id": {title}, "nodes": [\n{nodes}\n]}}]}}\n'.encode()


def _node(node: NetworkNode, incoming: list[NetworkEdge]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": node.key,
        "label": printable(node.label),
        "namespace": printable(node.namespace),
        "attrs": [{"key": key, "value": _text(value)} for key, value in node.attributes.items()],
    }
    if incoming:
        row["incomingEdges"] = [
            {
                "sourceNodeId": edge.source,
                "sourceNodeOutputId": "0",
                "targetNodeInputId": str(place),
            }
            for place, edge in enumerate(incoming)
        ]
        row["inputsMetadata"] = [
            {
                "id": str(place),
                "attrs": [
                    {"key": key, "value": _text(value)} for key, value in edge.attributes.items()
                ],
            }
            for place, edge in enumerate(incoming)
            if edge.attributes
        ]
    return row


def _text(value: Attribute) -> str:
    return printable(value) if isinstance(value, str) else str(value)
