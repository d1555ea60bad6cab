"""Adam's update of all parameters, with libm's powers where they differ from exact arithmetic.

`Value` takes `grad ** 2` and `v_hat ** 0.5` from libm, whose powers are rounded correctly nearly
always, but not always, and take nine tenths of the update's time. So square and root are computed
exactly first, each with its rounding error. A libm whose powers are wrong by less than 0.55 units
in the last place (musl promises 0.54) can only give the nearest float where the error is less than
0.45 units, and glibc where it is less than 0.48 (`rounding.py`): there the power is known. The
others, one in ten or in thirty, are asked of libm.
"""

from __future__ import annotations

import math

import numpy as np

from microgpt.train.engines.kernel.compiling import compiled, inlined
from microgpt.train.engines.kernel.rounding import HUGE, SPLIT, SURELY, TINY

PARAMETERS_AT_ONCE = 1024
"""How many parameters are moved at a time: their numbers stay in the processor's first caches."""


@inlined
def adam_update(flat, m, v, grads, rates, exponents):  # type: ignore[no-untyped-def]
    """Moves flat, m and v. No gradient's square may be infinite.

    rates: learning rate, beta1, beta2, eps, and both bias corrections.
    """
    a, b = np.empty(PARAMETERS_AT_ONCE), np.empty(PARAMETERS_AT_ONCE)
    doubts = (
        np.zeros(PARAMETERS_AT_ONCE, np.bool_),
        np.empty(PARAMETERS_AT_ONCE // 8, np.uintp),
        np.empty(PARAMETERS_AT_ONCE, np.uintp),
    )
    for start in range(0, flat.shape[0], PARAMETERS_AT_ONCE):
        here = slice(start, start + PARAMETERS_AT_ONCE)
        _adam(flat[here], m[here], v[here], grads[here], rates, exponents, a, b, doubts)


@compiled
def _adam(flat, m, v, grads, rates, exponents, a, b, doubts):  # type: ignore[no-untyped-def]
    """In loops over few arrays each: only then does the compiler see that they are separate."""
    lr, beta1, beta2, eps, m_correction, v_correction = rates
    size = flat.shape[0]
    for i in range(size, PARAMETERS_AT_ONCE):
        doubts[0][i] = False
    squares(grads, a, doubts, exponents[4])
    for i in range(size):
        v[i] = beta2 * v[i] + (1 - beta2) * a[i]
        b[i] = v[i] / v_correction
    roots(b[:size], a, doubts, exponents[5])
    for i in range(size):
        m[i] = beta1 * m[i] + (1 - beta1) * grads[i]
    for i in range(size):
        flat[i] -= lr * (m[i] / m_correction) / (a[i] + eps)


@inlined
def _square_error(x, square):  # type: ignore[no-untyped-def]
    """x * x - square, exactly."""
    shifted = SPLIT * x
    high = shifted - (shifted - x)
    low = x - high
    return ((high * high - square) + 2.0 * (high * low)) + low * low


@compiled
def squares(numbers, out, doubts, exponent):  # type: ignore[no-untyped-def]
    """numbers ** 2, as libm has it.

    doubts: room for flags of what is asked, eights of them, for the eights where one is up, and for
        where those are. Flags beyond the numbers are down.
    """
    asked = doubts[0]
    for i in range(numbers.shape[0]):
        x = numbers[i]
        square = x * x
        error = _square_error(x, square)
        out[i] = square
        doubt = (square + SURELY * error != square) | (square < TINY) | (square > HUGE)
        asked[i] = (x != 0.0) & doubt
    _ask(numbers, out, doubts, exponent)


@compiled
def roots(numbers, out, doubts, exponent):  # type: ignore[no-untyped-def]
    """numbers ** 0.5, as libm has it; `doubts` as above."""
    asked = doubts[0]
    for i in range(numbers.shape[0]):
        x = numbers[i]
        root = math.sqrt(x)
        square = root * root
        error = ((x - square) - _square_error(root, square)) / (2.0 * root)
        out[i] = root
        doubt = (root + SURELY * error != root) | (x < TINY) | (x > HUGE)
        asked[i] = (x != 0.0) & doubt
    _ask(numbers, out, doubts, exponent)


@inlined
def _ask(numbers, out, doubts, exponent):  # type: ignore[no-untyped-def]
    """First finds out whom to ask: a branch that none can foresee costs more than a power."""
    asked, eights, where = doubts
    some, count, flags = 0, 0, asked.view(np.uint64)
    for k in range(flags.shape[0]):
        eights[some] = k
        some += flags[k] != 0
    for k in range(some):
        for i in range(8 * eights[k], 8 * eights[k] + 8):
            where[count] = i
            count += asked[i]
    for k in range(count):
        out[where[k]] = math.pow(numbers[where[k]], exponent)
