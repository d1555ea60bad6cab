"""The model's backward pass: the gradient of one document's mean loss by every parameter."""

from __future__ import annotations

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
from microgpt.engines.kernel.products import add_scaled_rows, clear


@inlined
def backward(flat, tokens, s, w, grads):  # type: ignore[no-untyped-def]
    """Sets grads, from what `forward` left in the workspace."""
    n_positions, n = tokens.shape[0] - 1, s.n_embd
    stream_grads, out_grads = w.stream_grads[:n_positions], w.out[:n_positions]
    hidden_grads, mixed_grads = w.hidden_grads[:n_positions], w.mixed_grads[:n_positions]
    qkv_grads, logit_grads = w.qkv_grads[:n_positions], w.logit_grads[:n_positions]
    falling = w.orders.falling
    for i in range(grads.shape[0]):
        grads[i] = 0.0

    _softmax_back(tokens, w.probs, w.out_exps, w.out_inverses, logit_grads)
    start, vocab = lm_head_start(s), s.vocab_size
    lm_head, order = matrix_at(flat, start, vocab, n), w.orders.target_last
    for pos in range(n_positions):
        _put_target_last(tokens[pos + 1], order)
        _to_input(lm_head, logit_grads[pos : pos + 1], stream_grads[pos : pos + 1], order)
    _to_matrix(matrix_at(grads, start, vocab, n), w.stream[s.n_layer], logit_grads, falling)
    for layer in range(s.n_layer - 1, -1, -1):
        start, hidden = fc2_start(s, layer), w.hidden[layer]
        _to_input(matrix_at(flat, start, n, 4 * n), stream_grads, hidden_grads, _last(falling, n))
        _to_matrix(matrix_at(grads, start, n, 4 * n), hidden, stream_grads, falling)
        _relu_back(hidden, hidden_grads)
        start, normed = fc1_start(s, layer), w.normed[layer, 1]
        _to_input(matrix_at(flat, start, 4 * n, n), hidden_grads, out_grads, _last(falling, 4 * n))
        _to_matrix(matrix_at(grads, start, 4 * n, n), normed, hidden_grads, falling)
        _rmsnorm_back(w.middle[layer], w.scales[2 + 2 * layer], out_grads, stream_grads, s)

        start, mixed = wo_start(s, layer), w.mixed[layer]
        _to_input(matrix_at(flat, start, n, n), stream_grads, mixed_grads, _last(falling, n))
        _to_matrix(matrix_at(grads, start, n, n), mixed, stream_grads, falling)
        _attention_back(
            w.qkv[layer], w.weights[layer], w.exps[layer], w.inverses[layer],
            mixed_grads, w.scores, qkv_grads, s,
        )  # fmt: skip
        start, normed = qkv_start(s, layer), w.normed[layer, 0]
        wqkv = matrix_at(flat, start, 3 * n, n)
        _to_input(wqkv, qkv_grads[:1], out_grads[:1], w.orders.first_heads)
        _to_input(wqkv, qkv_grads[1:], out_grads[1:], w.orders.heads)
        _to_matrix(matrix_at(grads, start, 3 * n, n), normed, qkv_grads, falling)
        _rmsnorm_back(w.stream[layer], w.scales[1 + 2 * layer], out_grads, stream_grads, s)
    clear(out_grads)
    _rmsnorm_back(w.embedding, w.scales[0], stream_grads, out_grads, s)
    _embed_back(tokens, out_grads, wte(grads, s), wpe(grads, s))


@compiled
def _last(order, rows):  # type: ignore[no-untyped-def]
    return order[order.shape[0] - rows :]


@compiled
def _to_input(matrix, out_grads, x_grads, order):  # type: ignore[no-untyped-def]
    """Sets the gradient of x from that of matrix @ x."""
    clear(x_grads)
    add_scaled_rows(x_grads, out_grads, matrix, order)


@compiled
def _to_matrix(matrix_grads, x, out_grads, falling):  # type: ignore[no-untyped-def]
    """Adds to the gradient of the matrix from that of matrix @ x, positions last to first."""
    add_scaled_rows(matrix_grads, out_grads.T, x, _last(falling, out_grads.shape[0]))


