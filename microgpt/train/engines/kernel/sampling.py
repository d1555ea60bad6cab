"""Drawing a document in one compiled call: the forward pass, a position at a time.

Keys and values of the positions so far are kept in memories of its own; of everything else there is
one vector. A matrix times a vector is done four rows at a time: a row's sum waits for each of its
additions, and four rows wait together.
"""

from __future__ import annotations

import math

import numpy as np

from microgpt.model.parameters import RMSNORM_EPS
from microgpt.train.engines.kernel.compiling import compiled, compiled_once, inlined
from microgpt.train.engines.kernel.workspace import matrix_at


@compiled_once
def draw_tokens(flat, s, given, uniforms, inverse_temperature, out):  # type: ignore[no-untyped-def]
    """Draws tokens until BOS or the block is full.

    Args:
        flat: every parameter.
        s: the model's `Sizes`.
        given: the tokens that the document begins with, after BOS.
        uniforms: numbers from 0 to 1, one for each token drawn.
        inverse_temperature: what logits are multiplied by; 0 takes the likeliest token, the first
            of several.
        out: gets the tokens, those given included. Shape: `[block_size]`.

    Returns:
        How many tokens there are, BOS left out; -1 if logits or probabilities are not finite.
    """
    n, vocab, block, at = s.n_embd, s.vocab_size, s.block_size, s.starts
    keys, values = np.empty((s.n_layer * block, n)), np.empty((s.n_layer * block, n))
    embeddings = matrix_at(flat, at.wte, vocab + block, n)
    x, branch, normed, mixed = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    qkv, hidden = np.empty(3 * n), np.empty(4 * n)
    logits, weights = np.empty(vocab), np.empty(block)
    token = vocab - 1
    for pos in range(block):
        for i in range(n):
            branch[i] = embeddings[token, i] + embeddings[vocab + pos, i]
        _rmsnorm(branch, x, s)
        for layer in range(s.n_layer):
            params, first = layer * at.layer, layer * block
            _rmsnorm(x, normed, s)
            _apply(flat, at.qkv + params, normed, qkv)
            for i in range(n):
                keys[first + pos, i], values[first + pos, i] = qkv[n + i], qkv[2 * n + i]
            _attention(qkv, keys, values, first, pos, weights, mixed, s)
            _apply(flat, at.wo + params, mixed, branch)
            for i in range(n):
                x[i] = branch[i] + x[i]
            _rmsnorm(x, normed, s)
            _apply(flat, at.fc1 + params, normed, hidden)
            for i in range(4 * n):
                hidden[i] = hidden[i] if hidden[i] > 0.0 else 0.0  # noqa: FURB136  # nan gives 0
            _apply(flat, at.fc2 + params, hidden, branch)
            for i in range(n):
                x[i] = branch[i] + x[i]
        if pos < given.shape[0]:
            token = given[pos]
            out[pos] = token
            continue
        _apply(flat, at.lm_head, x, logits)
        for i in range(vocab):
            if not math.isfinite(logits[i]):
                return -1
        if inverse_temperature == 0.0:
            token = 0
            for i in range(1, vocab):
                if logits[i] > logits[token]:
                    token = i
        else:
            for i in range(vocab):
                logits[i] *= inverse_temperature
            _softmax(logits, vocab, s)
            token = _chosen(logits, uniforms[pos - given.shape[0]])
            if token < 0:
                return -1
        if token == vocab - 1:
            return pos
        out[pos] = token
    return block


@compiled
def _apply(flat, start, x, out):  # type: ignore[no-untyped-def]
    """Sets out to the matrix that begins at `start`, times x."""
    rows, cols = out.shape[0], x.shape[0]
    matrix = matrix_at(flat, start, rows, cols)
    fours = rows - rows % 4
    for row in range(0, fours, 4):
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for i in range(cols):
            a += matrix[row, i] * x[i]
            b += matrix[row + 1, i] * x[i]
            c += matrix[row + 2, i] * x[i]
            d += matrix[row + 3, i] * x[i]
        out[row], out[row + 1], out[row + 2], out[row + 3] = a, b, c, d
    for row in range(fours, rows):
        a = 0.0
        for i in range(cols):
            a += matrix[row, i] * x[i]
        out[row] = a


@compiled
def _rmsnorm(x, out, s):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * x[i]
    scale = math.pow(total * s.per_embd + RMSNORM_EPS, s.exponents[0])
    for i in range(x.shape[0]):
        out[i] = x[i] * scale


@compiled
def _softmax(scores, size, s):  # type: ignore[no-untyped-def]
    """In place, of the first scores."""
    largest = scores[0]
    for i in range(1, size):
        if scores[i] > largest:  # noqa: PLR1730  # numba compiles max on its own
            largest = scores[i]
    total = 0.0
    for i in range(size):
        scores[i] = math.exp(scores[i] + -largest)
        total += scores[i]
    inverse = math.pow(total, s.exponents[2])
    for i in range(size):
        scores[i] *= inverse


@inlined
def _attention(qkv, keys, values, first, pos, weights, mixed, s):  # type: ignore[no-untyped-def]
    """The heads' outputs at a position, from rows of the memories that begin with `first`."""
    head_dim = s.n_embd // s.n_head
    for head in range(s.n_head):
        start = head * head_dim
        for source in range(pos + 1):
            score = 0.0
            for j in range(start, start + head_dim):
                score += qkv[j] * keys[first + source, j]
            weights[source] = score * s.per_root_head_dim
        _softmax(weights, pos + 1, s)
        for j in range(start, start + head_dim):
            total = 0.0
            for source in range(pos + 1):
                total += weights[source] * values[first + source, j]
            mixed[j] = total


@inlined
def _chosen(weights, uniform):  # type: ignore[no-untyped-def]
    """The token that `random.Random.choices` takes, -1 if a weight is not finite.

    It looks for the uniform number times the sum of all weights among the sums up to each, all but
    the last: the first sum that is more.
    """
    total = 0.0
    for i in range(weights.shape[0]):
        total += weights[i]
    if not math.isfinite(total):
        return -1
    sought, partial, last = uniform * total, 0.0, weights.shape[0] - 1
    for i in range(last):
        partial += weights[i]
        if partial > sought:
            return i
    return last
