"""Plain arguments of an op that the program has computed from the op's own operands.

A normalisation that is given mean and variance has such: its derivative is by the operand and
through both, and a call with another operand and the old mean would be another function.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from microgpt.attach.child.array_tap import numpy_of_script
from microgpt.attach.child.recorded import Call

WITHIN = 1e-12
"""An argument is a statistic of an operand if it is so near, in parts of its largest number."""
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
    plain = [
        numpy.ravel(each) for each in arguments if isinstance(each, (numpy.ndarray, numpy.floating))
    ]
    for operand in operands if plain else ():
        numbers = numpy.asarray(operand)
        if numbers.size < 2 or numbers.dtype.kind != "f":
            continue
        for axis in (None, *range(numbers.ndim)):
            for name in STATISTICS:
                found = numpy.ravel(getattr(numbers, name)(axis=axis))
                size = numpy.abs(found).max(initial=0.0)
                for given in plain:
                    alike = given.shape == found.shape and size > 0
                    if alike and (numpy.abs(given - found) <= WITHIN * size).all():
                        return name
    return ""
