"""Both passes of a document on vectors, for texts whose graph would have millions of nodes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, frozen
from microgpt.model.adam import MAX_GRAD, TrainingConfig
from microgpt.model.parameters import ModelConfig
from microgpt.model.training_state import TrainingState
from microgpt.text.tokenizer import Tokenizer
from microgpt.train.engines.vectors.adam_update import adam_update
from microgpt.train.engines.vectors.both_passes import both_passes


@dataclass(frozen=True, slots=True)
class LayerAttention:
    """The attention of one layer, each number to the bit what the document's graph has."""

    q: Floats  # Shape: `[head][position][head_dim]`.
    k: Floats  # Shape: `[head][position][head_dim]`.
    weights: Floats  # 0 where a source comes after its reader. Shape: `[head][position][source]`.
    weight_grads: Floats  # of the mean loss; likewise. Units: nats. Shape: as of the weights.


@dataclass(frozen=True, slots=True)
class DocumentPass:
    """What is kept of it."""

    layers: tuple[LayerAttention, ...]
    grads: Floats  # of every parameter, in the order of `Parameters.flat`; 0 of rows not read


def document_pass(
    model: ModelConfig, tokenizer: Tokenizer, data: array[float], tokens: Sequence[int]
) -> DocumentPass | None:
    """The passes of a document, None if a number is not finite.

    Args:
        data: every parameter's value, in the order of `Parameters.flat`.
        tokens: as many as are read, and one.
    """
    done = both_passes(model, tokenizer.vocab_size, data, tokens)
    if done is None:
        return None
    read = np.tri(len(tokens) - 1, dtype=np.bool_)
    layers = tuple(
        LayerAttention(
            frozen(layer.q.transpose(1, 2, 0)),
            frozen(layer.k.transpose(1, 2, 0)),
            frozen(layer.softmax.out),
            frozen(np.where(read, grads_of.weights, 0.0)),
        )
        for layer, grads_of in zip(done.forward.layers, done.grads.layers, strict=True)
    )
    return DocumentPass(layers, frozen(done.parameter_grads))


@dataclass(frozen=True, slots=True)
class AdamStep:
    """What an update leaves. Each in the order of `Parameters.flat`."""

    data: Floats  # every parameter after it
    m: Floats  # the first moments that it used, its gradients taken in
    v: Floats  # the second moments, likewise


def adam_step(state: TrainingState, config: TrainingConfig, grads: Floats) -> AdamStep | None:
    """Adam's next update, None if a gradient is too large for one.

    Args:
        state: before it; nothing in it is changed.
        grads: of every parameter.
    """
    if not (np.abs(grads) <= MAX_GRAD).all():  # nan is not, either
        return None
    data, m, v = (np.array(numbers) for numbers in (state.data, state.m, state.v))
    with np.errstate(all="ignore"):  # roots of 0 are looked after
        adam_update(data, m, v, grads, config.rates_at(state.step + 1))
    return AdamStep(frozen(data), frozen(m), frozen(v))