@compiled
def _softmax_back(tokens, probs, exps, inverses, logit_grads):  # type: ignore[no-untyped-def]
    """From the mean loss to the logits."""
    n_positions = logit_grads.shape[0]
    for pos in range(n_positions):
        target, inverse, row_exps, row_grads = (
            tokens[pos + 1], inverses[pos], exps[pos], logit_grads[pos],
        )  # fmt: skip
        prob_grad = (1.0 / probs[pos, target]) * (-1.0 * (1.0 / n_positions))
        sum_grad = inverse[1] * (row_exps[target] * prob_grad)
        for i in range(row_grads.shape[0]):
            row_grads[i] = row_exps[i] * sum_grad
        row_grads[target] = row_exps[target] * (inverse[0] * prob_grad + sum_grad)


@compiled
def _put_target_last(target, order):  # type: ignore[no-untyped-def]
    """All tokens last to first, but the target after all others."""
    k, last = 0, order.shape[0] - 1
    for token in range(last, -1, -1):
        if token != target:
            order[k] = token
            k += 1
    order[last] = target


@compiled
def _relu_back(hidden, hidden_grads):  # type: ignore[no-untyped-def]
    """Multiplies by 0 rather than setting 0: what is not finite has to stay so."""
    for pos in range(hidden_grads.shape[0]):
        for i in range(hidden_grads.shape[1]):
            hidden_grads[pos, i] *= 1.0 if hidden[pos, i] > 0 else 0.0


@compiled
def _rmsnorm_back(x, scales, out_grads, x_grads, s):  # type: ignore[no-untyped-def]
    """Adds to x_grads, which hold what the residual brought."""
    for pos in range(x_grads.shape[0]):
        row, scale, row_out_grads, row_grads = x[pos], scales[pos], out_grads[pos], x_grads[pos]
        scale_grad = 0.0
        for i in range(row.shape[0] - 1, -1, -1):
            scale_grad += row[i] * row_out_grads[i]
        square_grad = s.per_embd * (scale[1] * scale_grad)
        for i in range(row.shape[0]):
            share = row[i] * square_grad
            row_grads[i] = ((row_grads[i] + scale[0] * row_out_grads[i]) + share) + share


@compiled
def _attention_back(qkv, weights, exps, inverses, mixed_grads, weight_grads, qkv_grads, s):  # type: ignore[no-untyped-def]
    """From the heads' outputs to their q, and to the k and v of all positions they read."""
    n, head_dim = s.n_embd, s.n_embd // s.n_head
    clear(qkv_grads)
    for pos in range(qkv_grads.shape[0] - 1, -1, -1):
        for head in range(s.n_head - 1, -1, -1):
            q0 = head * head_dim
            k0, v0 = n + q0, 2 * n + q0
            q, q_grads = qkv[pos, q0 : q0 + head_dim], qkv_grads[pos, q0 : q0 + head_dim]
            head_grads = mixed_grads[pos, q0 : q0 + head_dim]
            head_weights, head_exps, inverse = (
                weights[pos, head],
                exps[pos, head],
                inverses[pos, head],
            )
            sum_grad = 0.0
            for source in range(pos, -1, -1):
                value = qkv[source, v0 : v0 + head_dim]
                value_grads = qkv_grads[source, v0 : v0 + head_dim]
                weight_grad = 0.0
                for j in range(head_dim - 1, -1, -1):
                    weight_grad += value[j] * head_grads[j]
                for j in range(head_dim):
                    value_grads[j] += head_weights[source] * head_grads[j]
                weight_grads[source] = weight_grad
                sum_grad += inverse[1] * (head_exps[source] * weight_grad)
            for source in range(pos, -1, -1):
                key = qkv[source, k0 : k0 + head_dim]
                key_grads = qkv_grads[source, k0 : k0 + head_dim]
                exp_grad = inverse[0] * weight_grads[source] + sum_grad
                grad = s.per_root_head_dim * (head_exps[source] * exp_grad)
                for j in range(head_dim):
                    q_grads[j] += key[j] * grad
                    key_grads[j] += q[j] * grad


@compiled
def _embed_back(tokens, grads, token_grads, position_grads):  # type: ignore[no-untyped-def]
    """A position's gradient goes to its token's row and to its own, last position first."""
    for pos in range(grads.shape[0] - 1, -1, -1):
        row, token_row, position_row = grads[pos], token_grads[tokens[pos]], position_grads[pos]
        for i in range(row.shape[0]):
            token_row[i] += row[i]
            position_row[i] += row[i]
