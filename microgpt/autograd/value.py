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
from microgpt.autograd.ops import OPS
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

    data: float
    grad: float  # d root / d this, accumulated by `backward()`; 0.0 until then
    _children: tuple[Value, ...]  # the operands, in order; `x * x` has `x` twice
    _local_grads: tuple[float, ...]  # d this / d operand, stored when the node is made
    _op: str  # the op's name, a row of `OPS`
    _scope: Scope | Site | None  # it was made in; while recording, a `Site` with its line
    _number: int  # of its creation; grows with every Value made by this process
    _detail: object  # an immediate (pow's exponent) or a leaf's `Binding`; unset otherwise
    _name: str  # what the user calls it; unset otherwise
    _grad_before: dict[int, float]  # on a root, the grads `backward()` found, by creation number
    __slots__ = tuple(__annotations__)

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
        return self.apply("pow", immediate=float(exponent))

    def log(self) -> Value:
        """Natural logarithm. Raises `DomainError` unless `data` is positive."""
        return self.apply("log")

    def exp(self) -> Value:
        """e to this power. Raises `DomainError` past about 709, where floats end."""
        return self.apply("exp")

    def relu(self) -> Value:
        """max(0, this); its local gradient is 1 above 0 and 0 elsewhere."""
        return self.apply("relu")

    def apply(self, name: str, *others: Value, immediate: float | None = None) -> Value:
        """The op of any row: `x.apply("log")`, with more operands and the immediate if it has them.

        Raises `DomainError` where the row gives no finite real value.
        """
        op, operands, numbers = OPS[name], (self, *others), [self.data]
        for other in others:
            numbers.append(other.data)  # noqa: PERF401  # mostly none
        if immediate is not None:
            numbers.append(immediate)
        problem = None
        try:
            data, local_grads = op.forward(*numbers), op.local_grads(*numbers)
        except (ValueError, ArithmeticError) as error:
            data, local_grads, problem = math.nan, (math.nan,) * op.arity, error
        out = Value(data, operands, local_grads, name)
        if immediate is not None:
            out._detail = immediate
        if problem:
            raise DomainError.of_op(out, place_in_program()) from problem
        return out

    # -- the rest is built from the primitives, in microgpt's order --------------------------------

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        return self + (-other) if isinstance(other, Value | Real) else NotImplemented

    def __truediv__(self, other: Value | float) -> Value:
        if isinstance(other, Value):
            return self * other**-1
        if not isinstance(other, Real):
            return NotImplemented
        try:
            reciprocal = float(other) ** -1  # not `self / other`: microgpt multiplies by the power
        except ArithmeticError as error:
            raise DomainError.of_division(other, place_in_program()) from error
        return self * reciprocal

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
