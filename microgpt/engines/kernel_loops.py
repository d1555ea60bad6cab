"""The model's forward, backward and Adam as loops over vectors, in the float order of `Value`.

Every number comes out as on `Value`, to the bit, so additions are done in the order in which
`Value.backward` does them: positions last to first; in a position the rows of a matrix last to
first, but in `lm_head` the target's row after all others; heads last to first, and in a head the
rows of v, then of k, then of q. Only what is independent is done side by side. Exponents are passed
in at run time: of a power whose exponent it knows, the compiler makes something else than libm's.

Imports numba, so it is imported late.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from microgpt.adam import MAX_GRAD
from microgpt.model import RMSNORM_EPS
from microgpt.parameters import ModelConfig

Floats = NDArray[np.float64]

_jit = njit(nogil=True, cache=True, error_model="numpy")


class Sizes(NamedTuple):
    """A model's sizes, and the plain numbers that `Value` divides by, as it multiplies by them.

    Attributes:
        exponents: of rmsnorm, of its derivative, of the softmax, of its derivative, of Adam's
            square, of Adam's root.
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


class Workspace(NamedTuple):
    """What one step computes on its way. Shapes: p is the position, l the layer.

    Attributes:
        embedding: token row plus position row. Shape: `[p][n_embd]`.
        stream: what enters each layer, and in the end lm_head. Shape: `[l + 1][p][n_embd]`.
        middle: the stream between attention and mlp. Shape: `[l][p][n_embd]`.
        normed: rmsnorm before attention, before mlp. Shape: `[l][2][p][n_embd]`.
        scales: rmsnorm's scale and its derivative; index 0 is the embedding's, then two a layer.
            Shape: `[1 + 2 l][p][2]`.
        qkv: queries, keys and values. Shape: `[l][3][p][n_embd]`.
        exps: attention's exponentials. Shape: `[l][p][n_head][source]`.
        weights: attention weights, same shape.
        inverses: one over their sum, and its derivative. Shape: `[l][p][n_head][2]`.
        mixed: the heads' outputs. Shape: `[l][p][n_embd]`.
        hidden: mlp_fc1's output after the relu. Shape: `[l][p][4 n_embd]`.
        out_exps: the last softmax's exponentials. Shape: `[p][vocab]`.
        probs: next-token distribution. Shape: `[p][vocab]`.
        out_inverses: one over their sum, and its derivative. Shape: `[p][2]`.
        losses: at each position. Units: nats. Shape: `[p]`.
        transposed: every matrix of a layer after the other, and lm_head, columns first.
        qkv_grads: like `qkv`.
        vectors: gradients on their way back, a row each. Shape: `[8][max(4 n_embd, vocab, p)]`.
    """

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
    out_exps: Floats
    probs: Floats
    out_inverses: Floats
    losses: Floats
    transposed: Floats
    qkv_grads: Floats
    vectors: Floats

    @classmethod
    def of(cls, sizes: Sizes) -> Workspace:
        """Room for the longest document of a model."""
        p, n, h = sizes.block_size, sizes.n_embd, sizes.n_head
        layers, vocab = sizes.n_layer, sizes.vocab_size
        return cls(
            embedding=np.zeros((p, n)),
            stream=np.zeros((layers + 1, p, n)),
            middle=np.zeros((layers, p, n)),
            normed=np.zeros((layers, 2, p, n)),
            scales=np.zeros((1 + 2 * layers, p, 2)),
            qkv=np.zeros((layers, 3, p, n)),
            exps=np.zeros((layers, p, h, p)),
            weights=np.zeros((layers, p, h, p)),
            inverses=np.zeros((layers, p, h, 2)),
            mixed=np.zeros((layers, p, n)),
            hidden=np.zeros((layers, p, 4 * n)),
            out_exps=np.zeros((p, vocab)),
            probs=np.zeros((p, vocab)),
            out_inverses=np.zeros((p, 2)),
            losses=np.zeros(p),
            transposed=np.zeros((2 * vocab + p + layers * 12 * n) * n),
            qkv_grads=np.zeros((layers, 3, p, n)),
            vectors=np.zeros((8, max(4 * n, vocab, p))),
        )


# -- where things are in the flat parameters: the order in which they are drawn -------------------


@_jit
def _wte(flat, s):  # type: ignore[no-untyped-def]
    return flat[: s.vocab_size * s.n_embd].reshape(s.vocab_size, s.n_embd)


