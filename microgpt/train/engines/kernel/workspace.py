"""Where the kernel keeps what: the model's sizes, a step's arrays, matrices in flat parameters."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats
from microgpt.model.parameters import ModelConfig
from microgpt.train.engines.kernel.compiling import compiled

RowOrder: TypeAlias = NDArray[np.uintp]
"""Indices of rows, to be added one after the other. Unsigned: none can count from the end."""

CACHE_LINE = 8
"""Floats in a line of the processor's cache. Matrices begin with one, and leave one out before the
next: no two are a multiple of 4 kB apart, where their lines would drive each other out."""


class Starts(NamedTuple):
    """Where matrices begin in the flat parameters, which lie there as they are drawn."""

    wte: int  # its rows, one a token, are followed by those of wpe, one a position
    lm_head: int  # one row a token
    qkv: int  # the first layer's attn_wq, attn_wk and attn_wv, as if they were one matrix
    wo: int  # the first layer's attn_wo
    fc1: int  # the first layer's mlp_fc1
    fc2: int  # the first layer's mlp_fc2
    layer: int  # how far on the next layer's are

    @classmethod
    def of(cls, model: ModelConfig, vocab_size: int) -> Starts:
        """The starts for a model."""
        n = model.n_embd
        lm_head = (vocab_size + model.block_size) * n
        qkv = lm_head + vocab_size * n
        square = n * n
        return cls(
            0, lm_head, qkv, qkv + 3 * square, qkv + 4 * square, qkv + 8 * square, 12 * square
        )


class Sizes(NamedTuple):
    """A model's sizes, and the plain numbers that `Value` divides by, as it multiplies by them."""

    vocab_size: int
    n_embd: int
    n_head: int
    n_layer: int
    block_size: int
    one: int
    two: int
    """Like `one`, a number that the compiler does not know: a function that is called with
    constants is compiled once for each."""
    per_embd: float
    per_root_head_dim: float
    exponents: Floats
    """Of rmsnorm, of its derivative, of the softmax, of its derivative, of Adam's square, of Adam's
    root. Passed at run time: of a power whose exponent it knows, the compiler makes something else
    than libm's."""
    starts: Starts

    @classmethod
    def of(cls, model: ModelConfig, vocab_size: int) -> Sizes:
        """The sizes of a model."""
        return cls(
            vocab_size,
            model.n_embd,
            model.n_head,
            model.n_layer,
            model.block_size,
            1,
            2,
            float(model.n_embd) ** -1,
            (model.head_dim**0.5) ** -1,
            np.array([-0.5, -0.5 - 1, -1.0, -1.0 - 1, 2.0, 0.5]),
            Starts.of(model, vocab_size),
        )


class RowOrders(NamedTuple):
    """In which order rows are added. The length of the first two is that of the longest sum."""

    rising: RowOrder  # 0, 1, 2 and on
    falling: RowOrder  # down to 0; for fewer rows, its end
    heads: RowOrder  # rows of q, k and v that reach the input of attention
    first_heads: RowOrder  # the same at the first position
    target_last: RowOrder  # room for lm_head's, which depends on the target. Shape: `[vocab]`.

    @classmethod
    def of(cls, sizes: Sizes) -> RowOrders:
        """The orders for a model."""
        n, head_dim = sizes.n_embd, sizes.n_embd // sizes.n_head
        longest = max(4 * n, sizes.block_size)
        heads, first_heads = [], []
        for head in reversed(range(sizes.n_head)):
            q = list(reversed(range(head * head_dim, (head + 1) * head_dim)))
            k, v = [n + row for row in q], [2 * n + row for row in q]
            heads += v + k + q
            first_heads += v + [row for pair in zip(k, q, strict=True) for row in pair]
        return cls(
            np.arange(4 * n, dtype=np.uintp),
            np.arange(longest, dtype=np.uintp)[::-1].copy(),
            np.array(heads, dtype=np.uintp),
            np.array(first_heads, dtype=np.uintp),
            np.zeros(sizes.vocab_size, dtype=np.uintp),
        )


