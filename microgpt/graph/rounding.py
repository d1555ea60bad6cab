"""By how much numbers of a program are rounded, in parts of their size."""

DOUBLE = 2.0**-52
"""Python's own floats."""
SHORT = 2.0**-40
"""Floats that are rounded by more than that are short ones, as those of 32 or 16 bits."""


def is_short(eps: float) -> bool:
    """Whether numbers of this rounding are short ones."""
    return eps > SHORT