@_jit
def _wpe(flat, s):  # type: ignore[no-untyped-def]
    start = s.vocab_size * s.n_embd
    return flat[start : start + s.block_size * s.n_embd].reshape(s.block_size, s.n_embd)


@_jit
def _lm_head(flat, s):  # type: ignore[no-untyped-def]
    start = (s.vocab_size + s.block_size) * s.n_embd
    return flat[start : start + s.vocab_size * s.n_embd].reshape(s.vocab_size, s.n_embd)


@_jit
def _attn(flat, s, layer, which):  # type: ignore[no-untyped-def]
    """Projection 0 to 3 of a layer: q, k, v, o."""
    n = s.n_embd
    start = (2 * s.vocab_size + s.block_size) * n + (12 * layer + which) * n * n
    return flat[start : start + n * n].reshape(n, n)


@_jit
def _fc1(flat, s, layer):  # type: ignore[no-untyped-def]
    n = s.n_embd
    start = (2 * s.vocab_size + s.block_size) * n + (12 * layer + 4) * n * n
    return flat[start : start + 4 * n * n].reshape(4 * n, n)


@_jit
def _fc2(flat, s, layer):  # type: ignore[no-untyped-def]
    n = s.n_embd
    start = (2 * s.vocab_size + s.block_size) * n + (12 * layer + 8) * n * n
    return flat[start : start + 4 * n * n].reshape(n, 4 * n)


# -- forward -----------------------------------------------------------------------------------


@_jit
def _transpose(flat, start, rows, cols, columns):  # type: ignore[no-untyped-def]
    """Copies a matrix columns first, to the same place."""
    for row in range(rows):
        for col in range(cols):
            columns[start + col * rows + row] = flat[start + row * cols + col]


@_jit
def _transpose_all(flat, s, w):  # type: ignore[no-untyped-def]
    """Copies every matrix columns first: then `_times` adds whole columns, side by side."""
    n = s.n_embd
    start = (s.vocab_size + s.block_size) * n
    _transpose(flat, start, s.vocab_size, n, w.transposed)
    start += s.vocab_size * n
    for _ in range(s.n_layer):
        for _ in range(4):
            _transpose(flat, start, n, n, w.transposed)
            start += n * n
        _transpose(flat, start, 4 * n, n, w.transposed)
        start += 4 * n * n
        _transpose(flat, start, n, 4 * n, w.transposed)
        start += 4 * n * n


@_jit
def _times(columns, start, x, out):  # type: ignore[no-untyped-def]
    """out = matrix @ x, each output summed over x from left to right."""
    rows = out.shape[0]
    for row in range(rows):
        out[row] = 0.0
    for col in range(x.shape[0]):
        factor, first = x[col], start + col * rows
        for row in range(rows):
            out[row] += columns[first + row] * factor


@_jit
def _rmsnorm(x, out, scale, s):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    mean_square = total * s.per_embd + RMSNORM_EPS
    scale[0] = math.pow(mean_square, s.exponents[0])
    scale[1] = s.exponents[0] * math.pow(mean_square, s.exponents[1])
    for i in range(x.shape[0]):
        out[i] = x[i] * scale[0]


@_jit
def _softmax(scores, exps, out, inverse, s):  # type: ignore[no-untyped-def]
    """False if an exponential is not finite."""
    shift = scores[0]
    for i in range(1, scores.shape[0]):
        shift = max(shift, scores[i])
    shift = -shift
    total = 0.0
    for i in range(scores.shape[0]):
        exps[i] = math.exp(scores[i] + shift)
        total += exps[i]
    inverse[0] = math.pow(total, s.exponents[2])
    inverse[1] = s.exponents[2] * math.pow(total, s.exponents[3])
    for i in range(scores.shape[0]):
        out[i] = exps[i] * inverse[0]
    return math.isfinite(total)


@_jit
def _attention(layer, pos, s, w):  # type: ignore[no-untyped-def]
    head_dim = s.n_embd // s.n_head
    q, keys, values = w.qkv[layer, 0, pos], w.qkv[layer, 1], w.qkv[layer, 2]
    scores = w.vectors[0, : pos + 1]
    finite = True
    for head in range(s.n_head):
        first = head * head_dim
        for source in range(pos + 1):
            score = 0.0
            for j in range(first, first + head_dim):
                score += q[j] * keys[source, j]
            scores[source] = score * s.per_root_head_dim
        weights = w.weights[layer, pos, head, : pos + 1]
        exps, inverse = w.exps[layer, pos, head, : pos + 1], w.inverses[layer, pos, head]
        finite &= _softmax(scores, exps, weights, inverse, s)
        for j in range(first, first + head_dim):
            mixed = 0.0
            for source in range(pos + 1):
                mixed += weights[source] * values[source, j]
            w.mixed[layer, pos, j] = mixed
    return finite