class Workspace(NamedTuple):
    """What one step computes on its way, all in one array: each array costs time to compile.

    Numbers say where a matrix begins in `room`. Its rows are positions, p of them, if nothing else
    is said. Those of the layers are the first layer's; the next one's are `layer` further on.
    """

    room: Floats  # everything but what follows
    columns: Floats  # the parameters, with every matrix after wpe columns first
    losses: Floats  # at each position. Units: nats. Shape: `[p]`.
    orders: RowOrders  # in which rows are added
    layer: int  # how far one layer's matrices are from the next one's

    embedding: int  # token row plus position row. Shape: `[p][n_embd]`.
    embedding_scales: int  # its rmsnorm's scale and the derivative. Shape: `[p][2]`.
    logits: int  # what the last softmax is taken of. Shape: `[p][vocab]`.
    out_exps: int  # their exponentials. Shape: `[p][vocab]`.
    probs: int  # of the next token. Shape: `[p][vocab]`.
    out_inverses: int  # one over the sum of exponentials, and its derivative. Shape: `[p][2]`.
    out: int
    """What a branch adds to the stream, then the gradient of what it read. Shape: `[p][n_embd]`."""
    stream_grads: int  # of the stream, from layer to layer on the way back. Shape: `[p][n_embd]`.
    mixed_grads: int  # of one layer's `mixed`, and so on: shaped like that
    qkv_grads: int
    hidden_grads: int
    logit_grads: int
    weight_grads: int  # of one head's weights at one position. Shape: `[1][p]`.

    stream: int  # what enters each layer, and after the last one lm_head. Shape: `[p][n_embd]`.
    attn_normed: int  # rmsnorm before attention. Shape: `[p][n_embd]`.
    attn_scales: int  # its scale and the derivative. Shape: `[p][2]`.
    qkv: int  # queries, keys and values, side by side. Shape: `[p][3 n_embd]`.
    exps: int  # attention's exponentials. Shape: `[p n_head][source]`.
    weights: int  # attention weights. Shape: `[p n_head][source]`.
    inverses: int  # one over the sum of exponentials, and its derivative. Shape: `[p n_head][2]`.
    mixed: int  # the heads' outputs. Shape: `[p][n_embd]`.
    middle: int  # the stream between attention and mlp. Shape: `[p][n_embd]`.
    mlp_normed: int  # rmsnorm before mlp. Shape: `[p][n_embd]`.
    mlp_scales: int  # its scale and the derivative. Shape: `[p][2]`.
    hidden: int  # mlp_fc1's output after the relu. Shape: `[p][4 n_embd]`.

    @classmethod
    def of(cls, sizes: Sizes) -> Workspace:
        """Room for the longest document of a model."""
        p, n, h, vocab = sizes.block_size, sizes.n_embd, sizes.n_head, sizes.vocab_size
        shared = {
            "embedding": p * n,
            "embedding_scales": p * 2,
            "logits": p * vocab,
            "out_exps": p * vocab,
            "probs": p * vocab,
            "out_inverses": p * 2,
            "out": p * n,
            "stream_grads": p * n,
            "mixed_grads": p * n,
            "qkv_grads": p * 3 * n,
            "hidden_grads": p * 4 * n,
            "logit_grads": p * vocab,
            "weight_grads": p,
        }
        layers = {
            "stream": p * n,  # the first: the last layer's output comes after the last layer
            "attn_normed": p * n,
            "attn_scales": p * 2,
            "qkv": p * 3 * n,
            "exps": p * h * p,
            "weights": p * h * p,
            "inverses": p * h * 2,
            "mixed": p * n,
            "middle": p * n,
            "mlp_normed": p * n,
            "mlp_scales": p * 2,
            "hidden": p * 4 * n,
        }
        starts, end = {}, 0
        for name, size in (shared | layers).items():
            starts[name], end = end, end + (size // CACHE_LINE + 1) * CACHE_LINE
        layer = end - starts["stream"]
        return cls(
            room=aligned_zeros(starts["stream"] + sizes.n_layer * layer + p * n),
            columns=aligned_zeros(sizes.starts.qkv + sizes.n_layer * sizes.starts.layer),
            losses=np.zeros(p),
            orders=RowOrders.of(sizes),
            layer=layer,
            **starts,
        )

    def probs_of(self, sizes: Sizes) -> Floats:
        """Every next-token distribution. Shape: `[p][vocab]`."""
        shape = (sizes.block_size, sizes.vocab_size)
        return self.room[self.probs :][: math.prod(shape)].reshape(shape)

    def weights_of(self, sizes: Sizes, layer: int) -> Floats:
        """A layer's attention weights. Shape: `[p][n_head][source]`."""
        shape = (sizes.block_size, sizes.n_head, sizes.block_size)
        return self.room[self.weights + layer * self.layer :][: math.prod(shape)].reshape(shape)


def aligned_zeros(size: int) -> Floats:
    """That many, from the beginning of a line on: of those across two lines it takes two reads."""
    room = np.zeros(size + CACHE_LINE)
    start = -(room.ctypes.data // 8) % CACHE_LINE
    return room[start : start + size]


@compiled
def matrix_at(numbers, start, rows, cols):  # type: ignore[no-untyped-def]
    """The matrix that begins there."""
    return numbers[start : start + rows * cols].reshape(rows, cols)
