"""Attention of a whole document from vectors, for texts whose graph has millions of nodes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, frozen
from microgpt.model.parameters import ModelConfig
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.vectors.backward import set_grads
from microgpt.train.engines.vectors.forward import ModelMatrices, vector_pass


@dataclass(frozen=True, slots=True)
class LayerAttention:
    """The attention of one layer, each number to the bit what the document's graph has."""

    q: Floats  # Shape: `[head][position][head_dim]`.
    k: Floats  # Shape: `[head][position][head_dim]`.
    weights: Floats  # 0 where a source comes after its reader. Shape: `[head][position][source]`.
    weight_grads: Floats  # of the mean loss; likewise. Units: nats. Shape: as of the weights.


def document_attention(
    model: ModelConfig, tokenizer: Tokenizer, data: array[float], tokens: Sequence[int]
) -> tuple[LayerAttention, ...] | None:
    """The attention of each layer, None if a number is not finite.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        tokens: as many as are read, and one.
    """
    matrices = ModelMatrices.of(np.frombuffer(data), model, tokenizer.vocab_size)
    grads = ModelMatrices.of(np.zeros(len(data)), model, tokenizer.vocab_size)
    with np.errstate(all="ignore"):  # what is not finite is looked for
        done = vector_pass(matrices, tokens, model)
        if done is None:
            return None
        weight_grads = set_grads(grads, done, matrices, tokens, model)
    read = np.tri(len(tokens) - 1, dtype=np.bool_)
    return tuple(
        LayerAttention(
            frozen(layer.q.transpose(1, 2, 0)),
            frozen(layer.k.transpose(1, 2, 0)),
            frozen(layer.softmax.out),
            frozen(np.where(read, of_weights, 0.0)),
        )
        for layer, of_weights in zip(done.layers, weight_grads, strict=True)
    )
