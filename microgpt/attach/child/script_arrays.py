"""Numbers of a script's nodes as arrays of doubles, and as columns that travel.

numpy is the script's own: this module is used only where the script has loaded it.
"""

from __future__ import annotations

import sys
from array import array
from typing import Any


def numpy_of_script() -> Any:
    """The numpy that the script has loaded, None if it has not."""
    return sys.modules.get("numpy")


def as_floats(value: Any) -> Any:
    """Numbers as an array of doubles of their own, whatever they were kept in.

    Raises:
        TypeError, ValueError: they are complex, or no numbers.
    """
    numpy = numpy_of_script()
    given = numpy.asarray(value)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"its numbers are of type {given.dtype}: real ones are needed")
    return numpy.array(given, dtype=numpy.float64, order="C")


def fitted(share: Any, shape: tuple[int, ...]) -> Any:
    """A share as a flat row of an operand's elements; a single number counts for all of them."""
    numpy = numpy_of_script()
    if share is None:
        return numpy.zeros(int(numpy.prod(shape, dtype=int)))
    own = as_floats(share)
    if own.size != int(numpy.prod(shape, dtype=int)):
        while own.ndim > len(shape):  # it should have summed over what was broadcast
            own = own.sum(axis=0)
        wide = tuple(axis for axis, n in enumerate(shape) if n == 1 and own.ndim == len(shape))
        own = numpy.broadcast_to(own.sum(axis=wide, keepdims=True) if wide else own, shape)
    return own.reshape(-1)


def is_row(numbers: Any) -> bool:
    """Whether numbers are an array, and not a single number."""
    return isinstance(numbers, numpy_of_script().ndarray)


def floats(numbers: Any) -> array[float]:
    """An array of the script's numpy as a column that travels."""
    column = array("d")
    column.frombytes(as_floats(numbers).tobytes())
    return column
