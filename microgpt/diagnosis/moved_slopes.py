"""A slope from what an op gives for an operand that is moved, in long and in short floats."""

from __future__ import annotations

import math

from microgpt.graph.rounding import is_short

MOVED = 1e-4
"""Slopes found by moving operands are trusted within this part of their size."""
STEP = 1e-3
"""How far operands are moved, in parts of their size, or of 1 if they are smaller; and half of it
and a quarter."""
SHORT_STEP, SHORT_MOVED = 3e-2, 2e-3
"""Both of short floats."""


def step_for(eps: float) -> float:
    """The longest way that an operand is moved, for numbers of this rounding."""
    return SHORT_STEP if is_short(eps) else STEP


def slopes_of_moves(
    here: float, moved: dict[float, float], eps: float
) -> tuple[float, float, float] | None:
    """The slope on both sides, and how far it may be off; None if it cannot be told.

    Args:
        here: the op's value where nothing is moved.
        moved: its values by how far the operand is moved: three ways on each side.
        eps: of the program's numbers.
    """
    if len(moved) < 6 or not all(map(math.isfinite, (*moved, *moved.values()))):
        return None
    sides = []
    for sign in (-1, 1):
        steps = sorted((h for h in moved if h * sign > 0), key=abs)
        if len(steps) != 3:  # a number that is not finite, or so large that nothing moves it
            return None
        quarter, half, whole = ((moved[h] - here) / h for h in steps)
        # The line through each two, and what is left of the curve beyond them.
        finer, coarser = 2 * quarter - half, 2 * half - whole
        best = (4 * finer - coarser) / 3
        sides.append((best, abs(best - finer)))
    (below, below_error), (above, above_error) = sides
    h = sorted(moved)
    # Both sides together: what is odd in the step cancels.
    fine = (moved[h[3]] - moved[h[2]]) / (h[3] - h[2])
    coarse = (moved[h[4]] - moved[h[1]]) / (h[4] - h[1])
    coarsest = (moved[h[5]] - moved[h[0]]) / (h[5] - h[0])
    first, second = (4 * fine - coarse) / 3, (4 * coarse - coarsest) / 3
    smooth = (16 * first - second) / 15
    size = max(abs(smooth), abs(here), abs(below), abs(above))
    trusted = SHORT_MOVED if is_short(eps) else MOVED
    rounding = 32 * eps * max(abs(here), *map(abs, moved.values())) / abs(h[3])
    error = abs(smooth - first) + rounding
    if abs(above - below) <= 10 * (below_error + above_error + error) + trusted * size:
        is_told = error <= trusted * size
        return (smooth, smooth, max(error, trusted * abs(smooth))) if is_told else None
    error = max(below_error, above_error)
    return min(below, above), max(below, above), error + trusted * size
