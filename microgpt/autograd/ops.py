"""The op table: one row an op, and nothing about an op anywhere else.

The rows drive the operators of `microgpt.Value`, the property tests and the pictures' glyphs.
To add an op, add a row here and the operator or method that uses it in `value.py`.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Op:
    """A primitive: how to compute it and how its result moves with each operand.

    Attributes:
        name: what a node of this op is called, `"mul"`.
        symbol: the glyph that stands for it in pictures.
        arity: number of `Value` operands; 0 for the kinds of leaf.
        forward: floats -> float. Takes the operands, then the immediate if there is one.
        local_grads: the same arguments -> d result / d operand, one float an operand.
        rule: `local_grads` in words of `a` and `b`, one text an operand, for people.
        immediate: name of the plain number that comes with the operands, or "".
    """

    name: str
    symbol: str
    arity: int
    forward: Callable[..., float]
    local_grads: Callable[..., tuple[float, ...]]
    rule: tuple[str, ...]
    immediate: str = ""


def _leaf(name: str, symbol: str) -> Op:
    return Op(name, symbol, 0, lambda: math.nan, lambda: (), ())


def _relu(a: float) -> float:
    return max(0.0, a)  # in this order relu(-0.0) is 0.0 and relu(nan) is 0.0, as in microgpt


# `math.pow` and not `**`: the same libm call on floats, but an error instead of a complex number.
OPS: dict[str, Op] = {
    row.name: row
    for row in (
        _leaf("param", "θ"),
        _leaf("input", "x"),
        _leaf("const", "c"),
        _leaf("max", "max"),
        Op("add", "+", 2, operator.add, lambda a, b: (1.0, 1.0), ("1", "1")),
        Op("mul", "×", 2, operator.mul, lambda a, b: (b, a), ("b", "a")),
        Op(
            "pow",
            "^",
            1,
            math.pow,
            lambda a, n: (n * math.pow(a, n - 1),),
            ("n · a^(n-1)",),
            immediate="n",
        ),
        Op("log", "log", 1, math.log, lambda a: (1 / a,), ("1 / a",)),
        Op("exp", "exp", 1, math.exp, lambda a: (math.exp(a),), ("exp(a)",)),
        Op("relu", "relu", 1, _relu, lambda a: (float(a > 0),), ("1 if a > 0 else 0",)),
    )
}
"""Every op by name, leaves first. A node's op code in a `Graph` is its place in this order."""

OP_NAMES = tuple(OPS)
