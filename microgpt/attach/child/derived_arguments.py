"""Plain arguments of an op that the program has computed from the op's own operands.

A normalisation that is given mean and variance has such: its derivative is by the operand and
through both, and a call with another operand and the old mean would be another function.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from microgpt.attach.child.recorded import Call
from microgpt.attach.child.script_arrays import numpy_of_script

WITHIN = 1e-12
"""An argument is a statistic of an operand if it is so near, in parts of its largest number."""
ROUNDINGS = 16
"""The same for shorter floats: so many of their roundings."""
WRITTEN = 6
"""A number with so few digits a person may have written."""
STATISTICS = ("mean", "var", "std", "sum", "max", "min")


class DerivedArguments:
    """Remembers of each node whether its op can be called again with other operands."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def refuse(self, place: int, call: Call, operands: Iterable[Any]) -> None:
        """Raises a TypeError if an argument is a statistic of an operand.

        Args:
            place: of the node.
            call: that made it.
            operands: their numbers.
        """
        if place not in self._known:
            arguments = (*call.positional, *call.keywords.values())
            self._known[place] = _statistic(arguments, operands)
        if self._known[place]:
            raise TypeError(
                f"it was given the {self._known[place]} of its operand: with another operand that "
                "is another one"
            )


def _statistic(arguments: Iterable[Any], operands: Iterable[Any]) -> str:
    """What one of the arguments is of an operand, `""` if none is known to be anything."""
    numpy = numpy_of_script()
    plain = [each for each in map(_numbers, arguments) if each is not None and _tells(each)]
    for operand in operands if plain else ():
        numbers = numpy.asarray(operand)
        if numbers.size < 2 or numbers.dtype.kind != "f":
            continue
        within = max(WITHIN, ROUNDINGS * float(numpy.finfo(numbers.dtype).eps))
        for axis in (None, *range(numbers.ndim)):
            for name in STATISTICS:
                found = numpy.ravel(getattr(numbers, name)(axis=axis))
                size = numpy.abs(found).max(initial=0.0)
                for given in plain:
                    alike = given.shape == found.shape and size > 0
                    if alike and (numpy.abs(given - found) <= within * size).all():
                        return name
    return ""


def _numbers(argument: Any) -> Any:
    """The floats that an argument is or holds, in a row; None if it is anything else."""
    numpy = numpy_of_script()
    if isinstance(argument, (numpy.ndarray, numpy.floating, float)):
        return numpy.ravel(argument)
    waiting, found = [argument], []
    for each in waiting:
        if isinstance(each, (list, tuple)):
            waiting += each
        elif isinstance(each, (numpy.ndarray, numpy.floating, float)):
            found.append(numpy.ravel(each))
        else:
            return None  # a node, say
    return numpy.concatenate(found) if found else None


def _tells(given: Any) -> bool:
    """Whether numbers are no such as a person writes: as a 1 that is the sum of a one-hot row."""
    if given.dtype.kind not in "fiu" or not given.size:
        return False
    first = float(given[0])
    return bool((given != first).any()) or float(f"{first:.{WRITTEN}g}") != first
