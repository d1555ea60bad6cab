"""Attention weights of documents by forward passes with numpy, to the bits of `Value`."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from microgpt.model.parameters import ModelConfig
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.vectors.forward import ModelMatrices, vector_pass


def attention_of_documents(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> list[list[list[list[list[float]]]]]:
    """Weights, 0 for what comes later. Shape: `[document][n_layer][n_head][position][source]`.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        documents: the tokens of each, as many as are read and one.

    Returns:
        Fewer than there are documents if a number of the next one is not finite.
    """
    matrices = ModelMatrices.of(np.frombuffer(data), model, tokenizer.vocab_size)
    found = []
    with np.errstate(all="ignore"):  # what is not finite is looked for
        for tokens in documents:
            done = vector_pass(matrices, tokens, model)
            if done is None:
                break
            found.append([layer.softmax.out.tolist() for layer in done.layers])
    return found
