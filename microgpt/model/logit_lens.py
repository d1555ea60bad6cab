"""The logit lens: what a position would predict if the residual stream went to `lm_head` as it is.

Source: nostalgebraist 2020, "interpreting GPT: the logit lens". The model here has no last norm, so
nothing is put between the stream and `lm_head`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from microgpt.graph.graph import Graph
from microgpt.model.places import matrix_rows, position_name, stream_scopes

HEAD_MATRIX = "lm_head"


@dataclass(frozen=True, slots=True)
class LensStage:
    """The residual stream of one position at one place."""

    name: str  # what was written last: `"embed"`, `"layer0/attn"`, `"layer0/mlp"`
    logits: tuple[float, ...]  # Shape: `[token]`; of the last stage those of the model, to the bit


def logit_lens(graph: Graph, positions: Sequence[int]) -> list[tuple[LensStage, ...]]:
    """What each position would predict after each block, in the order of the computation.

    Raises:
        GraphError: the graph has no such position.
    """
    rows = matrix_rows(graph, HEAD_MATRIX)
    streams = stream_scopes(graph)
    found = []
    for position in positions:
        around = graph.scopes.find(position_name(position))
        stages = []
        for block, scopes in streams.items():
            after = next(after for _, after in scopes if around.start <= after.start < around.stop)
            stream = graph.data[graph.outputs_of(after)].tolist()
            stages.append(LensStage(block, tuple(dot(row, stream) for row in rows)))
        found.append(tuple(stages))
    return found


def dot(row: Sequence[float], vector: Sequence[float]) -> float:
    """A sum of products from left to right, as the model adds."""
    total = 0.0
    for a, b in zip(row, vector, strict=True):
        total += a * b
    return total
