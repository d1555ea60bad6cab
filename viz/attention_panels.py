"""The per-token attention graph: who reads from whom, a panel for each layer and head.

In a panel every token stands twice: as a source on the left, as a query on the right. A line runs
from each source to each query position that reads it, as wide and as opaque as its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphviz import Digraph

from microgpt import StepResult
from viz.dot import plain
from viz.fonts import set_font
from viz.maps.step_map import StepMap
from viz.style import HAIRLINE, INK, MUTED, PAPER
from viz.views.attention_weights import HeadAttention

Weights = Sequence[Sequence[float]]

ROW, GAP, PANEL_WIDTH, PANEL_GAP = 30, 46, 200, 76
"""Distances in the picture. Units: points."""

TOKEN_WIDTH = 44
WIDEST_LINE = 7.0
LINE_COLOR = "#0072b2"


@dataclass(frozen=True, slots=True)
class AttentionPattern:
    """What the picture needs of a document."""

    tokens: tuple[str, ...]  # labels of the tokens read. Shape: `[position]`.
    weights: Sequence[Sequence[Weights]]  # Shape: `[n_layer][n_head][position][source]`

    @classmethod
    def of(cls, result: StepResult, labels: Sequence[str]) -> AttentionPattern:
        """The attention of a training step; `labels` are its tokens', targets included."""
        return cls(tuple(labels[: len(result.position_losses)]), result.attention)

    @classmethod
    def of_map(cls, step_map: StepMap, tokens: Sequence[str]) -> AttentionPattern:
        """The attention of the graph that a Map is of; `tokens` are those of its columns."""
        heads: dict[tuple[int, int], list[Sequence[float]]] = {}
        for head in step_map.weights:
            heads.setdefault((head.layer or 0, head.head), []).append(head.weights)
        layers = sorted({layer for layer, _ in heads})
        return cls(
            tuple(tokens),
            [[rows for (layer, _), rows in sorted(heads.items()) if layer == at] for at in layers],
        )

    @classmethod
    def of_heads(cls, tokens: Sequence[str], heads: Iterable[HeadAttention]) -> AttentionPattern:
        """The attention of some heads, in the order of layers."""
        layers: dict[int, list[Weights]] = {}
        for head in heads:
            rows = [row[: at + 1] for at, row in enumerate(head.weights.tolist())]
            layers.setdefault(head.layer, []).append(rows)
        return cls(tuple(tokens), list(layers.values()))

    def weights_of(self, layer: int, head: int) -> Weights | None:
        """One head's weights, None if it has no such head. Shape: `[position][source]`."""
        if layer < len(self.weights) and head < len(self.weights[layer]):
            return self.weights[layer][head]
        return None


def attention_dot(pattern: AttentionPattern, caption: str = "") -> Digraph:
    """The picture as DOT with every position given; layers go down, heads across."""
    dot = Digraph("attention")
    dot.attr(  # nop2: Graphviz only draws, where it is told
        layout="nop2", splines="line", bgcolor=PAPER, pad="0.3", outputorder="edgesfirst",
        tooltip="attention",
    )  # fmt: skip
    set_font(dot)
    dot.attr("node", fontsize="12", fontcolor=INK, shape="plain")
    dot.attr("edge", arrowhead="none")
    if caption:
        _text_from(dot, "caption", caption, 0, 2.6 * ROW, size=16)
    top = 0.0
    for layer, heads in enumerate(pattern.weights):
        for head, weights in enumerate(heads):
            left = head * (PANEL_WIDTH + PANEL_GAP)
            name = f"l{layer}h{head}"
            middle = left + PANEL_WIDTH / 2
            _text(dot, f"{name}t", f"layer {layer} · head {head}", middle, top + 1.4 * ROW, size=13)
            _text(dot, f"{name}to", "→", middle, top + 0.75 * ROW, size=11)
            for side, x in (("source", left), ("query", left + PANEL_WIDTH)):
                _text(dot, f"{name}{side}", side, x, top + 0.75 * ROW, size=9)
            _panel(dot, name, left, top, pattern.tokens, weights)
        top -= (len(pattern.tokens) + 1) * ROW + GAP
    _legend(dot, top + GAP + ROW / 2)
    return dot


def _panel(
    dot: Digraph, name: str, left: float, top: float, tokens: Sequence[str], weights: Weights
) -> None:
    for place, token in enumerate(tokens):
        y = top - place * ROW
        for side, x in (("s", left), ("q", left + PANEL_WIDTH)):
            dot.node(
                f"{name}{side}{place}", plain(token), pos=f"{x:g},{y:g}!", shape="box",
                fixedsize="true", style="rounded,filled", fillcolor="#f3f5f9", color=HAIRLINE,
                width=f"{TOKEN_WIDTH / 72:.3f}", height="0.3", tooltip=f"position {place}",
            )  # fmt: skip
    for query, row in enumerate(weights):
        for source, weight in enumerate(row):
            dot.edge(
                f"{name}s{source}:e", f"{name}q{query}:w", **line_style(weight),
                edgetooltip=f"{plain(tokens[query])} (position {query}) reads "
                f"{plain(tokens[source])} (position {source}): {float(weight)!r}",
            )  # fmt: skip


def line_style(weight: float) -> dict[str, str]:
    """Graphviz attributes of a line: wider and more opaque, the larger the weight."""
    shown = min(1.0, max(0.0, weight)) if weight == weight else 1.0  # noqa: PLR0124  # nan
    return {
        "penwidth": f"{0.3 + WIDEST_LINE * shown:.2f}",
        "color": f"{LINE_COLOR}{round(20 + 235 * shown):02x}",
    }


def _legend(dot: Digraph, y: float) -> None:
    """Lines of three weights, and which way to read them."""
    for place, weight in enumerate((0.1, 0.5, 1.0)):
        x = 64 * place - TOKEN_WIDTH / 2
        for end, at in (("from", x), ("to", x + 24)):
            dot.node(f"w{place}{end}", "", pos=f"{at:g},{y:g}!", shape="point", style="invis",
                     width="0.01", height="0.01")  # fmt: skip
        dot.edge(f"w{place}from", f"w{place}to", **line_style(weight))
        _text_from(dot, f"w{place}", f"{weight:g}", x + 30 + TOKEN_WIDTH / 2, y, size=9)
    text = "A query position reads its sources, itself included; the weights of a query sum to 1."
    _text_from(dot, "legend", text, 0, y - 18, size=9)


def _text(dot: Digraph, name: str, text: str, x: float, y: float, *, size: int) -> None:
    """Text in the middle of a place."""
    dot.node(name, plain(text), pos=f"{x:g},{y:g}!", fontsize=str(size), fontcolor=MUTED)


def _text_from(dot: Digraph, name: str, text: str, left: float, y: float, *, size: int) -> None:
    """Text that begins at the left side of the token boxes of a column."""
    width = 0.62 * size * len(text)  # enough: Graphviz puts the middle of a node at its place
    dot.node(
        name, f"{plain(text)}\\l", pos=f"{left - TOKEN_WIDTH / 2 + width / 2:g},{y:g}!",
        shape="box", penwidth="0", margin="0", fixedsize="true", width=f"{width / 72:.3f}",
        height=f"{size / 60:.3f}", fontsize=str(size), fontcolor=MUTED,
    )  # fmt: skip
