"""The model's forward pass: the losses of one document's positions.

Functions get the whole room of a `Workspace`, and with names that end in `_at` where in it their
matrices begin: numbers are quickly passed and compiled, arrays are not.
"""

from __future__ import annotations

import math

from microgpt.model.parameters import RMSNORM_EPS
from microgpt.train.engines.kernel.compiling import compiled, inlined
from microgpt.train.engines.kernel.products import to_output, transpose
from microgpt.train.engines.kernel.workspace import matrix_at


@inlined
def compute_losses(flat, tokens, s, w):  # type: ignore[no-untyped-def]
    """Computes all of the workspace up to the losses; False if a number is not finite."""
    p, n, at = tokens.shape[0] - 1, s.n_embd, s.starts
    room, columns, of_n, of_4n = w.room, w.columns, w.orders.rising[:n], w.orders.rising
    _transpose_all(flat, columns, s)
    _embed(flat, tokens, room, w.embedding, s)
    _rmsnorm(room, w.embedding, w.stream, w.embedding_scales, p, s)
    finite = True
    for layer in range(s.n_layer):
        here, params = layer * w.layer, layer * at.layer
        x, middle, hidden = w.stream + here, w.middle + here, w.hidden + here
        qkv, mixed = w.qkv + here, w.mixed + here

        normed = w.attn_normed + here
        _rmsnorm(room, x, normed, w.attn_scales + here, p, s)
        to_output(columns, at.qkv + params, room, normed, qkv, p, n, 3 * n, of_n, s)
        finite &= _attention(
            room, qkv, w.exps + here, w.weights + here, w.inverses + here, mixed, p, s
        )
        to_output(columns, at.wo + params, room, mixed, w.out, p, n, n, of_n, s)
        _add(room, w.out, x, middle, p * n)

        normed = w.mlp_normed + here
        _rmsnorm(room, middle, normed, w.mlp_scales + here, p, s)
        to_output(columns, at.fc1 + params, room, normed, hidden, p, n, 4 * n, of_n, s)
        _relu(room, hidden, p * 4 * n)
        to_output(columns, at.fc2 + params, room, hidden, w.out, p, 4 * n, n, of_4n, s)
        _add(room, w.out, middle, x + w.layer, p * n)
    x = w.stream + s.n_layer * w.layer
    to_output(columns, at.lm_head, room, x, w.logits, p, n, s.vocab_size, of_n, s)
    return finite & _losses(
        tokens, room, w.logits, w.out_exps, w.probs, w.out_inverses, w.losses, s
    )


@inlined
def _transpose_all(flat, columns, s):  # type: ignore[no-untyped-def]
    n, at = s.n_embd, s.starts
    transpose(flat, columns, at.lm_head, s.vocab_size, n)
    for layer in range(s.n_layer):
        params = layer * at.layer
        transpose(flat, columns, at.qkv + params, 3 * n, n)
        transpose(flat, columns, at.wo + params, n, n)
        transpose(flat, columns, at.fc1 + params, 4 * n, n)
        transpose(flat, columns, at.fc2 + params, n, 4 * n)


@inlined
def _embed(flat, tokens, room, out_at, s):  # type: ignore[no-untyped-def]
    rows = matrix_at(flat, s.starts.wte, s.vocab_size + s.block_size, s.n_embd)
    out = matrix_at(room, out_at, tokens.shape[0] - 1, s.n_embd)
    for pos in range(out.shape[0]):
        token_row, position_row, row_out = rows[tokens[pos]], rows[s.vocab_size + pos], out[pos]
        for i in range(row_out.shape[0]):
            row_out[i] = token_row[i] + position_row[i]


@compiled
def _add(room, a_at, b_at, out_at, size):  # type: ignore[no-untyped-def]
    a, b, out = room[a_at : a_at + size], room[b_at : b_at + size], room[out_at : out_at + size]
    for i in range(size):
        out[i] = a[i] + b[i]


@inlined
def _relu(room, x_at, size):  # type: ignore[no-untyped-def]
    x = room[x_at : x_at + size]
    for i in range(size):
        x[i] = x[i] if x[i] > 0.0 else 0.0  # noqa: FURB136  # as in `_softmax`


@compiled
def _rmsnorm(room, x_at, out_at, scales_at, p, s):  # type: ignore[no-untyped-def]
    n = s.n_embd
    x, out = matrix_at(room, x_at, p, n), matrix_at(room, out_at, p, n)
    scales = matrix_at(room, scales_at, p, s.two)
    for pos in range(p):
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
        if scores[i] > shift:  # noqa: PLR1730  # numba compiles max on its own
            shift = scores[i]
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
def _attention(room, qkv_at, exps_at, weights_at, inverses_at, mixed_at, p, s):  # type: ignore[no-untyped-def]
    """The heads' outputs; False if an exponential is not finite.

    Rows are heads, one position's after the other's; in qkv those of q, then of k, then of v.
    """
    h, head_dim = s.n_head, s.n_embd // s.n_head
    qkv = matrix_at(room, qkv_at, p * 3 * h, head_dim)
    exps = matrix_at(room, exps_at, p * h, s.block_size)
    weights = matrix_at(room, weights_at, p * h, s.block_size)
    inverses = matrix_at(room, inverses_at, p * h, s.two)
    mixed = matrix_at(room, mixed_at, p * h, head_dim)
    finite = True
    for pos in range(p):
        for head in range(h):
            row = pos * h + head
            q, scores, out = qkv[3 * pos * h + head], weights[row, : pos + 1], mixed[row]
            for source in range(pos + 1):
                key = qkv[(3 * source + 1) * h + head]
                score = 0.0
                for j in range(q.shape[0]):
                    score += q[j] * key[j]
                scores[source] = score * s.per_root_head_dim
            finite &= _softmax(scores, exps[row], scores, inverses[row], s)
            for j in range(out.shape[0]):
                out[j] = 0.0
            for source in range(pos + 1):
                value = qkv[(3 * source + 2) * h + head]
                for j in range(out.shape[0]):
                    out[j] += scores[source] * value[j]
    return finite


@inlined
def _losses(tokens, room, logits_at, exps_at, probs_at, inverses_at, losses, s):  # type: ignore[no-untyped-def]
    """False if a number is not finite."""
    p, vocab = tokens.shape[0] - 1, s.vocab_size
    logits, exps = matrix_at(room, logits_at, p, vocab), matrix_at(room, exps_at, p, vocab)
    probs, inverses = matrix_at(room, probs_at, p, vocab), matrix_at(room, inverses_at, p, s.two)
    for pos in range(p):
        finite = _softmax(logits[pos], exps[pos], probs[pos], inverses[pos], s)
        prob = probs[pos, tokens[pos + 1]]
        if not (finite and prob > 0):
            return False
        losses[pos] = -math.log(prob)
    return True
