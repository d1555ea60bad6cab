"""Where the kernel keeps what: the model's sizes, a step's arrays, matrices in flat parameters."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.engines.kernel.compiling import compiled
from microgpt.parameters import ModelConfig

Floats: TypeAlias = NDArray[np.float64]
Order: TypeAlias = NDArray[np.uintp]
"""Indices of rows, to be added one after the other. Unsigned: none can count from the end."""

ADAM_CHUNK = 512
"""How many parameters Adam moves at a time: their numbers stay in the processor's first cache."""


def adam_room() -> tuple[Floats, NDArray[np.bool_]]:
    """What Adam needs beside the parameters: `Workspace.chunks` and `Workspace.doubts`."""
    return np.zeros((2, ADAM_CHUNK)), np.zeros(ADAM_CHUNK, dtype=np.bool_)


class Sizes(NamedTuple):
    """A model's sizes, and the plain numbers that `Value` divides by, as it multiplies by them.

    Attributes:
        exponents: of rmsnorm, of its derivative, of the softmax, of its derivative, of Adam's
            square, of Adam's root. Passed at run time: of a power whose exponent it knows, the
            compiler makes something else than libm's.
    """

    vocab_size: int
    n_embd: int
    n_head: int
    n_layer: int
    block_size: int
    per_embd: float
    per_root_head_dim: float
    exponents: Floats

    @classmethod
    def of(cls, model: ModelConfig, vocab_size: int) -> Sizes:
        """The sizes of a model."""
        return cls(
            vocab_size,
            model.n_embd,
            model.n_head,
            model.n_layer,
            model.block_size,
            float(model.n_embd) ** -1,
            (model.head_dim**0.5) ** -1,
            np.array([-0.5, -0.5 - 1, -1.0, -1.0 - 1, 2.0, 0.5]),
        )


class Orders(NamedTuple):
    """In which order rows are added. The length of the first two is that of the longest sum.

    Attributes:
        rising: 0, 1, 2 and on.
        falling: down to 0; for fewer rows, its end.
        heads: rows of q, k and v that reach the input of attention.
        first_heads: the same at the first position.
        target_last: room for lm_head's, which depends on the target. Shape: `[vocab]`.
    """

    rising: Order
    falling: Order
    heads: Order
    first_heads: Order
    target_last: Order

    @classmethod
    def of(cls, sizes: Sizes) -> Orders:
        """The orders for a model."""
        n, head_dim = sizes.n_embd, sizes.n_embd // sizes.n_head
        longest = max(4 * n, sizes.vocab_size, sizes.block_size)
        heads, first_heads = [], []
        for head in reversed(range(sizes.n_head)):
            q = list(reversed(range(head * head_dim, (head + 1) * head_dim)))
            k, v = [n + row for row in q], [2 * n + row for row in q]
            heads += v + k + q
            first_heads += v + [row for pair in zip(k, q, strict=True) for row in pair]
        return cls(
            np.arange(longest, dtype=np.uintp),
            np.arange(longest, dtype=np.uintp)[::-1].copy(),
            np.array(heads, dtype=np.uintp),
            np.array(first_heads, dtype=np.uintp),
            np.zeros(sizes.vocab_size, dtype=np.uintp),
        )