@_jit
def _forward(flat, tokens, s, w):  # type: ignore[no-untyped-def]
    """The losses of a document's positions; False if a number on the way is not finite."""
    wte, wpe = _wte(flat, s), _wpe(flat, s)
    n_positions, n = tokens.shape[0] - 1, s.n_embd
    out = w.vectors[1, :n]
    finite = True
    for pos in range(n_positions):
        for i in range(n):
            w.embedding[pos, i] = wte[tokens[pos], i] + wpe[pos, i]
        _rmsnorm(w.embedding[pos], w.stream[0, pos], w.scales[0, pos], s)
    for layer in range(s.n_layer):
        start = (2 * s.vocab_size + s.block_size + 12 * layer * n) * n
        for pos in range(n_positions):
            x, middle, hidden = w.stream[layer, pos], w.middle[layer, pos], w.hidden[layer, pos]
            normed = w.normed[layer, 0, pos]
            _rmsnorm(x, normed, w.scales[1 + 2 * layer, pos], s)
            for which in range(3):
                _times(w.transposed, start + which * n * n, normed, w.qkv[layer, which, pos])
            finite &= _attention(layer, pos, s, w)
            _times(w.transposed, start + 3 * n * n, w.mixed[layer, pos], out)
            for i in range(n):
                middle[i] = out[i] + x[i]
            normed = w.normed[layer, 1, pos]
            _rmsnorm(middle, normed, w.scales[2 + 2 * layer, pos], s)
            _times(w.transposed, start + 4 * n * n, normed, hidden)
            for i in range(4 * n):
                hidden[i] = max(0.0, hidden[i])
            _times(w.transposed, start + 8 * n * n, hidden, out)
            for i in range(n):
                w.stream[layer + 1, pos, i] = out[i] + middle[i]
    start = (s.vocab_size + s.block_size) * n
    logits = w.vectors[0, : s.vocab_size]
    for pos in range(n_positions):
        _times(w.transposed, start, w.stream[s.n_layer, pos], logits)
        exps, inverse = w.out_exps[pos], w.out_inverses[pos]
        finite &= _softmax(logits, exps, w.probs[pos], inverse, s)
        prob = w.probs[pos, tokens[pos + 1]]
        if not (finite and prob > 0):
            return False
        w.losses[pos] = -math.log(prob)
    return True


# -- backward ----------------------------------------------------------------------------------


@_jit
def _clear(numbers):  # type: ignore[no-untyped-def]
    """Sets all to 0; assigning to a slice would compile half a library of error messages."""
    for i in range(numbers.shape[0]):
        numbers[i] = 0.0


@_jit
def _copy(source, target):  # type: ignore[no-untyped-def]
    for i in range(source.shape[0]):
        target[i] = source[i]


@_jit
def _row_back(row, matrix, x, grad, matrix_grads, x_grads):  # type: ignore[no-untyped-def]
    """One output of matrix @ x gives its gradient to its row and to x."""
    weights, weight_grads = matrix[row], matrix_grads[row]
    for i in range(x.shape[0]):
        weight_grads[i] += x[i] * grad
        x_grads[i] += weights[i] * grad


@_jit
def _rmsnorm_back(x, scale, out_grads, x_grads, s):  # type: ignore[no-untyped-def]
    """Adds to x_grads, which holds what the residual brought."""
    scale_grad = 0.0
    for i in range(x.shape[0] - 1, -1, -1):
        x_grads[i] += scale[0] * out_grads[i]
        scale_grad += x[i] * out_grads[i]
    square_grad = s.per_embd * (scale[1] * scale_grad)
    for i in range(x.shape[0]):
        x_grads[i] += x[i] * square_grad
        x_grads[i] += x[i] * square_grad


