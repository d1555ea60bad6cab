"""`ArrayTap`: stands in for the gradients of a class whose numbers are numpy arrays.

While a node's backward code is asked it finds the adjoint of our question on that node and zeros
elsewhere, and all that it adds or writes, in place or not, is noted. No gradient of the script is
touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_arrays import as_floats, numpy_of_script


class ArrayTap:
    """Stands in for the gradient attribute of all nodes of a class.

    Args:
        data_of: gives a node's own numbers.
        is_node: whether something is a node: gradients may be such.
    """

    def __init__(self, data_of: Callable[[Node], Any], is_node: Callable[[object], bool]) -> None:
        self._data_of, self._is_node = data_of, is_node
        self._visited: Node = None
        self._adjoint: Any = None
        # Each read gets zeros of its own, so that what they are in the end was put there since.
        self._given: list[tuple[Node, Any]] = []
        self._written: list[tuple[Node, Any]] = []

    def begin(self, node: Node, adjoint: Any) -> None:
        """Gets ready for a question.

        Args:
            node: whose backward code is to be asked.
            adjoint: its gradient, an array of its shape.
        """
        self._visited, self._adjoint = node, adjoint
        self._given, self._written = [], []

    def shares(self, operand: Node) -> list[Any]:
        """What was added to an operand's gradient since, one array for each write."""
        found = [value for node, value in self._written if node is operand]
        return found + [now for node, now in self._given if node is operand and now.any()]

    def has_given(self, operands: tuple[Node, ...]) -> bool:
        """Whether the gradient of an operand was read, to be written to in place maybe."""
        keys = set(map(id, operands))
        return any(id(node) in keys for node, _ in self._given)

    def __get__(self, node: Node, owner: type | None = None) -> Any:
        if node is None:
            return self
        if node is self._visited:
            return self._adjoint.copy()
        zeros = numpy_of_script().zeros(numpy_of_script().shape(self._data_of(node)))
        self._given.append((node, zeros))
        return zeros

    def __set__(self, node: Node, value: Any) -> None:
        if value is None:
            return
        own = self._data_of(value) if self._is_node(value) else value
        self._given = [each for each in self._given if each[1] is not own]
        self._written.append((node, as_floats(own)))
