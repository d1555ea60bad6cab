"""How often the relu's units fire in documents, by forward passes with numpy."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from microgpt.graph.arrays import Ints, frozen
from microgpt.model.parameters import ModelConfig
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.vectors.forward import ModelMatrices, vector_pass


def fired_units(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> tuple[Ints, ...] | None:
    """At how many positions each unit gives more than 0. Shape: `[n_layer][4 n_embd]`.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        documents: the tokens of each, as many as are read and one.

    Returns:
        None if a number is not finite.
    """
    matrices = ModelMatrices.of(np.frombuffer(data), model, tokenizer.vocab_size)
    fired = [np.zeros(4 * model.n_embd, np.int64) for _ in range(model.n_layer)]
    with np.errstate(all="ignore"):  # what is not finite is looked for
        for tokens in documents:
            done = vector_pass(matrices, tokens, model)
            if done is None:
                return None
            for place, layer in enumerate(done.layers):
                fired[place] += (layer.hidden > 0).sum(axis=0)
    return tuple(map(frozen, fired))
