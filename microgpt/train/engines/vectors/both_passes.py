"""Forward and backward pass of one document on vectors."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from microgpt.graph.arrays import Floats
from microgpt.model.parameters import ModelConfig
from microgpt.train.engines.vectors.backward import VectorGrads, set_grads
from microgpt.train.engines.vectors.forward import ModelMatrices, VectorPass, vector_pass


class BothPasses(NamedTuple):
    """What they computed."""

    forward: VectorPass
    grads: VectorGrads
    parameter_grads: Floats  # in the order of `Parameters.flat`; 0 of rows not read


def both_passes(
    model: ModelConfig, vocab_size: int, data: array[float], tokens: Sequence[int]
) -> BothPasses | None:
    """Computes them, None if a number is not finite.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        tokens: as many as are read, and one.
    """
    matrices = ModelMatrices.of(np.frombuffer(data), model, vocab_size)
    flat = np.zeros(len(data))
    with np.errstate(all="ignore"):  # what is not finite is looked for
        done = vector_pass(matrices, tokens, model)
        if done is None:
            return None
        into = ModelMatrices.of(flat, model, vocab_size)
        return BothPasses(done, set_grads(into, done, matrices, tokens, model), flat)
