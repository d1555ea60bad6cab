"""Ranges and sorting of integers in arrays, for a million of them at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ranges(starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers from each start up to its stop, one range after the other."""
    counts = stops - starts
    shift: NDArray[np.int64] = np.repeat(starts - (np.cumsum(counts) - counts), counts)
    return shift + np.arange(len(shift))


def stably_sorted(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of some numbers, from 0 to 2 ** 32, in ascending order; equal ones stay in theirs.

    Half of their digits at a time: so few at once are sorted in one pass over them.
    """
    order = np.argsort(numbers.astype(np.uint16), kind="stable")
    if numbers.max(initial=0) < 1 << 16:
        return order
    return order[np.argsort((numbers >> 16).astype(np.uint16)[order], kind="stable")]
