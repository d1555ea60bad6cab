"""A small network as a Mermaid flowchart, which Markdown of many hosts draws."""

from __future__ import annotations

import json
from itertools import groupby

from microgpt.errors import InputError
from microgpt.printable import printable
from viz.drawn import Drawn
from viz.network import Network

MOST_EDGES, MOST_CHARACTERS = 500, 50_000
"""Mermaid draws no more, unless it is told to (`maxEdges`, `maxTextSize`)."""


def drawn_mermaid(drawn: Drawn) -> bytes:
    """The nodes and edges of what is drawn, nodes that lie in one place side by side in a frame.

    Raises:
        InputError: they are more than Mermaid draws.
    """
    network: Network = drawn.part("network")
    names = {node.key: f"n{place}" for place, node in enumerate(network.nodes)}
    title = json.dumps(printable(network.title), ensure_ascii=False)  # which is YAML, too
    lines = ["---", f"title: {title}", "---", "flowchart LR"]
    for namespace, nodes in groupby(network.nodes, lambda node: node.namespace):
        inside = "  " if namespace else ""
        if namespace:
            lines.append(f"  subgraph s{len(lines)} [{_quoted(namespace)}]")
        lines += [f"  {inside}{names[node.key]}[{_quoted(node.label)}]" for node in nodes]
        if namespace:
            lines.append("  end")
    for edge in network.edges:
        label = f"|{_quoted(edge.label)}|" if edge.label else ""
        lines.append(f"  {names[edge.source]} -->{label} {names[edge.target]}")
    text = "\n".join((*lines, ""))
    if len(network.edges) > MOST_EDGES or len(text) > MOST_CHARACTERS:
        raise InputError(
            f"{len(network.edges):,} edges in {len(text):,} characters are too many for Mermaid, "
            f"which draws {MOST_EDGES:,} in {MOST_CHARACTERS:,}: .svg and .graphml hold them"
            f"{drawn.or_smaller}"
        )
    return text.encode()


_CODES = str.maketrans({char: f"#{ord(char)};" for char in '"#&<>`\\'})


def _quoted(text: str) -> str:
    """A label in which no character means anything."""
    return f'"{printable(text).translate(_CODES)}"'
