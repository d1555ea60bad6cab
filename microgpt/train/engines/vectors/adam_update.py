"""Adam's update on whole arrays, with libm's powers only where they can differ from exact ones.

How that can be told is what the kernel's `adam_update.py` says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from microgpt.graph.arrays import Floats, Mask
from microgpt.train.engines.kernel.rounding import HUGE, SPLIT, SURELY, TINY
from microgpt.train.engines.vectors.sums import powers


def adam_update(flat: Floats, m: Floats, v: Floats, grads: Floats, rates: Sequence[float]) -> None:
    """Moves flat, m and v. No gradient's square may be infinite.

    Args:
        rates: learning rate, beta1, beta2, eps, and both bias corrections.
    """
    lr, beta1, beta2, eps, m_correction, v_correction = rates
    m *= beta1
    m += (1 - beta1) * grads
    v *= beta2
    v += (1 - beta2) * squares(grads)
    flat -= lr * (m / m_correction) / (roots(v / v_correction) + eps)


def squares(numbers: Floats) -> Floats:
    """numbers ** 2, as libm has it. Shape: `[k]`, as is the result's."""
    found = numbers * numbers
    doubts = found + SURELY * _square_error(numbers, found) != found
    return _asked(numbers, 2.0, found, doubts | (found < TINY) | (found > HUGE))


def roots(numbers: Floats) -> Floats:
    """numbers ** 0.5, as libm has it. Shape: `[k]`, as is the result's."""
    found = np.sqrt(numbers)
    error = ((numbers - found * found) - _square_error(found, found * found)) / (2.0 * found)
    doubts = found + SURELY * error != found
    return _asked(numbers, 0.5, found, doubts | (numbers < TINY) | (numbers > HUGE))


def _square_error(x: Floats, square: Floats) -> Floats:
    """x * x - square, exactly."""
    shifted = SPLIT * x
    high = shifted - (shifted - x)
    low = x - high
    error: Floats = ((high * high - square) + 2.0 * (high * low)) + low * low
    return error


def _asked(numbers: Floats, exponent: float, found: Floats, doubts: Mask) -> Floats:
    """What was found, but libm's powers where that is in doubt."""
    doubts &= numbers != 0.0
    found[doubts] = powers(numbers[doubts], exponent)
    return found
