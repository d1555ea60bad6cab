"""`Value`: a scalar that remembers how it was made, so that gradients can flow back to it.

This is the autograd of microgpt with three things recorded beside operands and local gradients:
the op's name, the scope, and a creation number. Everything else in this project reads those.
It draws nothing, prints nothing and knows no model.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from itertools import count
from numbers import Real
from typing import TYPE_CHECKING

from microgpt.errors import DomainError
from microgpt.ops import OPS, Op
from microgpt.scopes import Scope, Site, current_scope

if TYPE_CHECKING:
    from microgpt.bindings import Binding

_next_number = count().__next__

where: Callable[[], Scope | Site | None] = current_scope
"""Says where the Value being made is made; `microgpt.recording` puts a closer look here."""


class Value:
    """A node of the computation graph: a float, its gradient, and where it came from.

    Attributes:
        data: the value.
        grad: d root / d this, accumulated by `backward()`; 0.0 until then.
        _children: the operands, in order; `x * x` has `x` twice.
        _local_grads: d this / d operand, one float an operand, stored when the node is made.
        _op: the op's name, a row of `microgpt.ops.OPS`.
        _scope: the `Scope` it was made in, or None; while recording, a `Site` with its line.
        _number: its creation number; grows with every Value made by this process.
        _detail: pow's exponent, or a leaf's declared `Binding`; unset otherwise.
        _name: what the user calls it; unset otherwise.
        _grad_before: on a root, the non-zero grads that `backward()` found, by creation number.

    >>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    >>> loss = a * b + a
    >>> loss.backward()
    >>> a.grad, b.grad
    (-2.0, 2.0)
    """

    __slots__ = (
        "_children",
        "_detail",
        "_grad_before",
        "_local_grads",
        "_name",
        "_number",
        "_op",
        "_scope",
        "data",
        "grad",
    )

    data: float
    grad: float
    _children: tuple[Value, ...]
    _local_grads: tuple[float, ...]
    _op: str
    _scope: Scope | Site | None
    _number: int
    _detail: float | Binding
    _name: str
    _grad_before: dict[int, float]

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
            raise _domain_error(op, self, *immediate) from error
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


def topological_order(root: Value, grads_found: dict[int, float] | None = None) -> list[Value]:
    """The non-leaf nodes below `root`, operands before results, in depth-first post-order.

    Operands are followed left to right, exactly as the textbook recursion does, but with a stack
    of its own: a chain of 100,000 nodes is no deeper than a chain of ten. Leaves are left out,
    since nothing flows further from them.

    Args:
        grads_found: gets the grad of every node and leaf met on the way whose grad is not 0, by
            creation number.
    """
    order: list[Value] = []
    expanded: set[Value] = set()
    found = {} if grads_found is None else grads_found
    stack: list[Value | None] = [root] if root._children else []
    while stack:
        node = stack.pop()
        if node is None:  # the mark below: all that the node under it needs is in `order`
            order.append(stack.pop())  # type: ignore[arg-type]
            continue
        if node in expanded:
            continue
        expanded.add(node)
        if node.grad:
            found[node._number] = node.grad
        waits = False  # for an operand that is not in `order` yet
        if len(node._children) == 2:  # by far the most, so the loop below is spelled out for them
            first, second = node._children
            if not second._children:
                if second.grad:
                    found[second._number] = second.grad
            elif second not in expanded:
                waits = True
                stack.append(node)
                stack.append(None)
                stack.append(second)
            if not first._children:
                if first.grad:
                    found[first._number] = first.grad
            elif first not in expanded:
                if not waits:
                    waits = True
                    stack.append(node)
                    stack.append(None)
                stack.append(first)
        else:
            for operand in reversed(node._children):
                if not operand._children:
                    if operand.grad:
                        found[operand._number] = operand.grad
                elif operand not in expanded:
                    if not waits:
                        waits = True
                        stack.append(node)
                        stack.append(None)
                    stack.append(operand)
        if not waits:
            order.append(node)
    return order


def _reciprocal(other: Value | float) -> Value | float:
    if isinstance(other, Value):
        return other**-1
    if not other:
        raise DomainError(f"division by 0 is undefined, {_here()}")
    try:
        return float(other) ** -1  # not `x / other`: microgpt multiplies by the power
    except OverflowError:
        raise DomainError(f"division by {other!r} has no finite real value, {_here()}") from None


def _domain_error(op: Op, operand: Value, *immediate: float) -> DomainError:
    shown = f"{op.name}({', '.join(repr(number) for number in (operand.data, *immediate))})"
    failed = Value(math.nan, (operand,), (math.nan,), op.name)
    if immediate:
        failed._detail = immediate[0]
    return DomainError(
        f"{shown} has no finite real value, {_here()}; its operand is "
        f"{operand.name or operand._op} made in {operand.scope or 'no scope'}",
        failed,
    )


def _here() -> str:
    """The scope and the line of the program that runs into an error, in words."""
    scope = current_scope()
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__ and frame.f_back:
        frame = frame.f_back
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    return f"in {scope.path if scope else 'no scope'} at {place}"
