"""The residual stream of a document's graph: what each block adds to it, and what it is then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.model.places import stream_scopes


@dataclass(frozen=True, eq=False)
class StreamState:
    """The stream after the embedding or a block, at all positions."""

    block: str  # `embed`, `layer0/attn`, `layer0/mlp`
    written: Ints  # the nodes of what the block adds. Shape: `[position][n_embd]`.
    after: Ints  # those of the stream after that. Shape: `[position][n_embd]`.


def stream_states(graph: Graph) -> tuple[StreamState, ...]:
    """The stream after each block, first to last.

    Raises:
        InputError: the graph has no scopes by which it can be found.
    """
    states = tuple(
        StreamState(
            block,
            np.stack([graph.outputs_of(writer) for writer, _ in scopes]),
            np.stack([graph.outputs_of(after) for _, after in scopes]),
        )
        for block, scopes in stream_scopes(graph).items()
    )
    if not states:
        raise InputError(
            "this computation has no residual stream: its scopes are not those of microgpt's model"
        )
    return states


def applied(matrix: Floats, vectors: Floats) -> Floats:
    """matrix @ vector of each vector, in the order of the model's own sums, to the bit.

    Shape: `[row][column]` and `[...][column]`, result `[...][row]`.
    """
    total = np.zeros((*vectors.shape[:-1], len(matrix)))
    for column in range(matrix.shape[1]):
        total += matrix[:, column] * vectors[..., column, np.newaxis]
    return total
