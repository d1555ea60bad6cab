"""Matrix products as sums in a given order, and copies of matrices that put columns first.

All three products of a training step are sums of scaled rows: the forward pass adds a matrix's
columns, scaled by an input; the backward pass adds its rows, scaled by the gradients of its
outputs, to its input's gradient, and inputs, scaled by the same gradients, to its own. The numbers
of one row are independent: the compiler does them side by side.
"""

from __future__ import annotations

from microgpt.engines.kernel.compiling import compiled

BLOCK = 32
"""How many rows are used for all sums before the next ones are: they stay in the first cache."""


@compiled
def clear(matrix):  # type: ignore[no-untyped-def]
    """Sets all to 0."""  # a slice's assignment would compile in half a library of error messages
    for row in range(matrix.shape[0]):
        for col in range(matrix.shape[1]):
            matrix[row, col] = 0.0


@compiled
def transpose(matrix, columns):  # type: ignore[no-untyped-def]
    """Copies a matrix columns first."""
    for col in range(matrix.shape[1]):
        for row in range(matrix.shape[0]):
            columns[col, row] = matrix[row, col]


@compiled
def add_scaled_rows(sums, factors, rows, order):  # type: ignore[no-untyped-def]
    """Adds factors[n, k] * rows[k] to sums[n], for every n, one k of the order after the other."""
    even = sums.shape[0] - sums.shape[0] % 2
    for first in range(0, order.shape[0], BLOCK):
        block = order[first : min(first + BLOCK, order.shape[0])]
        for n in range(0, even, 2):
            _add_to_two(sums[n], sums[n + 1], factors[n], factors[n + 1], rows, block)
        for n in range(even, sums.shape[0]):
            _add_to_one(sums[n], factors[n], rows, block)


@compiled
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


@compiled
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
