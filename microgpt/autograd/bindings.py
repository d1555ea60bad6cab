"""What a leaf's number stands for, declared when the leaf is made.

A leaf without a binding is a constant: nothing says where its number came from. With one, the same
graph can be computed again for other parameters or another document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from microgpt.autograd.value import Value


@dataclass(frozen=True, slots=True)
class ParameterBinding:
    """The leaf is entry `[row][col]` of a parameter matrix."""

    matrix: str
    row: int
    col: int
    token: str = ""
    """In a matrix whose rows are chosen by the token read, the label of this row's token: for
    another document another row stands here. `""` in the other matrices."""

    @property
    def name(self) -> str:
        """The leaf's name, `layer0.attn_wq[3][7]`."""
        return f"{self.matrix}[{self.row}][{self.col}]"


@dataclass(frozen=True, slots=True)
class MaxBinding:
    """The leaf is minus the largest of other nodes' values, taken as a plain number."""

    inputs: tuple[Value, ...]

    @property
    def name(self) -> str:
        """The leaf's name."""
        return f"-max of {len(self.inputs)}"


Binding = ParameterBinding | MaxBinding


def parameter(data: float, matrix: str, row: int, col: int, token: str = "") -> Value:
    """A parameter leaf that knows its place, named `matrix[row][col]`; it lies in no scope."""
    leaf = Value(data, op="param")
    leaf._scope = None
    leaf._detail = binding = ParameterBinding(matrix, row, col, token)
    leaf._name = binding.name
    return leaf


def negative_max(inputs: Sequence[Value]) -> Value:
    """Minus the largest value among `inputs`, as a leaf: no gradient flows on from it.

    The softmax adds it to every score so that no exponent overflows.

    >>> negative_max([Value(1.0), Value(3.0)]).data
    -3.0
    """
    leaf = Value(-max(value.data for value in inputs), op="max")
    leaf._detail = binding = MaxBinding(tuple(inputs))
    leaf._name = binding.name
    return leaf
