"""The model's forward pass: the losses of one document's positions."""

from __future__ import annotations

import math

from microgpt.engines.kernel.compiling import compiled, inlined
from microgpt.engines.kernel.layout import (
    fc1_start,
    fc2_start,
    lm_head_start,
    matrix_at,
    qkv_start,
    wo_start,
    wpe,
    wte,
)
from microgpt.engines.kernel.products import add_scaled_rows, clear, transpose
from microgpt.model import RMSNORM_EPS


@inlined
def forward(flat, tokens, s, w):  # type: ignore[no-untyped-def]
    """Computes all of the workspace up to the losses; False if a number is not finite."""
    n_positions, n, columns, rising = tokens.shape[0] - 1, s.n_embd, w.columns, w.orders.rising
    _transpose_all(flat, columns, s)
    _embed(wte(flat, s), wpe(flat, s), tokens[:n_positions], w.embedding)
    _rmsnorm(w.embedding[:n_positions], w.stream[0], w.scales[0], s)
    finite = True
    for layer in range(s.n_layer):
        x, middle = w.stream[layer, :n_positions], w.middle[layer, :n_positions]
        hidden, out = w.hidden[layer, :n_positions], w.out[:n_positions]
        qkv, mixed = w.qkv[layer, :n_positions], w.mixed[layer, :n_positions]

        _rmsnorm(x, w.normed[layer, 0], w.scales[1 + 2 * layer], s)
        wqkv = matrix_at(columns, qkv_start(s, layer), n, 3 * n)
        _linear(wqkv, w.normed[layer, 0], qkv, rising)
        finite &= _attention(
            qkv, w.scores, w.exps[layer], w.weights[layer], w.inverses[layer], mixed, s
        )
        _linear(matrix_at(columns, wo_start(s, layer), n, n), mixed, out, rising)
        _add(out, x, middle)

        _rmsnorm(middle, w.normed[layer, 1], w.scales[2 + 2 * layer], s)
        fc1 = matrix_at(columns, fc1_start(s, layer), n, 4 * n)
        _linear(fc1, w.normed[layer, 1], hidden, rising)
        _relu(hidden)
        _linear(matrix_at(columns, fc2_start(s, layer), 4 * n, n), hidden, out, rising)
        _add(out, middle, w.stream[layer + 1])
    lm_head = matrix_at(columns, lm_head_start(s), n, s.vocab_size)
    _linear(lm_head, w.stream[s.n_layer], w.logits[:n_positions], rising)
    for pos in range(n_positions):
        finite &= _softmax(w.logits[pos], w.out_exps[pos], w.probs[pos], w.out_inverses[pos], s)
        prob = w.probs[pos, tokens[pos + 1]]
        if not (finite and prob > 0):
            return False
        w.losses[pos] = -math.log(prob)
    return True


@compiled
def _transpose_all(flat, columns, s):  # type: ignore[no-untyped-def]
    n = s.n_embd
    _transpose_at(lm_head_start(s), s.vocab_size, n, flat, columns)
    for layer in range(s.n_layer):
        _transpose_at(qkv_start(s, layer), 3 * n, n, flat, columns)
        _transpose_at(wo_start(s, layer), n, n, flat, columns)
        _transpose_at(fc1_start(s, layer), 4 * n, n, flat, columns)
        _transpose_at(fc2_start(s, layer), n, 4 * n, flat, columns)


@compiled
def _transpose_at(start, rows, cols, flat, columns):  # type: ignore[no-untyped-def]
    transpose(matrix_at(flat, start, rows, cols), matrix_at(columns, start, cols, rows))


@compiled
def _embed(token_rows, position_rows, tokens, out):  # type: ignore[no-untyped-def]
    for pos in range(tokens.shape[0]):
        token_row, position_row, row_out = token_rows[tokens[pos]], position_rows[pos], out[pos]
        for i in range(row_out.shape[0]):
            row_out[i] = token_row[i] + position_row[i]


@compiled
def _linear(columns, x, out, rising):  # type: ignore[no-untyped-def]
    """A matrix, given columns first, times x: each output is summed over x from left to right."""
    clear(out)
    add_scaled_rows(out, x, columns, rising[: columns.shape[0]])


@compiled
def _add(a, b, out):  # type: ignore[no-untyped-def]
    for pos in range(a.shape[0]):
        row_a, row_b, row_out = a[pos], b[pos], out[pos]
        for i in range(row_a.shape[0]):
            row_out[i] = row_a[i] + row_b[i]


@compiled
def _relu(x):  # type: ignore[no-untyped-def]
    for pos in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[pos, i] = max(0.0, x[pos, i])


@compiled
def _rmsnorm(x, out, scales, s):  # type: ignore[no-untyped-def]
    for pos in range(x.shape[0]):
        row, row_out, scale = x[pos], out[pos], scales[pos]
        total = 0.0
        for i in range(row.shape[0]):
            total += row[i] * row[i]
        mean_square = total * s.per_embd + RMSNORM_EPS
        scale[0] = math.pow(mean_square, s.exponents[0])
        scale[1] = s.exponents[0] * math.pow(mean_square, s.exponents[1])
        for i in range(row.shape[0]):
            row_out[i] = row[i] * scale[0]


@compiled
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


@compiled
def _attention(qkv, scores, exps, weights, inverses, mixed, s):  # type: ignore[no-untyped-def]
    """The heads' outputs; False if an exponential is not finite."""
    n, head_dim = s.n_embd, s.n_embd // s.n_head
    finite = True
    for pos in range(qkv.shape[0]):
        n_sources = pos + 1
        for head in range(s.n_head):
            first = head * head_dim
            q, head_mixed = qkv[pos, first : first + head_dim], mixed[pos, first : first + head_dim]
            head_weights = weights[pos, head, :n_sources]
            for source in range(n_sources):
                key = qkv[source, n + first : n + first + head_dim]
                score = 0.0
                for j in range(head_dim):
                    score += q[j] * key[j]
                scores[source] = score * s.per_root_head_dim
            finite &= _softmax(
                scores[:n_sources], exps[pos, head], head_weights, inverses[pos, head], s
            )
            for j in range(head_dim):
                head_mixed[j] = 0.0
            for source in range(n_sources):
                value = qkv[source, 2 * n + first : 2 * n + first + head_dim]
                for j in range(head_dim):
                    head_mixed[j] += head_weights[source] * value[j]
    return finite