class Workspace(NamedTuple):
    """What one step computes on its way. Shapes: p is the position, l the layer.

    Attributes:
        columns: the parameters, with every matrix after `wpe` columns first.
        embedding: token row plus position row. Shape: `[p][n_embd]`.
        stream: what enters each layer, and in the end lm_head. Shape: `[l + 1][p][n_embd]`.
        middle: the stream between attention and mlp. Shape: `[l][p][n_embd]`.
        normed: rmsnorm before attention, before mlp. Shape: `[l][2][p][n_embd]`.
        scales: rmsnorm's scale and its derivative; index 0 is the embedding's, then two a layer.
            Shape: `[1 + 2 l][p][2]`.
        qkv: queries, keys and values, side by side. Shape: `[l][p][3 n_embd]`.
        exps: attention's exponentials. Shape: `[l][p][n_head][source]`.
        weights: attention weights, same shape.
        inverses: one over their sum, and its derivative. Shape: `[l][p][n_head][2]`.
        mixed: the heads' outputs. Shape: `[l][p][n_embd]`.
        hidden: mlp_fc1's output after the relu. Shape: `[l][p][4 n_embd]`.
        logits: what the last softmax is taken of. Shape: `[p][vocab]`.
        out_exps: its exponentials, same shape.
        probs: next-token distribution, same shape.
        out_inverses: one over their sum, and its derivative. Shape: `[p][2]`.
        losses: at each position. Units: nats. Shape: `[p]`.
        out: what a branch adds to the stream, and then the gradient of what it read.
            Shape: `[p][n_embd]`.
        stream_grads: of the stream, from layer to layer on the way back. Shape: `[p][n_embd]`.
        mixed_grads: of one layer's `mixed`, and so on: shaped like that without the layer.
        scores: of one head at one position, then the gradients of its weights. Shape: `[p]`.
        chunks: Adam's numbers on their way. Shape: `[2][ADAM_CHUNK]`.
        doubts: which of them have to be asked of libm. Shape: `[ADAM_CHUNK]`.
        orders: in which rows are added.
    """

    columns: Floats
    embedding: Floats
    stream: Floats
    middle: Floats
    normed: Floats
    scales: Floats
    qkv: Floats
    exps: Floats
    weights: Floats
    inverses: Floats
    mixed: Floats
    hidden: Floats
    logits: Floats
    out_exps: Floats
    probs: Floats
    out_inverses: Floats
    losses: Floats
    out: Floats
    stream_grads: Floats
    mixed_grads: Floats
    qkv_grads: Floats
    hidden_grads: Floats
    logit_grads: Floats
    scores: Floats
    chunks: Floats
    doubts: NDArray[np.bool_]
    orders: Orders

    @classmethod
    def of(cls, sizes: Sizes) -> Workspace:
        """Room for the longest document of a model."""
        p, n, h = sizes.block_size, sizes.n_embd, sizes.n_head
        layers, vocab = sizes.n_layer, sizes.vocab_size
        chunks, doubts = adam_room()
        return cls(
            columns=np.zeros((2 * vocab + p + layers * 12 * n) * n),
            embedding=np.zeros((p, n)),
            stream=np.zeros((layers + 1, p, n)),
            middle=np.zeros((layers, p, n)),
            normed=np.zeros((layers, 2, p, n)),
            scales=np.zeros((1 + 2 * layers, p, 2)),
            qkv=np.zeros((layers, p, 3 * n)),
            exps=np.zeros((layers, p, h, p)),
            weights=np.zeros((layers, p, h, p)),
            inverses=np.zeros((layers, p, h, 2)),
            mixed=np.zeros((layers, p, n)),
            hidden=np.zeros((layers, p, 4 * n)),
            logits=np.zeros((p, vocab)),
            out_exps=np.zeros((p, vocab)),
            probs=np.zeros((p, vocab)),
            out_inverses=np.zeros((p, 2)),
            losses=np.zeros(p),
            out=np.zeros((p, n)),
            stream_grads=np.zeros((p, n)),
            mixed_grads=np.zeros((p, n)),
            qkv_grads=np.zeros((p, 3 * n)),
            hidden_grads=np.zeros((p, 4 * n)),
            logit_grads=np.zeros((p, vocab)),
            scores=np.zeros(p),
            chunks=chunks,
            doubts=doubts,
            orders=Orders.of(sizes),
        )


# -- where a matrix begins in the flat parameters: they lie there as they are drawn ----------------


@compiled
def matrix_at(flat, start, rows, cols):  # type: ignore[no-untyped-def]
    """The matrix that begins there."""
    return flat[start : start + rows * cols].reshape(rows, cols)


@compiled
def wte(flat, s):  # type: ignore[no-untyped-def]
    """One row a token."""
    return matrix_at(flat, 0, s.vocab_size, s.n_embd)


@compiled
def wpe(flat, s):  # type: ignore[no-untyped-def]
    """One row a position."""
    return matrix_at(flat, s.vocab_size * s.n_embd, s.block_size, s.n_embd)


@compiled
def lm_head_start(s):  # type: ignore[no-untyped-def]
    """Where lm_head begins."""
    return (s.vocab_size + s.block_size) * s.n_embd


@compiled
def qkv_start(s, layer):  # type: ignore[no-untyped-def]
    """Where a layer's attn_wq begins; attn_wk and attn_wv follow, as if all were one matrix."""
    return (2 * s.vocab_size + s.block_size + 12 * layer * s.n_embd) * s.n_embd


@compiled
def wo_start(s, layer):  # type: ignore[no-untyped-def]
    """Where a layer's attn_wo begins."""
    return qkv_start(s, layer) + 3 * s.n_embd * s.n_embd


@compiled
def fc1_start(s, layer):  # type: ignore[no-untyped-def]
    """Where a layer's mlp_fc1 begins."""
    return qkv_start(s, layer) + 4 * s.n_embd * s.n_embd


@compiled
def fc2_start(s, layer):  # type: ignore[no-untyped-def]
    """Where a layer's mlp_fc2 begins."""
    return qkv_start(s, layer) + 8 * s.n_embd * s.n_embd
