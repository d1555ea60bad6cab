"""The model's forward pass on whole arrays: one document, all positions at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, Mask
from microgpt.model.parameters import RMSNORM_EPS, ModelConfig
from microgpt.train.engines.vectors.sums import mapped, powers, sum_of, sum_of_products


@dataclass(frozen=True, slots=True)
class ModelMatrices:
    """Views of flat parameters, or of their gradients, as matrices. Shape: `[rows][cols]`."""

    wte: Floats
    wpe: Floats
    lm_head: Floats
    qkv: tuple[Floats, ...]  # of each layer; attn_wq, attn_wk and attn_wv, which lie side by side
    wo: tuple[Floats, ...]
    fc1: tuple[Floats, ...]
    fc2: tuple[Floats, ...]

    @classmethod
    def of(cls, flat: Floats, model: ModelConfig, vocab_size: int) -> ModelMatrices:
        """The matrices of a model, whose numbers lie as they are drawn."""
        n, start = model.n_embd, 0

        def next_matrix(rows: int, cols: int) -> Floats:
            nonlocal start
            start += rows * cols
            return flat[start - rows * cols : start].reshape(rows, cols)

        wte, wpe = next_matrix(vocab_size, n), next_matrix(model.block_size, n)
        lm_head = next_matrix(vocab_size, n)
        layers = [
            (next_matrix(3 * n, n), next_matrix(n, n), next_matrix(4 * n, n), next_matrix(n, 4 * n))
            for _ in range(model.n_layer)
        ]
        qkv, wo, fc1, fc2 = zip(*layers, strict=True)
        return cls(wte, wpe, lm_head, qkv, wo, fc1, fc2)


@dataclass(frozen=True, slots=True)
class Norm:
    """An rmsnorm."""

    x: Floats  # what it is taken of. Shape: `[position][n_embd]`.
    scale: Floats  # Shape: `[position]`.
    scale_slope: Floats  # d scale / d (mean square). Shape: `[position]`.
    out: Floats  # Shape: `[position][n_embd]`.


@dataclass(frozen=True, slots=True)
class Softmax:
    """A softmax over some rows."""

    exps: Floats  # Shape: `[...][score]`.
    inverse: Floats  # one over their sum. Shape: `[...]`.
    inverse_slope: Floats  # d inverse / d sum. Shape: `[...]`.
    out: Floats  # Shape: `[...][score]`.


@dataclass(frozen=True, slots=True)
class LayerPass:
    """What one layer computes."""

    attn_norm: Norm
    q: Floats  # Shape: `[head_dim][head][position]`, as are k and v.
    k: Floats
    v: Floats
    softmax: Softmax  # its output are the attention weights. Shape: `[head][position][source]`.
    mixed: Floats  # the heads' outputs. Shape: `[position][n_embd]`.
    mlp_norm: Norm
    hidden: Floats  # after the relu. Shape: `[position][4 n_embd]`.


@dataclass(frozen=True, slots=True)
class VectorPass:
    """What the forward pass of a document computes."""

    embedding: Norm
    layers: tuple[LayerPass, ...]
    stream: Floats  # what lm_head reads. Shape: `[position][n_embd]`.
    softmax: Softmax  # of the next token. Shape: `[position][token]`.
    target_probs: Floats  # of the tokens that came. Shape: `[position]`.
    losses: Floats  # Units: nats. Shape: `[position]`.
    loss: float  # their mean. Units: nats.


def vector_pass(
    matrices: ModelMatrices, tokens: Sequence[int], model: ModelConfig
) -> VectorPass | None:
    """The forward pass of a document, None if a number is not finite.

    Args:
        tokens: as many as are read, and one.
    """
    read, targets = np.array(tokens[:-1]), np.array(tokens[1:])
    p = len(read)
    embedding = rmsnorm(matrices.wte[read] + matrices.wpe[:p])
    x = embedding.out
    layers = []
    for layer in range(model.n_layer):
        layers.append(_layer(x, matrices, layer, model))
        x = layers[-1].mlp_norm.x + matrix_output(layers[-1].hidden, matrices.fc2[layer])
    last = softmax_of(matrix_output(x, matrices.lm_head))
    probs = last.out[np.arange(p), targets]
    if not ((probs > 0).all() and all(np.isfinite(each.softmax.inverse).all() for each in layers)):
        return None  # nan is not more than 0, either
    losses = -mapped(math.log, probs)
    total = 0.0
    for each in losses.tolist():
        total += each
    if not math.isfinite(loss := total * (1 / p)):
        return None
    return VectorPass(embedding, tuple(layers), x, last, probs, losses, loss)


def matrix_output(x: Floats, matrix: Floats) -> Floats:
    """matrix @ x at every position. Shape: `[position][cols]` and `[rows][cols]`."""
    columns = np.ascontiguousarray(matrix.T)
    return sum_of_products(x.T[:, :, np.newaxis], columns[:, np.newaxis, :])


def rmsnorm(x: Floats) -> Norm:
    """Of every position's vector. Shape: `[position][n_embd]`."""
    mean_square = sum_of((x * x).T) * float(x.shape[1]) ** -1 + RMSNORM_EPS
    scale = powers(mean_square, -0.5)
    return Norm(x, scale, -0.5 * powers(mean_square, -1.5), x * scale[:, np.newaxis])


def softmax_of(scores: Floats, counts: Mask | None = None) -> Softmax:
    """Along the last axis. Shape: `[...][score]`.

    Args:
        counts: which scores do; the others are -inf. Shape: the last of `scores`.
    """
    shifted = scores + -scores.max(axis=-1, keepdims=True)
    if counts is None:
        exps = mapped(math.exp, shifted)
    else:  # what is far more than half of the time, done for half of them
        exps = np.zeros(scores.shape)
        exps[..., counts] = mapped(math.exp, shifted[..., counts])
    total = sum_of(np.moveaxis(exps, -1, 0))
    inverse = powers(total, -1.0)
    return Softmax(exps, inverse, -1.0 * powers(total, -2.0), exps * inverse[..., np.newaxis])


def _layer(x: Floats, matrices: ModelMatrices, layer: int, model: ModelConfig) -> LayerPass:
    p, h, head_dim = len(x), model.n_head, model.head_dim
    attn_norm = rmsnorm(x)
    qkv = matrix_output(attn_norm.out, matrices.qkv[layer]).reshape(p, 3, h, head_dim)
    q, k, v = np.ascontiguousarray(qkv.transpose(1, 3, 2, 0))
    scores = sum_of_products(q[:, :, :, np.newaxis], k[:, :, np.newaxis, :])
    scores *= (head_dim**0.5) ** -1
    counts = np.tri(p, dtype=np.bool_)
    scores[:, ~counts] = -np.inf
    softmax = softmax_of(scores, counts)
    by_source = softmax.out.transpose(2, 0, 1)[:, :, :, np.newaxis]
    mixed = sum_of_products(by_source, v.transpose(2, 1, 0)[:, :, np.newaxis, :])
    mixed = mixed.transpose(1, 0, 2).reshape(p, model.n_embd)
    mlp_norm = rmsnorm(matrix_output(mixed, matrices.wo[layer]) + x)
    hidden = matrix_output(mlp_norm.out, matrices.fc1[layer])
    hidden = np.where(hidden > 0, hidden, 0.0)
    return LayerPass(attn_norm, q, k, v, softmax, mixed, mlp_norm, hidden)
