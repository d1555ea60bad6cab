"""The logit lens: what a position would predict if the residual stream went to `lm_head` as it is.

Source: nostalgebraist 2020, "interpreting GPT: the logit lens". The model here has no last norm, so
nothing is put between the stream and `lm_head`.
"""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.graph.graph import Graph
from microgpt.model.places import matrix_rows, position_name, stream_scopes

HEAD_MATRIX = "lm_head"


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
    around = graph.scopes.find(position_name(position))
    stages = []
    for block, scopes in stream_scopes(graph).items():
        after = next(after for _, after in scopes if around.start <= after.start < around.stop)
        stream = graph.data[graph.outputs_of(after)].tolist()
        stages.append(LensStage(block, tuple(_dot(row, stream) for row in rows)))
    return tuple(stages)


def _dot(row: list[float], stream: list[float]) -> float:
    total = 0.0
    for weight, number in zip(row, stream, strict=True):
        total += weight * number  # from left to right, as the model adds
    return total
