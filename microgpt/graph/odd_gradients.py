"""`OddGradient`: an array of gradients that is not what its numbers need."""

from __future__ import annotations

from typing import Literal, NamedTuple


class OddGradient(NamedTuple):
    """The gradient array of one array of nodes, as a pass leaves it."""

    problem: Literal["shape", "integer", "shared"]
    """It has another shape than its data, holds whole numbers only, or is also another one's."""
    node: int  # the first of the array's nodes
    size: int  # how many these are
    shape: tuple[str, str]  # of the gradient, and of the data, as Python says them
    other: int = -1  # the first node of the array that it shares its memory with
