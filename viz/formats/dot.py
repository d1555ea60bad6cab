"""DOT text: of a picture that is laid out by Graphviz its own, else of its nodes and edges."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from graphviz import Digraph

from viz.dot import plain
from viz.drawn import Drawn
from viz.network import Attribute, Network


def drawn_dot(drawn: Drawn) -> bytes:
    """What is drawn as DOT."""
    if drawn.dot is not None:
        text: str = drawn.part("dot")
        return text.encode()
    return network_dot(drawn.part("network")).encode()


def network_dot(network: Network) -> str:
    """Nodes and edges as DOT, what lies in one place in a frame; attributes are in tooltips."""
    dot = Digraph("microgpt")
    dot.attr(rankdir="LR", label=plain(network.title), labelloc="t")
    dot.attr("node", shape="box", style="rounded")
    names = {node.key: f"n{place}" for place, node in enumerate(network.nodes)}
    frames = groupby(network.nodes, lambda node: node.namespace)
    for place, (namespace, nodes) in enumerate(frames):
        part = Digraph(f"cluster{place}") if namespace else dot
        if namespace:
            part.attr(label=plain(namespace))
        for node in nodes:
            tooltip = plain(_told(node.attributes)) or plain(node.label)
            part.node(names[node.key], plain(node.label), tooltip=tooltip)
        if namespace:
            dot.subgraph(part)
    for edge in network.edges:
        dot.edge(
            names[edge.source], names[edge.target], plain(edge.label),
            edgetooltip=plain(_told(edge.attributes)),
        )  # fmt: skip
    source: str = dot.source
    return source


def _told(attributes: Mapping[str, Attribute]) -> str:
    return ", ".join(f"{name} {value}" for name, value in attributes.items())
