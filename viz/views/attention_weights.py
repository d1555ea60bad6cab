"""The numbers of view `attention`: every head's weights and their gradients, however long a text.

Of microgpt's model they come from whole vectors, which have to the bit what a Graph has; of any
other computation from its Graph, where heads are found as the Map finds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints, frozen
from microgpt.graph.graph import Graph
from viz.maps.step_map import StepMap
from viz.views.positions import existing
from viz.views.subject import ViewSubject
from viz.views.table import Choices

TOP = 3
"""Sources of the selected position that arcs are drawn to, a head."""


@dataclass(frozen=True, eq=False)
class HeadAttention:
    """Whom one head reads."""

    layer: int
    head: int  # counted from 0 within its layer
    weights: Floats  # 0 where a source is not read. Shape: `[position][source]`.
    grads: Floats  # of the loss by each weight; likewise. Shape: `[position][source]`.

    @property
    def name(self) -> str:
        """What to call it."""
        return f"layer {self.layer} · head {self.head}"

    def strongest(self, position: int, count: int) -> Ints:
        """The sources that a position reads most, these first; of equal ones the earlier."""
        row = self.weights[position]
        order = np.argsort(-row, kind="stable")[:count]
        strongest: Ints = order[row[order] > 0]
        return strongest


@dataclass(frozen=True, eq=False)
class AttentionHeads:
    """Of all heads, or of those that were chosen."""

    tokens: tuple[str, ...]  # that are read. Shape: `[position]`.
    heads: tuple[HeadAttention, ...]  # by layer, then by head
    position: int  # the selected one
    top: int  # how many of its sources stand out in each head
    is_one: bool  # whether one head was asked for

    @classmethod
    def of(cls, subjects: Sequence[ViewSubject], choices: Choices) -> AttentionHeads:
        """Of the last subject.

        Raises:
            InputError: there is no attention, or no such layer, head or position.
        """
        subject = subjects[-1]
        if subject.given is None and subject.model is not None:
            tokens, heads = [*subject.tokens[:-1]], heads_of_model(subject)
        else:
            tokens, heads = _of_graph(subject.graph, subject.tokens)
        kept = chosen_heads(heads, choices.layer, choices.head)
        n = len(tokens)
        position = n - 1 if choices.position is None else existing(choices.position, n)
        return cls(
            tuple(tokens), kept, position, choices.top or TOP,
            choices.head is not None and len(kept) == 1,
        )  # fmt: skip


def chosen_heads(
    heads: Sequence[HeadAttention], layer: int | None, head: int | None
) -> tuple[HeadAttention, ...]:
    """Those of a layer and a number, all where neither is given.

    Raises:
        InputError: there is none.
    """
    layers = sorted({each.layer for each in heads})
    if layer is not None and layer not in layers:
        raise InputError(f"--layer {layer}: there are layers {layers[0]} to {layers[-1]}")
    kept = [each for each in heads if layer in {None, each.layer}]
    numbers = sorted({each.head for each in kept})
    if head is not None and head not in numbers:
        raise InputError(f"--head {head}: there are heads {numbers[0]} to {numbers[-1]}")
    return tuple(each for each in kept if head in {None, each.head})


def heads_of_model(subject: ViewSubject) -> list[HeadAttention]:
    """All heads of the model's pass over a text, by layer."""
    return [
        HeadAttention(number, head, layer.weights[head], layer.weight_grads[head])
        for number, layer in enumerate(subject.passed.layers)
        for head in range(len(layer.weights))
    ]


def _of_graph(graph: Graph, labels: Sequence[str]) -> tuple[list[str], list[HeadAttention]]:
    """The heads of any computation, its columns for positions."""
    step_map = StepMap.of(graph)
    names = step_map.grid.labels
    n = len(names)
    tokens = [
        labels[column] if column < len(labels) else name or str(column)
        for column, name in enumerate(names)
    ]
    found: dict[tuple[int, int], tuple[Floats, Floats]] = {}
    for read in step_map.weights:
        key = (read.layer or 0, read.head)
        weights, grads = found.setdefault(key, (np.zeros((n, n)), np.zeros((n, n))))
        weights[read.column, read.sources] = read.weights
        grads[read.column, read.sources] = graph.grad[list(read.nodes)]
    if not found:
        raise InputError("this computation has no attention: no weights by which columns are read")
    return tokens, [
        HeadAttention(layer, head, frozen(weights), frozen(grads))
        for (layer, head), (weights, grads) in sorted(found.items())
    ]


def attention_as_json(shown: AttentionHeads) -> Mapping[str, Any]:
    """Every weight and gradient, a list for each position with as many as it may read."""
    return {
        "columns": [{"position": at, "token": token} for at, token in enumerate(shown.tokens)],
        "heads": [
            {
                "layer": head.layer, "head": head.head,
                "weights": _triangle(head.weights), "weight_grads": _triangle(head.grads),
            }
            for head in shown.heads
        ],
    }  # fmt: skip


def _triangle(numbers: Floats) -> list[list[float]]:
    return [row[: place + 1] for place, row in enumerate(numbers.tolist())]


def attention_lines(shown: AttentionHeads, width: int) -> list[str]:
    """In words: whom the selected position reads most, head by head."""
    token = shown.tokens[shown.position]
    lines = [f"position {shown.position} {token} reads"]
    for head in shown.heads:
        parts = [
            f"{source} {shown.tokens[source]} {100 * head.weights[shown.position, source]:.3g}%"
            for source in head.strongest(shown.position, max(shown.top, 5)).tolist()
        ]
        line = f"  {head.name}: {', '.join(parts)}"
        lines.append(line if len(line) <= width else f"{line[: width - 1]}…")
    return lines
