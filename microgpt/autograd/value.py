"""`Value`: a scalar that remembers how it was made, so that gradients can flow back to it.

This is the autograd of microgpt with three things recorded beside operands and local gradients:
the op's name, the scope, and a creation number. Everything else in this project reads those.
It draws nothing, prints nothing and knows no model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import count
from numbers import Real

from microgpt.autograd.backward_order import topological_order
from microgpt.autograd.call_paths import place_in_program
from microgpt.autograd.ops import OPS, Op
from microgpt.autograd.scopes import Scope, Site, current_scope
from microgpt.errors import DomainError

_next_number = count().__next__

where: Callable[[], Scope | Site | None] = current_scope
"""Says where the Value being made is made; `microgpt.recording` puts a closer look here."""


class Value:
    """A node of the computation graph: a float, its gradient, and where it came from.

    >>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    >>> loss = a * b + a
    >>> loss.backward()
    >>> a.grad, b.grad
    (-2.0, 2.0)
    """

    __slots__ = (
        "_children", "_detail", "_grad_before", "_local_grads", "_name", "_number", "_op", "_scope",
        "data", "grad",
    )  # fmt: skip

    data: float
    grad: float  # d root / d this, accumulated by `backward()`; 0.0 until then
    _children: tuple[Value, ...]  # the operands, in order; `x * x` has `x` twice
    _local_grads: tuple[float, ...]  # d this / d operand, stored when the node is made
    _op: str  # the op's name, a row of `OPS`
    _scope: Scope | Site | None  # it was made in; while recording, a `Site` with its line
    _number: int  # of its creation; grows with every Value made by this process
    _detail: object  # pow's exponent, or a leaf's declared `Binding`; unset otherwise
    _name: str  # what the user calls it; unset otherwise
    _grad_before: dict[int, float]  # on a root, the grads `backward()` found, by creation number

    def __init__(
        self,
        data: float,
        children: tuple[Value, ...] = (),
        local_grads: tuple[float, ...] = (),
        op: str = "input",
        name: str = "",
    ) -> None:
        self.data = data if children else float(data)
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads
        self._op = op
        self._scope = where()
        self._number = _next_number()
        if name:
            self._name = name

    # -- primitives: each is a row of the op table ------------------------------------------------
    # add and mul are nine nodes in ten, so their row is spelled out here instead of called, which
    # is a tenth of a step's time; the property tests hold both to the table.

    def __add__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            if not isinstance(other, Real):
                return NotImplemented
            other = Value(other, op="const")
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "add")

    def __mul__(self, other: Value | float) -> Value:
        if not isinstance(other, Value):
            if not isinstance(other, Real):
                return NotImplemented
            other = Value(other, op="const")
        a, b = self.data, other.data
        return Value(a * b, (self, other), (b, a), "mul")

    def __pow__(self, exponent: float) -> Value:
        if not isinstance(exponent, Real):
            return NotImplemented
        out = self._unary(OPS["pow"], float(exponent))
        out._detail = float(exponent)
        return out

    def log(self) -> Value:
        """Natural logarithm. Raises `DomainError` unless `data` is positive."""
        return self._unary(OPS["log"])

    def exp(self) -> Value:
        """e to this power. Raises `DomainError` past about 709, where floats end."""
        return self._unary(OPS["exp"])

    def relu(self) -> Value:
        """max(0, this); its local gradient is 1 above 0 and 0 elsewhere."""
        return self._unary(OPS["relu"])

    def _unary(self, op: Op, *immediate: float) -> Value:
        try:
            data = op.forward(self.data, *immediate)
            local_grads = op.local_grads(self.data, *immediate)
        except (ValueError, ArithmeticError) as error:
            failed = Value(math.nan, (self,), (math.nan,), op.name)
            if immediate:
                failed._detail = immediate[0]
            raise DomainError.of_op(failed, place_in_program()) from error
        return Value(data, (self,), local_grads, op.name)

    # -- the rest is built from the primitives, in microgpt's order --------------------------------

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        if not isinstance(other, Value | Real):
            return NotImplemented
        return self + (-other)

    def __truediv__(self, other: Value | float) -> Value:
        if not isinstance(other, Value | Real):
            return NotImplemented
        return self * _reciprocal(other)

    def __radd__(self, other: float) -> Value:
        return self + other

    def __rmul__(self, other: float) -> Value:
        return self * other

    def __rsub__(self, other: float) -> Value:
        return (-self) + other

    def __rtruediv__(self, other: float) -> Value:
        return self**-1 * other

    def backward(self) -> None:
        """Adds d self / d node to the `grad` of every node this one was computed from.

        The root's own grad is set to 1. Nodes are visited in reversed depth-first post-order, and
        each visit adds `local gradient * grad` to its operands in slot order; float addition is
        not associative, so that order is part of the result.
        """
        self._grad_before = {}
        order = topological_order(self, self._grad_before)
        self.grad = 1.0
        for node in reversed(order):
            grad, operands, locals_ = node.grad, node._children, node._local_grads
            if len(operands) == 2:  # by far the most; unpacking halves the time of the pass
                a, b = operands
                local_a, local_b = locals_
                a.grad += local_a * grad
                b.grad += local_b * grad
            else:
                for operand, local in zip(operands, locals_, strict=True):
                    operand.grad += local * grad

    # -- what it is called -----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What the user calls this node, `""` if nothing; set it to see it in every picture."""
        return getattr(self, "_name", "")

    @name.setter
    def name(self, name: str) -> None:
        self._name = name

    @property
    def scope(self) -> str:
        """Path of the scope this node was made in, `""` outside any."""
        return self._scope.path if self._scope else ""

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Value(data={self.data!r}, grad={self.grad!r}, op={self._op!r}{name})"


def _reciprocal(other: Value | float) -> Value | float:
    if isinstance(other, Value):
        return other**-1
    try:
        return float(other) ** -1  # not `x / other`: microgpt multiplies by the power
    except ArithmeticError as error:
        raise DomainError.of_division(other, place_in_program()) from error
