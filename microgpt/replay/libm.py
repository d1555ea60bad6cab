"""C's exp, log and pow where numba is not: Python's own, with inf and nan in place of errors."""

from __future__ import annotations

import math

import numpy as np


def exp(x: float) -> float:
    """Infinite where floats end."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """Minus infinity at 0, nan below."""
    try:
        return math.log(x)
    except ValueError:
        return math.nan if x else -math.inf


def power(x: float, exponent: float) -> float:
    """Infinite or nan where there is no finite real result."""
    try:
        return math.pow(x, exponent)
    except (ValueError, OverflowError):
        return float(np.power(np.float64(x), np.float64(exponent)))
