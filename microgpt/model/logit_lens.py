"""The logit lens: what a position would predict if the residual stream went to `lm_head` as it is.

Source: nostalgebraist 2020, "interpreting GPT: the logit lens". The model here has no last norm, so
nothing is put between the stream and `lm_head`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from microgpt.graph.graph import Graph
from microgpt.model.places import at_any_position, matrix_rows, position_name

HEAD_MATRIX = "lm_head"
_STAGE = re.compile(r"embed|(layer\d+/(?:attn|mlp))/residual")


@dataclass(frozen=True, slots=True)
class LensStage:
    """The residual stream of one position at one place."""

    name: str  # what was written last: `"embed"`, `"layer0/attn"`, `"layer0/mlp"`
    logits: tuple[float, ...]  # Shape: `[token]`; of the last stage those of the model, to the bit


def logit_lens(graph: Graph, position: int) -> tuple[LensStage, ...]:
    """What a position would predict after each block, in the order of the computation.

    Raises:
        GraphError: the graph has no such position.
    """
    rows = matrix_rows(graph, HEAD_MATRIX)
    position_scope = graph.scopes.find(position_name(position))
    stages = []
    for scope in graph.scopes:
        if not position_scope.start <= scope.start < position_scope.stop:
            continue
        match = _STAGE.fullmatch(at_any_position(scope.path))
        if match and scope.path != position_scope.path:
            stream = graph.data[graph.outputs_of(scope)].tolist()
            logits = tuple(_dot(row, stream) for row in rows)
            stages.append(LensStage(match[1] or "embed", logits))
    return tuple(stages)


def _dot(row: list[float], stream: list[float]) -> float:
    total = 0.0
    for weight, number in zip(row, stream, strict=True):
        total += weight * number  # from left to right, as the model adds
    return total
