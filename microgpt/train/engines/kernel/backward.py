"""The model's backward pass: the gradient of one document's mean loss by every parameter."""

from __future__ import annotations

from microgpt.train.engines.kernel.compiling import compiled, inlined
from microgpt.train.engines.kernel.products import to_input, to_matrix
from microgpt.train.engines.kernel.workspace import matrix_at


@inlined
def compute_grads(flat, tokens, s, w, grads):  # type: ignore[no-untyped-def]
    """Sets grads, from what `compute_losses` left in the workspace."""
    p, n, vocab, at = tokens.shape[0] - 1, s.n_embd, s.vocab_size, s.starts
    room, falling = w.room, w.orders.falling
    of_n, of_4n, of_p = falling[-n:], falling[-4 * n :], falling[-p:]
    x_grads, out_grads, logit_grads = w.stream_grads, w.out, w.logit_grads
    hidden_grads, mixed_grads, qkv_grads = w.hidden_grads, w.mixed_grads, w.qkv_grads

    _losses_back(tokens, room, w.out_exps, w.probs, w.out_inverses, logit_grads, s)
    order = w.orders.target_last
    for pos in range(p):
        _put_target_last(tokens[pos + 1], order)
        row, x_row = logit_grads + pos * vocab, x_grads + pos * n
        to_input(flat, at.lm_head, room, row, x_row, s.one, n, vocab, order, s)
    x = w.stream + s.n_layer * w.layer
    to_matrix(grads, at.lm_head, room, x, logit_grads, n, vocab, of_p, s)
    for layer in range(s.n_layer - 1, -1, -1):
        here, params = layer * w.layer, layer * at.layer
        fc2, hidden = at.fc2 + params, w.hidden + here
        to_input(flat, fc2, room, x_grads, hidden_grads, p, 4 * n, n, of_n, s)
        to_matrix(grads, fc2, room, hidden, x_grads, 4 * n, n, of_p, s)
        _relu_back(room, hidden, hidden_grads, p * 4 * n)
        fc1, normed = at.fc1 + params, w.mlp_normed + here
        to_input(flat, fc1, room, hidden_grads, out_grads, p, n, 4 * n, of_4n, s)
        to_matrix(grads, fc1, room, normed, hidden_grads, n, 4 * n, of_p, s)
        _rmsnorm_back(room, w.middle + here, w.mlp_scales + here, out_grads, x_grads, p, s)

        wo, mixed = at.wo + params, w.mixed + here
        to_input(flat, wo, room, x_grads, mixed_grads, p, n, n, of_n, s)
        to_matrix(grads, wo, room, mixed, x_grads, n, n, of_p, s)
        _attention_back(
            room, w.qkv + here, w.exps + here, w.weights + here, w.inverses + here,
            mixed_grads, w.weight_grads, qkv_grads, p, s,
        )  # fmt: skip
        qkv, normed = at.qkv + params, w.attn_normed + here
        to_input(flat, qkv, room, qkv_grads, out_grads, s.one, n, 3 * n, w.orders.first_heads, s)
        rows, x_rows = qkv_grads + 3 * n, out_grads + n
        to_input(flat, qkv, room, rows, x_rows, p - 1, n, 3 * n, w.orders.heads, s)
        to_matrix(grads, qkv, room, normed, qkv_grads, n, 3 * n, of_p, s)
        _rmsnorm_back(room, w.stream + here, w.attn_scales + here, out_grads, x_grads, p, s)
    _clear(room, out_grads, p * n)
    _rmsnorm_back(room, w.embedding, w.embedding_scales, x_grads, out_grads, p, s)
    _clear(grads, at.wte, (vocab + s.block_size) * n)
    _embed_back(tokens, room, out_grads, grads, s)


@compiled
def _clear(numbers, start, size):  # type: ignore[no-untyped-def]
    for i in range(start, start + size):
        numbers[i] = 0.0


@inlined
def _losses_back(tokens, room, exps_at, probs_at, inverses_at, grads_at, s):  # type: ignore[no-untyped-def]
    """From the mean loss to the logits."""
    p, vocab = tokens.shape[0] - 1, s.vocab_size
    exps, probs = matrix_at(room, exps_at, p, vocab), matrix_at(room, probs_at, p, vocab)
    inverses = matrix_at(room, inverses_at, p, s.two)
    logit_grads = matrix_at(room, grads_at, p, vocab)
    for pos in range(p):
        target, inverse, row_exps, row_grads = (
            tokens[pos + 1], inverses[pos], exps[pos], logit_grads[pos],
        )  # fmt: skip
        prob_grad = (1.0 / probs[pos, target]) * (-1.0 * (1.0 / p))
        sum_grad = inverse[1] * (row_exps[target] * prob_grad)
        for i in range(row_grads.shape[0]):
            row_grads[i] = row_exps[i] * sum_grad
        row_grads[target] = row_exps[target] * (inverse[0] * prob_grad + sum_grad)


