"""The op table: one row an op, and nothing about an op anywhere else.

To add an op, add its row. `Value.apply` makes nodes of it, pictures draw it, and what is replayed
or asked "what if" computes it by its row. What else an op may get is for comfort or for speed: an
operator or method of `Value` that applies it, a branch in the compiled loops of `replay`.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Op:
    """A primitive: how to compute it, how its result moves with each operand, and its look."""

    name: str  # what a node of this op is called, `"mul"`
    symbol: str  # the glyph that stands for it in pictures
    color: str  # `#rrggbb`, readable on dark and light backgrounds
    arity: int  # number of `Value` operands; 0 for the kinds of leaf
    forward: Callable[..., float]  # the operands, then the immediate if there is one -> result
    local_grads: Callable[..., tuple[float, ...]]  # the same -> d result / d operand, one each
    rule: tuple[str, ...]  # `local_grads` in words of `a` and `b`, for people
    immediate: str = ""  # name of the plain number that comes with the operands


def _leaf(name: str, symbol: str, color: str) -> Op:
    return Op(name, symbol, color, 0, lambda: math.nan, lambda: (), ())


def _relu(a: float) -> float:
    return max(0.0, a)  # in this order relu(-0.0) is 0.0 and relu(nan) is 0.0, as in microgpt


# `math.pow` and not `**`: the same libm call on floats, but an error instead of a complex number.
OPS: dict[str, Op] = {
    row.name: row
    for row in (
        _leaf("param", "θ", "#9467bd"),
        _leaf("input", "x", "#8c6d31"),
        _leaf("const", "c", "#7a8194"),
        _leaf("max", "max", "#7a8194"),
        Op("add", "+", "#1b9e77", 2, operator.add, lambda a, b: (1.0, 1.0), ("1", "1")),
        Op("mul", "×", "#2c7fb8", 2, operator.mul, lambda a, b: (b, a), ("b", "a")),
        Op(
            "pow",
            "^",
            "#c2569b",
            1,
            math.pow,
            lambda a, n: (n * math.pow(a, n - 1),),
            ("n · a^(n-1)",),
            immediate="n",
        ),
        Op("log", "log", "#b8860b", 1, math.log, lambda a: (1 / a,), ("1 / a",)),
        Op("exp", "exp", "#c0504d", 1, math.exp, lambda a: (math.exp(a),), ("exp(a)",)),
        Op("relu", "relu", "#5a8f29", 1, _relu, lambda a: (float(a > 0),), ("1 if a > 0 else 0",)),
    )
}
"""Every op by name, leaves first. A node's op code in a `Graph` is its place in this order."""


def op_code(name: str) -> int:
    """Place of an op in `OPS`."""
    return [*OPS].index(name)
