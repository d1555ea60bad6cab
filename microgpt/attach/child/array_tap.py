"""`ArrayTap`: stands in for the gradients of a class whose numbers are numpy arrays.

While a node's backward code is asked it finds the adjoint of our question on that node and zeros
elsewhere, and all that it adds or writes, in place or not, is noted. No gradient of the script is
touched. numpy is the script's own: this module is used only where the script has loaded it.
"""

from __future__ import annotations

import sys
from typing import Any

from microgpt.attach.child.recorded import Node


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


class ArrayTap:
    """Stands in for the gradient attribute of all nodes of a class."""

    def __init__(self, data_of: Any, is_node: Any) -> None:
        self._data_of = data_of  # gives a node's own numbers
        self._is_node = is_node
        self._visited: Node = None
        self._adjoint: Any = None
        self._held: dict[int, Any] = {}  # the stand-in of each node's gradient, by `id()`
        self._noted: dict[int, Any] = {}  # what it was when last looked at
        self._shares: dict[int, list[Any]] = {}

    def begin(self, node: Node, adjoint: Any) -> None:
        """Gets ready for a question.

        Args:
            node: whose backward code is to be asked.
            adjoint: its gradient, an array of its shape.
        """
        self._visited, self._adjoint = node, adjoint
        self._held, self._noted, self._shares = {}, {}, {}

    def shares(self, operand: Node) -> list[Any]:
        """What was added to an operand's gradient since, one array for each write."""
        key = id(operand)
        if key in self._held:  # what was written past the attribute, in place
            self._look(operand)
        return self._shares.get(key, [])

    def _look(self, node: Node) -> None:
        key, numpy = id(node), numpy_of_script()
        now = as_floats(self._held[key])
        before = self._noted[key]
        share = now - before if now.shape == before.shape else now
        if numpy.any(share != 0) or share.shape != before.shape:
            self._shares.setdefault(key, []).append(share)
        self._noted[key] = now

    def __get__(self, node: Node, owner: type | None = None) -> Any:
        if node is None:
            return self
        key = id(node)
        if key not in self._held:
            numpy = numpy_of_script()
            start = self._adjoint if node is self._visited else None
            if start is None:
                start = numpy.zeros(numpy.shape(self._data_of(node)))
            self._held[key] = start.copy()
            self._noted[key] = start.copy()
        return self._held[key]

    def __set__(self, node: Node, value: Any) -> None:
        if value is None:
            return
        if self._is_node(value):
            value = self._data_of(value)
        self.__get__(node)
        key = id(node)
        before = self._noted[key]
        self._held[key] = value
        now = as_floats(value)
        self._shares.setdefault(key, []).append(now - before if now.shape == before.shape else now)
        self._noted[key] = now
