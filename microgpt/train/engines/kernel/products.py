"""Matrix products as sums in a given order, and copies of matrices that put columns first.

All three products of a training step are sums of scaled rows: the forward pass adds a matrix's
columns, scaled by an input; the backward pass adds its rows, scaled by the gradients of its
outputs, to its input's gradient, and inputs, scaled by the same gradients, to its own. The numbers
of one row are independent: the compiler does them side by side.
"""

from __future__ import annotations

from microgpt.train.engines.kernel.compiling import compiled, inlined
from microgpt.train.engines.kernel.workspace import matrix_at

ROWS_AT_ONCE = 32
"""How many rows are used for all sums before the next ones are: they stay in the first cache."""


@compiled
def transpose(flat, columns, start, rows, cols):  # type: ignore[no-untyped-def]
    """Copies the matrix that begins at `start` columns first, to the same place in `columns`.

    Eight rows at a time: a line of the cache is written at once, and read to its end.
    """
    matrix, turned = matrix_at(flat, start, rows, cols), matrix_at(columns, start, cols, rows)
    eights = rows - rows % 8
    for first in range(0, eights, 8):
        for col in range(cols):
            for row in range(first, first + 8):
                turned[col, row] = matrix[row, col]
    for col in range(cols):
        for row in range(eights, rows):
            turned[col, row] = matrix[row, col]


@inlined
def to_output(columns, start, room, x_at, out_at, p, x_width, out_width, order, s):  # type: ignore[no-untyped-def]
    """Sets out to a matrix, which is given columns first, times x, at p positions."""
    sum_rows(room, out_at, p, room, x_at, x_width, s.one, columns, start, out_width, order)


@inlined
def to_input(flat, start, room, out_grads_at, x_grads_at, p, x_width, out_width, order, s):  # type: ignore[no-untyped-def]
    """Sets the gradient of x from that of a matrix times x, at p positions."""
    sum_rows(room, x_grads_at, p, room, out_grads_at, out_width, s.one, flat, start, x_width, order)


@inlined
def to_matrix(grads, start, room, x_at, out_grads_at, x_width, out_width, order, s):  # type: ignore[no-untyped-def]
    """Sets the gradient of a matrix from that of it times x; the order is one of positions."""
    sum_rows(
        grads, start, out_width, room, out_grads_at, s.one, out_width, room, x_at, x_width, order
    )


@compiled
def sum_rows(  # type: ignore[no-untyped-def]
    sums_in, sums_at, n_sums, factors_in, factors_at, by_n, by_k, rows_in, rows_at, width, order
):
    """Sets each sums[n] to the sum of factors[n, k] * rows[k], one k of the order after the other.

    Args:
        sums_in: the array that sums are in, from `sums_at` on; and so on.
        by_n: how far apart the factors of one sum and of the next are.
        by_k: how far apart the factors of one row and of the next are.
        width: of sums and rows.
    """
    sums = matrix_at(sums_in, sums_at, n_sums, width)
    rows = matrix_at(rows_in, rows_at, order.shape[0], width)
    for n in range(n_sums):  # a slice's assignment would compile half a library of error messages
        for i in range(width):
            sums[n, i] = 0.0
    even = n_sums - n_sums % 2
    for first in range(0, order.shape[0], ROWS_AT_ONCE):
        block = order[first : first + ROWS_AT_ONCE]
        for n in range(0, even, 2):
            start = factors_at + n * by_n
            factors, factors2 = factors_in[start::by_k], factors_in[start + by_n :: by_k]
            _add_to_two(sums[n], sums[n + 1], factors, factors2, rows, block)
        for n in range(even, n_sums):
            _add_to_one(sums[n], factors_in[factors_at + n * by_n :: by_k], rows, block)


@inlined
def _add_to_two(sums, sums2, factors, factors2, rows, order):  # type: ignore[no-untyped-def]
    """Four rows at a time, to two sums: what is read from memory is used more than once."""
    fours = order.shape[0] - order.shape[0] % 4
    for k in range(0, fours, 4):
        a, b, c, d = order[k], order[k + 1], order[k + 2], order[k + 3]
        fa, fb, fc, fd = factors[a], factors[b], factors[c], factors[d]
        ga, gb, gc, gd = factors2[a], factors2[b], factors2[c], factors2[d]
        row_a, row_b, row_c, row_d = rows[a], rows[b], rows[c], rows[d]
        for i in range(sums.shape[0]):
            ai, bi, ci, di = row_a[i], row_b[i], row_c[i], row_d[i]
            sums[i] = (((sums[i] + ai * fa) + bi * fb) + ci * fc) + di * fd
            sums2[i] = (((sums2[i] + ai * ga) + bi * gb) + ci * gc) + di * gd
    for k in range(fours, order.shape[0]):
        f, g, row = factors[order[k]], factors2[order[k]], rows[order[k]]
        for i in range(sums.shape[0]):
            sums[i] += row[i] * f
            sums2[i] += row[i] * g


@inlined
def _add_to_one(sums, factors, rows, order):  # type: ignore[no-untyped-def]
    fours = order.shape[0] - order.shape[0] % 4
    for k in range(0, fours, 4):
        a, b, c, d = order[k], order[k + 1], order[k + 2], order[k + 3]
        fa, fb, fc, fd = factors[a], factors[b], factors[c], factors[d]
        row_a, row_b, row_c, row_d = rows[a], rows[b], rows[c], rows[d]
        for i in range(sums.shape[0]):
            sums[i] = (((sums[i] + row_a[i] * fa) + row_b[i] * fb) + row_c[i] * fc) + row_d[i] * fd
    for k in range(fours, order.shape[0]):
        f, row = factors[order[k]], rows[order[k]]
        for i in range(sums.shape[0]):
            sums[i] += row[i] * f
