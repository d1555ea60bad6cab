"""The model's backward pass on whole arrays: the gradient of a document's mean loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.graph.arrays import Floats, Ints
from microgpt.model.parameters import ModelConfig
from microgpt.train.engines.vectors.forward import (
    LayerPass,
    ModelMatrices,
    Norm,
    VectorPass,
)
from microgpt.train.engines.vectors.sums import sum_of, sum_of_products


@dataclass(frozen=True, slots=True)
class LayerGrads:
    """Gradients of what one layer computes. Shape: `[position][...]`, if nothing else is said."""

    attn_norm: Floats
    qkv: Floats  # queries, keys and values, side by side
    scores: Floats  # Shape: `[head][position][source]`, as of `weights`
    weights: Floats
    mixed: Floats
    middle: Floats  # the stream between attention and mlp, and what attention adds to it
    mlp_norm: Floats
    before_relu: Floats
    hidden: Floats  # after the relu
    out: Floats  # the stream after the layer, and what the mlp adds to it


@dataclass(frozen=True, slots=True)
class VectorGrads:
    """Gradients of what the forward pass of a document computes."""

    embedding: Floats  # what the first layer reads. Shape: `[position][n_embd]`.
    layers: tuple[LayerGrads, ...]
    logits: Floats  # Shape: `[position][token]`.
    target_probs: Floats  # Shape: `[position]`.


def set_grads(
    grads: ModelMatrices,
    done: VectorPass,
    matrices: ModelMatrices,
    tokens: Sequence[int],
    model: ModelConfig,
) -> VectorGrads:
    """Sets the gradients of all parameters, and returns those of what was computed from them.

    Args:
        done: the forward pass of the tokens.
        tokens: as many as are read, and one.
    """
    targets, p = np.array(tokens[1:]), len(tokens) - 1
    prob_grads, logit_grads = _losses_back(done, targets)
    all_logit_grads = logit_grads.copy()
    grads.lm_head[:] = _matrix_grad(done.stream, logit_grads)
    here = np.arange(p), targets
    of_targets = logit_grads[here]
    logit_grads[here] = 0.0  # the target's row comes after all others
    x_grads = input_grad(logit_grads, matrices.lm_head)
    x_grads += of_targets[:, np.newaxis] * matrices.lm_head[targets]
    order, first_order = _rows_of_heads(model)
    layers: list[LayerGrads] = []
    for layer in reversed(range(model.n_layer)):
        passed = done.layers[layer]
        layer_out_grads = x_grads
        hidden_grads = input_grad(x_grads, matrices.fc2[layer])
        grads.fc2[layer][:] = _matrix_grad(passed.hidden, x_grads)
        before_relu_grads = hidden_grads * (passed.hidden > 0)
        grads.fc1[layer][:] = _matrix_grad(passed.mlp_norm.out, before_relu_grads)
        mlp_grads = input_grad(before_relu_grads, matrices.fc1[layer])
        middle_grads = rmsnorm_back(passed.mlp_norm, mlp_grads, x_grads)

        grads.wo[layer][:] = _matrix_grad(passed.mixed, middle_grads)
        mixed_grads = input_grad(middle_grads, matrices.wo[layer])
        qkv_grads, score_grads, weight_grads = _attention_back(passed, mixed_grads, model)
        grads.qkv[layer][:] = _matrix_grad(passed.attn_norm.out, qkv_grads)
        qkv = matrices.qkv[layer]
        out_grads = np.concatenate(
            (
                _input_grad_in_order(qkv_grads[:1], qkv, first_order),
                _input_grad_in_order(qkv_grads[1:], qkv, order),
            )
        )
        x_grads = rmsnorm_back(passed.attn_norm, out_grads, middle_grads)
        layers.append(
            LayerGrads(
                out_grads, qkv_grads, score_grads, weight_grads, mixed_grads, middle_grads,
                mlp_grads, before_relu_grads, hidden_grads, layer_out_grads,
            )
        )  # fmt: skip
    found = VectorGrads(x_grads, tuple(layers[::-1]), all_logit_grads, prob_grads)
    x_grads = rmsnorm_back(done.embedding, x_grads, np.zeros_like(x_grads))
    grads.wte[:] = 0.0
    grads.wpe[:] = 0.0
    for pos in range(p - 1, -1, -1):
        grads.wte[tokens[pos]] += x_grads[pos]
    grads.wpe[:p] += x_grads
    return found


def _losses_back(done: VectorPass, targets: Ints) -> tuple[Floats, Floats]:
    """From the mean loss to the targets' probabilities, and to the logits.

    Shape: `[position]` and `[position][token]`.
    """
    softmax, here = done.softmax, (np.arange(len(targets)), targets)
    prob_grad = (1.0 / done.target_probs) * (-1.0 * (1.0 / len(targets)))
    of_targets = softmax.exps[here]
    sum_grad = softmax.inverse_slope * (of_targets * prob_grad)
    logit_grads = softmax.exps * sum_grad[:, np.newaxis]
    logit_grads[here] = of_targets * (softmax.inverse * prob_grad + sum_grad)
    return prob_grad, logit_grads


def input_grad(out_grads: Floats, matrix: Floats) -> Floats:
    """Of what a matrix is applied to: its rows last to first. Shape: `[position][cols]`."""
    return sum_of_products(out_grads.T[::-1, :, np.newaxis], matrix[::-1, np.newaxis, :])


def _input_grad_in_order(out_grads: Floats, matrix: Floats, order: Ints) -> Floats:
    return sum_of_products(out_grads.T[order][:, :, np.newaxis], matrix[order][:, np.newaxis, :])


def _matrix_grad(x: Floats, out_grads: Floats) -> Floats:
    """Of a matrix that is applied to x: positions last to first. Shape: `[rows][cols]`."""
    return sum_of_products(out_grads[::-1, :, np.newaxis], x[::-1, np.newaxis, :])


def rmsnorm_back(norm: Norm, out_grads: Floats, x_grads: Floats) -> Floats:
    """The gradient of what it is taken of; `x_grads` is what the residual brought."""
    scale_grad = sum_of((norm.x * out_grads).T[::-1])
    square_grad = float(norm.x.shape[1]) ** -1 * (norm.scale_slope * scale_grad)
    share = norm.x * square_grad[:, np.newaxis]
    return ((x_grads + norm.scale[:, np.newaxis] * out_grads) + share) + share


def _rows_of_heads(model: ModelConfig) -> tuple[Ints, Ints]:
    """The rows of q, k and v in the order in which they reach the input of attention.

    Heads last to first, in a head v, then k, then q. Then the same at the first position, whose
    only score leads to both k and q: their rows take turns.
    """
    n = model.n_embd
    by_head = np.arange(n)[::-1].reshape(model.n_head, model.head_dim)
    q, k, v = by_head, n + by_head, 2 * n + by_head
    turns = np.stack((k, q), axis=2).reshape(model.n_head, -1)
    return np.hstack((v, k, q)).ravel(), np.hstack((v, turns)).ravel()


def _attention_back(
    passed: LayerPass, mixed_grads: Floats, model: ModelConfig
) -> tuple[Floats, Floats, Floats]:
    """The gradients of q, k and v, side by side, and those of scores and weights.

    Shape: `[position][3 n_embd]`, and `[head][position][source]` of the other two.
    """
    p, h, head_dim = len(mixed_grads), model.n_head, model.head_dim
    softmax, q, k, v = passed.softmax, passed.q, passed.k, passed.v
    out_grads = mixed_grads.reshape(p, h, head_dim)
    weight_grads = sum_of_products(
        out_grads.transpose(2, 1, 0)[::-1, :, :, np.newaxis], v[::-1, :, np.newaxis, :]
    )
    v_grads = _by_source(softmax.out, out_grads)
    shares = softmax.inverse_slope[:, :, np.newaxis] * (softmax.exps * weight_grads)
    sum_grads = sum_of(shares.transpose(2, 0, 1)[::-1])[:, :, np.newaxis]
    exp_grads = softmax.inverse[:, :, np.newaxis] * weight_grads + sum_grads
    score_grads = softmax.exps * exp_grads
    grads = (head_dim**0.5) ** -1 * score_grads  # of the products of q and k, summed
    q_grads = sum_of_products(
        grads.transpose(2, 0, 1)[::-1, :, :, np.newaxis],
        k.transpose(2, 1, 0)[::-1, :, np.newaxis, :],
    )
    k_grads = _by_source(grads, q.transpose(2, 1, 0))
    side_by_side = np.stack((q_grads, k_grads, v_grads)).transpose(2, 0, 1, 3)
    return side_by_side.reshape(p, 3 * model.n_embd), score_grads, weight_grads


def _by_source(weights: Floats, read: Floats) -> Floats:
    """What sources get from readers, last to first. Shape: `[head][source][head_dim]`.

    Args:
        weights: Shape: `[head][position][source]`.
        read: of each reader. Shape: `[position][head][head_dim]`.
    """
    by_reader = weights.transpose(1, 0, 2)[::-1, :, :, np.newaxis]
    return sum_of_products(by_reader, read[::-1, :, np.newaxis, :])
