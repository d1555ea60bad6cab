"""Attention as something drawn: its panels, the weights as data, who reads whom as a network."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

from microgpt.printable import printable
from viz.attention_panels import AttentionPattern, attention_dot
from viz.drawn import Drawn
from viz.kinds import ATTENTION, ATTENTION_HEATMAPS
from viz.network import Network, NetworkEdge, NetworkNode
from viz.render import render
from viz.svg_titles import with_description
from viz.views.subject import ViewSubject
from viz.views.table import DrawnView, Page
from viz.views.themes import LIGHT

MOST_LINES = 32
"""Positions of a text that is drawn with a line for each weight; more would be a tangle."""
VERSION = 1
"""Of the JSON."""


def drawn_attention(pattern: AttentionPattern, caption: str = "") -> Drawn:
    """The attention weights of a document.

    Args:
        caption: what they are of.
    """
    title = caption or "attention"
    dot = cache(lambda: attention_dot(pattern, caption))
    heads = sum(map(len, pattern.weights))
    about = (
        f"Attention of {len(pattern.tokens)} positions: {heads} heads, in each a line from every "
        "source to every position that reads it, as wide as its weight, which it tells in full."
    )
    return Drawn(
        kind=ATTENTION,
        title=title,
        svg=lambda: with_description(render(dot()), about, printable(title)),
        dot=lambda: str(dot().source),
        json=lambda: attention_json(pattern, caption),
        network=lambda: attention_network(pattern, title),
        smaller=lambda: "a shorter text has fewer",
    )


def drawn_heatmaps(pattern: AttentionPattern, subject: ViewSubject, caption: str = "") -> Drawn:
    """The same weights as heatmaps, which hold long texts and need no Graphviz."""

    def svg() -> str:
        view = DrawnView.of("attention", [subject])
        return view.svg(Page(LIGHT, caption))

    return replace(drawn_attention(pattern, caption), kind=ATTENTION_HEATMAPS, svg=svg, dot=None)


def attention_json(pattern: AttentionPattern, caption: str = "") -> str:
    """The tokens, and the weights of each head, one head a line, floats in full precision."""
    heads = ",\n".join(
        json.dumps(
            {
                "layer": layer,
                "head": head,
                "weights": [[_finite(float(weight)) for weight in row] for row in rows],
            }
        )
        for layer, of_layer in enumerate(pattern.weights)
        for head, rows in enumerate(of_layer)
    )
    tokens = json.dumps(list(pattern.tokens), ensure_ascii=False)
    title = json.dumps(caption, ensure_ascii=False)
    head = f'"version": {VERSION},\n"title": {title},\n"tokens": {tokens}'
    return f'{{{head},\n"heads": [\n{heads}\n]}}\n'


def attention_network(pattern: AttentionPattern, title: str) -> Network:
    """Positions, and an edge from each source to each position that reads it, for every head."""
    nodes = tuple(
        NetworkNode(str(position), f"{position} {token}", "", {"position": position})
        for position, token in enumerate(pattern.tokens)
    )
    edges = tuple(
        NetworkEdge(
            str(source), str(query), f"{layer}.{head}: {weight:.0%}", source,
            {"layer": layer, "head": head, "weight": float(weight)},
        )
        for layer, heads in enumerate(pattern.weights)
        for head, rows in enumerate(heads)
        for query, weights in enumerate(rows)
        for source, weight in enumerate(weights)
    )  # fmt: skip
    return Network(title, nodes, edges)


def _finite(weight: float) -> float | str:
    return weight if abs(weight) < float("inf") else str(weight)