@_jit
def _head_back(layer, pos, head, s, w, mixed_grads):  # type: ignore[no-untyped-def]
    """From a head's outputs to its q, and to the k and v of all positions it read."""
    head_dim = s.n_embd // s.n_head
    first, last = head * head_dim, (head + 1) * head_dim - 1
    q, keys, values = w.qkv[layer, 0, pos], w.qkv[layer, 1], w.qkv[layer, 2]
    q_grads, k_grads = w.qkv_grads[layer, 0, pos], w.qkv_grads[layer, 1]
    v_grads = w.qkv_grads[layer, 2]
    weights, exps = w.weights[layer, pos, head], w.exps[layer, pos, head]
    inverse = w.inverses[layer, pos, head]
    weight_grads = w.vectors[6, : pos + 1]
    sum_grad = 0.0
    for source in range(pos, -1, -1):
        weight_grad = 0.0
        for j in range(last, first - 1, -1):
            weight_grad += values[source, j] * mixed_grads[j]
            v_grads[source, j] += weights[source] * mixed_grads[j]
        weight_grads[source] = weight_grad
        sum_grad += inverse[1] * (exps[source] * weight_grad)
    for source in range(pos, -1, -1):
        exp_grad = inverse[0] * weight_grads[source] + sum_grad
        grad = s.per_root_head_dim * (exps[source] * exp_grad)
        for j in range(first, last + 1):
            q_grads[j] += keys[source, j] * grad
            k_grads[source, j] += q[j] * grad


@_jit
def _attention_back(layer, pos, s, w, flat, grads, mixed_grads, normed_grads):  # type: ignore[no-untyped-def]
    head_dim = s.n_embd // s.n_head
    normed = w.normed[layer, 0, pos]
    wq, wk, wv = _attn(flat, s, layer, 0), _attn(flat, s, layer, 1), _attn(flat, s, layer, 2)
    gq, gk, gv = _attn(grads, s, layer, 0), _attn(grads, s, layer, 1), _attn(grads, s, layer, 2)
    q_grads = w.qkv_grads[layer, 0, pos]
    k_grads, v_grads = w.qkv_grads[layer, 1, pos], w.qkv_grads[layer, 2, pos]
    for head in range(s.n_head - 1, -1, -1):
        _head_back(layer, pos, head, s, w, mixed_grads)
        first, last = head * head_dim, (head + 1) * head_dim - 1
        for j in range(last, first - 1, -1):
            _row_back(j, wv, normed, v_grads[j], gv, normed_grads)
        if pos:
            for j in range(last, first - 1, -1):
                _row_back(j, wk, normed, k_grads[j], gk, normed_grads)
            for j in range(last, first - 1, -1):
                _row_back(j, wq, normed, q_grads[j], gq, normed_grads)
        else:  # the only score is both the first, which leads to q, and this position's, to k
            for j in range(last, first - 1, -1):
                _row_back(j, wk, normed, k_grads[j], gk, normed_grads)
                _row_back(j, wq, normed, q_grads[j], gq, normed_grads)