@inlined
def _put_target_last(target, order):  # type: ignore[no-untyped-def]
    """All tokens last to first, but the target after all others."""
    k, last = 0, order.shape[0] - 1
    for token in range(last, -1, -1):
        if token != target:
            order[k] = token
            k += 1
    order[last] = target


@inlined
def _relu_back(room, hidden_at, grads_at, size):  # type: ignore[no-untyped-def]
    """Multiplies by 0 rather than setting 0: what is not finite has to stay so."""
    hidden, grads = room[hidden_at : hidden_at + size], room[grads_at : grads_at + size]
    for i in range(size):
        grads[i] *= 1.0 if hidden[i] > 0 else 0.0


@compiled
def _rmsnorm_back(room, x_at, scales_at, out_grads_at, x_grads_at, p, s):  # type: ignore[no-untyped-def]
    """Adds to x_grads, which hold what the residual brought."""
    n = s.n_embd
    x, scales = matrix_at(room, x_at, p, n), matrix_at(room, scales_at, p, s.two)
    out_grads, x_grads = matrix_at(room, out_grads_at, p, n), matrix_at(room, x_grads_at, p, n)
    for pos in range(p):
        row, scale, row_out_grads, row_grads = x[pos], scales[pos], out_grads[pos], x_grads[pos]
        scale_grad = 0.0
        for i in range(row.shape[0] - 1, -1, -1):
            scale_grad += row[i] * row_out_grads[i]
        square_grad = s.per_embd * (scale[1] * scale_grad)
        for i in range(row.shape[0]):
            share = row[i] * square_grad
            row_grads[i] = ((row_grads[i] + scale[0] * row_out_grads[i]) + share) + share


@compiled
def _attention_back(  # type: ignore[no-untyped-def]
    room, qkv_at, exps_at, weights_at, inverses_at, mixed_grads_at, weight_grads_at, qkv_grads_at,
    p, s,
):  # fmt: skip
    """From the heads' outputs to their q, and to the k and v of all positions they read.

    Rows as in `compute_losses`.
    """
    h, head_dim = s.n_head, s.n_embd // s.n_head
    _clear(room, qkv_grads_at, p * 3 * s.n_embd)
    qkv = matrix_at(room, qkv_at, p * 3 * h, head_dim)
    exps = matrix_at(room, exps_at, p * h, s.block_size)
    weights = matrix_at(room, weights_at, p * h, s.block_size)
    inverses = matrix_at(room, inverses_at, p * h, s.two)
    mixed_grads = matrix_at(room, mixed_grads_at, p * h, head_dim)
    qkv_grads = matrix_at(room, qkv_grads_at, p * 3 * h, head_dim)
    weight_grads = room[weight_grads_at : weight_grads_at + p]
    for pos in range(p - 1, -1, -1):
        for head in range(h - 1, -1, -1):
            row, q_row = pos * h + head, 3 * pos * h + head
            q, q_grads, out_grads = qkv[q_row], qkv_grads[q_row], mixed_grads[row]
            head_weights, head_exps, inverse = weights[row], exps[row], inverses[row]
            sum_grad = 0.0
            for source in range(pos, -1, -1):
                v_row = (3 * source + 2) * h + head
                value, value_grads = qkv[v_row], qkv_grads[v_row]
                weight_grad = 0.0
                for j in range(value.shape[0] - 1, -1, -1):
                    weight_grad += value[j] * out_grads[j]
                for j in range(value.shape[0]):
                    value_grads[j] += head_weights[source] * out_grads[j]
                weight_grads[source] = weight_grad
                sum_grad += inverse[1] * (head_exps[source] * weight_grad)
            for source in range(pos, -1, -1):
                k_row = (3 * source + 1) * h + head
                key, key_grads = qkv[k_row], qkv_grads[k_row]
                exp_grad = inverse[0] * weight_grads[source] + sum_grad
                grad = s.per_root_head_dim * (head_exps[source] * exp_grad)
                for j in range(key.shape[0]):
                    q_grads[j] += key[j] * grad
                    key_grads[j] += q[j] * grad


@inlined
def _embed_back(tokens, room, grads_at, grads, s):  # type: ignore[no-untyped-def]
    """A position's gradient goes to its token's row and to its own, last position first."""
    out_grads = matrix_at(room, grads_at, tokens.shape[0] - 1, s.n_embd)
    rows = matrix_at(grads, s.starts.wte, s.vocab_size + s.block_size, s.n_embd)
    for pos in range(out_grads.shape[0] - 1, -1, -1):
        row, token_row, position_row = out_grads[pos], rows[tokens[pos]], rows[s.vocab_size + pos]
        for i in range(row.shape[0]):
            token_row[i] += row[i]
            position_row[i] += row[i]
