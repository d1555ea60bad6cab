"""Sums in a given order, and libm's functions, for whole arrays.

numpy has its own exp, log and pow, which differ from libm's in last bits, and adds neighbours in
memory pairwise. So functions are asked of libm number by number, and what is to be summed lies
along the first axis of an array: numpy adds row to row there, one after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import repeat

import numpy as np

from microgpt.graph.arrays import Floats

LARGE = 4096
"""How many sums at once are worth a call of numpy for each of their terms: fewer are cheaper as one
array of all terms, more would not stay in the processor's cache as one."""


def sum_of(terms: Floats) -> Floats:
    """The sum along the first axis, one after the other from 0. Shape: `[k][...]` gives `[...]`."""
    shape = terms.shape[1:]
    # In this layout: numpy follows memory, and would turn a view that runs backwards round again.
    rows = np.ascontiguousarray(terms).reshape(len(terms), -1)
    if rows.shape[1] == 1:  # neighbours in memory, after all
        total: Floats = np.add.accumulate(rows, axis=0)[-1] + 0.0
    else:
        total = np.add.reduce(rows, axis=0, initial=0.0)
    return total.reshape(shape)


def sum_of_products(a: Floats, b: Floats) -> Floats:
    """The sum of a[k] * b[k] over k, one after the other from 0.

    Shape: `[k][...]` both; what follows the first axis is broadcast.
    """
    shape = np.broadcast_shapes(a.shape[1:], b.shape[1:])
    if math.prod(shape) <= LARGE:
        return sum_of(np.multiply(a, b, order="C"))
    total, product = np.zeros(shape), np.empty(shape)
    for a_k, b_k in zip(a, b, strict=True):
        np.multiply(a_k, b_k, out=product)
        total += product
    return total


def mapped(function: Callable[[float], float], numbers: Floats) -> Floats:
    """A function of every number. Shape: as `numbers`."""
    found = map(function, numbers.ravel().tolist())
    return np.fromiter(found, np.float64, numbers.size).reshape(numbers.shape)


def powers(numbers: Floats, exponent: float) -> Floats:
    """libm's pow of every number, none of which may be out of its domain. Shape: as `numbers`."""
    found = map(math.pow, numbers.ravel().tolist(), repeat(exponent))
    return np.fromiter(found, np.float64, numbers.size).reshape(numbers.shape)