@_jit
def _backward(flat, tokens, s, w, grads):  # type: ignore[no-untyped-def]
    """d mean loss / d parameter for every parameter, into grads."""
    n_positions, n = tokens.shape[0] - 1, s.n_embd
    wte_grads, wpe_grads, head_grads = _wte(grads, s), _wpe(grads, s), _lm_head(grads, s)
    head = _lm_head(flat, s)
    x_grads, middle_grads = w.vectors[0, :n], w.vectors[1, :n]
    normed_grads, mixed_grads = w.vectors[2, :n], w.vectors[3, :n]
    hidden_grads, logit_grads = w.vectors[4, : 4 * n], w.vectors[5, : s.vocab_size]
    embedding_grads = w.vectors[7, :n]
    _clear(grads)
    for layer in range(s.n_layer):
        for which in range(3):
            for pos in range(n_positions):
                _clear(w.qkv_grads[layer, which, pos])
    for pos in range(n_positions - 1, -1, -1):
        # the loss, the softmax and the logits
        target = tokens[pos + 1]
        inverse, exps = w.out_inverses[pos], w.out_exps[pos]
        prob_grad = (1.0 / w.probs[pos, target]) * (-1.0 * (1.0 / n_positions))
        sum_grad = inverse[1] * (exps[target] * prob_grad)
        for i in range(s.vocab_size):
            logit_grads[i] = exps[i] * sum_grad
        logit_grads[target] = exps[target] * (inverse[0] * prob_grad + sum_grad)
        x = w.stream[s.n_layer, pos]
        _clear(x_grads)
        for i in range(s.vocab_size - 1, -1, -1):
            if i != target:
                _row_back(i, head, x, logit_grads[i], head_grads, x_grads)
        _row_back(target, head, x, logit_grads[target], head_grads, x_grads)
        for layer in range(s.n_layer - 1, -1, -1):
            # the mlp
            hidden, normed = w.hidden[layer, pos], w.normed[layer, 1, pos]
            _clear(hidden_grads)
            matrix, matrix_grads = _fc2(flat, s, layer), _fc2(grads, s, layer)
            for i in range(n - 1, -1, -1):
                _row_back(i, matrix, hidden, x_grads[i], matrix_grads, hidden_grads)
            _clear(normed_grads)
            matrix, matrix_grads = _fc1(flat, s, layer), _fc1(grads, s, layer)
            for i in range(4 * n - 1, -1, -1):
                if hidden[i] > 0:
                    _row_back(i, matrix, normed, hidden_grads[i], matrix_grads, normed_grads)
            _copy(x_grads, middle_grads)
            scale = w.scales[2 + 2 * layer, pos]
            _rmsnorm_back(w.middle[layer, pos], scale, normed_grads, middle_grads, s)
            # attention
            _clear(mixed_grads)
            matrix, matrix_grads = _attn(flat, s, layer, 3), _attn(grads, s, layer, 3)
            mixed = w.mixed[layer, pos]
            for i in range(n - 1, -1, -1):
                _row_back(i, matrix, mixed, middle_grads[i], matrix_grads, mixed_grads)
            _clear(normed_grads)
            _attention_back(layer, pos, s, w, flat, grads, mixed_grads, normed_grads)
            _copy(middle_grads, x_grads)
            scale = w.scales[1 + 2 * layer, pos]
            _rmsnorm_back(w.stream[layer, pos], scale, normed_grads, x_grads, s)
        _clear(embedding_grads)
        _rmsnorm_back(w.embedding[pos], w.scales[0, pos], x_grads, embedding_grads, s)
        for i in range(n):
            wte_grads[tokens[pos], i] += embedding_grads[i]
            wpe_grads[pos, i] += embedding_grads[i]


# -- Adam, and whole steps -----------------------------------------------------------------------


@_jit
def adam(flat, m, v, grads, s, rates):  # type: ignore[no-untyped-def]
    """Updates every parameter and both its moments, from finite gradients.

    Args:
        rates: learning rate, beta1, beta2, eps, and both bias corrections.
    """
    lr, beta1, beta2, eps, m_correction, v_correction = rates
    square, root = s.exponents[4], s.exponents[5]
    for i in range(flat.shape[0]):
        grad = grads[i]
        m[i] = beta1 * m[i] + (1 - beta1) * grad
        v[i] = beta2 * v[i] + (1 - beta2) * math.pow(grad, square)
        m_hat = m[i] / m_correction
        v_hat = v[i] / v_correction
        flat[i] -= lr * m_hat / (math.pow(v_hat, root) + eps)


@_jit
def train_steps(flat, m, v, grads, s, w, tokens, ends, rates, losses):  # type: ignore[no-untyped-def]
    """Trains on some documents, one a step.

    Args:
        flat: every parameter; changed, as are both moments m and v.
        grads: gets the last step's gradients.
        tokens: of all documents, one after the other, each as many as are read and one.
        ends: where in `tokens` each document ends.
        rates: for each step, learning rate, beta1, beta2, eps and both bias corrections.
        losses: gets each step's mean loss.

    Returns:
        How many steps were done: fewer than there are documents if a number of the next step is
        not finite, of which step nothing has changed then but `grads` and the workspace.
    """
    start = 0
    for step in range(ends.shape[0]):
        document = tokens[start : ends[step]]
        start = ends[step]
        _transpose_all(flat, s, w)
        if not _forward(flat, document, s, w):
            return step
        total = 0.0
        for pos in range(document.shape[0] - 1):
            total += w.losses[pos]
        losses[step] = total * (1.0 / (document.shape[0] - 1))
        if not math.isfinite(losses[step]):
            return step
        _backward(flat, document, s, w, grads)
        for i in range(grads.shape[0]):
            if not abs(grads[i]) <= MAX_GRAD:
                return step
        adam(flat, m, v, grads, s, rates[step])
    return ends.shape[0]
