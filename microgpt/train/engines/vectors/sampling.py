"""Drawing a document with numpy: the forward pass, a position at a time.

Keys and values of the positions so far are kept; so a position is some thirty calls of numpy.
"""

from __future__ import annotations

from array import array
from bisect import bisect
from collections.abc import Iterator, Sequence

import numpy as np

from microgpt.graph.arrays import Floats
from microgpt.model.parameters import ModelConfig
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.vectors.forward import (
    ModelMatrices,
    VectorPass,
    matrix_output,
    rmsnorm,
    softmax_of,
    vector_pass,
)
from microgpt.train.engines.vectors.sums import sum_of_products


def draw_document(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    given: Sequence[int],
    uniforms: Sequence[float],
    inverse_temperature: float,
    top_k: int = 0,
) -> list[int] | None:
    """Draws the tokens of a document, until BOS or the block is full.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        given: the tokens that it begins with, after BOS.
        uniforms: numbers from 0 to 1, one for each token drawn.
        inverse_temperature: what logits are multiplied by; 0 takes the likeliest token, the first
            of several.
        top_k: only the so many likeliest are drawn, of equal logits the first; 0 for all.

    Returns:
        The tokens, those given included and BOS left out; None if logits or probabilities are not
        finite.
    """
    matrices = ModelMatrices.of(np.frombuffer(data), model, tokenizer.vocab_size)
    tokens: list[int] = []
    with np.errstate(all="ignore"):  # what is not finite is looked for
        memory = _Memory(model)
        token = tokenizer.bos
        for pos in range(model.block_size):
            x = memory.passed(token, pos, matrices)
            if pos < len(given):
                token = given[pos]
            else:
                logits = matrix_output(x, matrices.lm_head)[0]
                if not np.isfinite(logits).all():
                    return None
                if inverse_temperature == 0.0:
                    token = int(logits.argmax())
                else:
                    weights = softmax_of(logits * inverse_temperature).out
                    if top_k:
                        weights[np.argsort(-logits, kind="stable")[top_k:]] = 0.0
                    sums = np.add.accumulate(weights).tolist()
                    if not np.isfinite(sums[-1]):
                        return None
                    sought = uniforms[pos - len(given)] * sums[-1]  # as `random.Random.choices`
                    token = bisect(sums, sought, 0, len(sums) - 1)
            if token == tokenizer.bos:
                break
            tokens.append(token)
    return tokens


class _Memory:
    """Keys and values of the positions so far."""

    def __init__(self, model: ModelConfig) -> None:
        self._model = model
        shape = (model.n_layer, model.block_size, model.n_head, model.head_dim)
        self._keys, self._values = np.empty(shape), np.empty(shape)

    def passed(self, token: int, pos: int, matrices: ModelMatrices) -> Floats:
        """What lm_head reads at the position; keys and values are kept. Shape: `[1][n_embd]`."""
        model, now = self._model, slice(pos + 1)
        x = rmsnorm((matrices.wte[token] + matrices.wpe[pos])[np.newaxis]).out
        for layer in range(model.n_layer):
            qkv = matrix_output(rmsnorm(x).out, matrices.qkv[layer])
            q, self._keys[layer, pos], self._values[layer, pos] = qkv.reshape(
                3, model.n_head, model.head_dim
            )
            keys = self._keys[layer, now].transpose(2, 1, 0)  # [head_dim][head][source]
            scores = sum_of_products(keys, q.T[:, :, np.newaxis])
            weights = softmax_of(scores * (model.head_dim**0.5) ** -1).out
            mixed = sum_of_products(self._values[layer, now], weights.T[:, :, np.newaxis])
            x = matrix_output(mixed.reshape(1, -1), matrices.wo[layer]) + x
            hidden = matrix_output(rmsnorm(x).out, matrices.fc1[layer])
            x = matrix_output(np.where(hidden > 0, hidden, 0.0), matrices.fc2[layer]) + x
        return x


def losses_of_documents(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> list[float]:
    """Mean loss of each; fewer if a number of the next one is not finite. Units: nats."""
    return [done.loss for done in _passes(model, tokenizer, data, documents)]


def losses_of_positions(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> list[list[float]]:
    """Losses of each document's positions; fewer, likewise. Shape: `[document][position]`."""
    return [done.losses.tolist() for done in _passes(model, tokenizer, data, documents)]


def _passes(
    model: ModelConfig,
    tokenizer: Tokenizer,
    data: array[float],
    documents: Sequence[Sequence[int]],
) -> Iterator[VectorPass]:
    """Forward passes, up to the first in which a number is not finite."""
    matrices = ModelMatrices.of(np.frombuffer(data), model, tokenizer.vocab_size)
    for tokens in documents:
        with np.errstate(all="ignore"):  # what is not finite is looked for
            done = vector_pass(matrices, tokens, model)
        if done is None:
            return
        yield done
