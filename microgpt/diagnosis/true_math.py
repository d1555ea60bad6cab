"""What ops are meant to compute, by the names that programs give them.

An operator's name says it for sure, a function's most likely. Of a program's `tanh` that is told
here are its value and its slopes; where two slopes meet in a kink, any between them is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an op is meant to be."""

    forward: Callable[..., float]
    slopes: Callable[..., tuple[float, ...]]
    is_operator: bool = False
    slopes_below: Callable[..., tuple[float, ...]] | None = None
    """On the other side of a kink, for the same numbers; None where there is no kink."""
    rounding: float = 0.0  # by so much a slope may be off that is a difference


def _power(a: float, b: float) -> tuple[float, float]:
    whole = math.pow(a, b)
    return b * math.pow(a, b - 1), whole * math.log(a) if a > 0 else math.nan


def _sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def _sigmoid_slope(a: float) -> tuple[float]:
    s = _sigmoid(a)
    return (s * (1 - s),)


def _silu_slope(a: float) -> tuple[float]:
    s = _sigmoid(a)
    return (s * (1 + a * (1 - s)),)


ROUNDING = 2.0**-50
"""Of a slope that is a difference of numbers near 1, where that is nearly 0."""
MEANINGS: dict[str, Meaning] = {
    "add": Meaning(lambda a, b: a + b, lambda _, __: (1.0, 1.0), is_operator=True),
    "sub": Meaning(lambda a, b: a - b, lambda _, __: (1.0, -1.0), is_operator=True),
    "mul": Meaning(lambda a, b: a * b, lambda a, b: (b, a), is_operator=True),
    "truediv": Meaning(lambda a, b: a / b, lambda a, b: (1 / b, -a / (b * b)), is_operator=True),
    "pow2": Meaning(math.pow, _power, is_operator=True),
    "neg": Meaning(lambda a: -a, lambda _: (-1.0,), is_operator=True),
    "exp": Meaning(math.exp, lambda a: (math.exp(a),)),
    "log": Meaning(math.log, lambda a: (1 / a,)),
    "sqrt": Meaning(math.sqrt, lambda a: (0.5 / math.sqrt(a),)),
    "tanh": Meaning(math.tanh, lambda a: (1 - math.tanh(a) ** 2,), rounding=ROUNDING),
    "sigmoid": Meaning(_sigmoid, _sigmoid_slope, rounding=ROUNDING),
    "sin": Meaning(math.sin, lambda a: (math.cos(a),)),
    "cos": Meaning(math.cos, lambda a: (-math.sin(a),)),
    "reciprocal": Meaning(lambda a: 1 / a, lambda a: (-1 / (a * a),)),
    "rsqrt": Meaning(lambda a: 1 / math.sqrt(a), lambda a: (-0.5 / (a * math.sqrt(a)),)),
    "silu": Meaning(lambda a: a * _sigmoid(a), _silu_slope, rounding=ROUNDING),
    "softplus": Meaning(lambda a: math.log1p(math.exp(a)), lambda a: (_sigmoid(a),)),
    "cube": Meaning(lambda a: a**3, lambda a: (3 * a * a,)),
    "square": Meaning(lambda a: a * a, lambda a: (2 * a,)),
    "relu": Meaning(
        lambda a: max(0.0, a), lambda a: (float(a >= 0),), slopes_below=lambda a: (float(a > 0),)
    ),
    "abs": Meaning(
        abs,
        lambda a: (1.0 if a >= 0 else -1.0,),
        slopes_below=lambda a: (1.0 if a > 0 else -1.0,),
    ),
    "max2": Meaning(
        max,
        lambda a, b: (float(a >= b), float(b > a)),
        slopes_below=lambda a, b: (float(a > b), float(b >= a)),
    ),
    "min2": Meaning(
        min,
        lambda a, b: (float(a <= b), float(b < a)),
        slopes_below=lambda a, b: (float(a < b), float(b <= a)),
    ),
}
"""By name, with the number of operands behind it where that tells two ops apart."""

SAME = {
    "radd": "add", "iadd": "add", "plus": "add",
    "rmul": "mul", "imul": "mul", "times": "mul", "multiply": "mul", "product": "mul",
    "isub": "sub", "minus": "sub", "subtract": "sub",
    "div": "truediv", "divide": "truediv", "itruediv": "truediv",
    "power": "pow2", "negate": "neg", "negative": "neg",
    "ln": "log", "logarithm": "log", "exponential": "exp", "logistic": "sigmoid",
    "maximum": "max2", "max": "max2", "minimum": "min2", "min": "min2", "rect": "relu",
    "pow": "pow2", "sqr": "square", "inverse": "reciprocal", "inv": "reciprocal",
    "recip": "reciprocal",
    "swish": "silu", "squared": "square",
}  # fmt: skip
"""Other names of these."""
SWAPPED = {"rsub": "sub", "rtruediv": "truediv", "rpow": "pow2"}
"""Operators that Python calls with their operands the other way round."""


def meaning_of(name: str, n_operands: int) -> Meaning | None:
    """What an op of this name and so many operands is meant to be, None if that is not known.

    >>> meaning_of("rmul", 2).slopes(2.0, 3.0)
    (3.0, 2.0)
    >>> meaning_of("add", 3) is None
    True
    """
    name = name.removesuffix(str(n_operands))  # which tells it from an op of our table
    if name in SWAPPED and n_operands == 2:
        known = MEANINGS[SWAPPED[name]]
        return Meaning(
            lambda a, b: known.forward(b, a),
            lambda a, b: known.slopes(b, a)[::-1],
            is_operator=True,
        )
    found = MEANINGS.get(SAME.get(name, name)) or MEANINGS.get(f"{name}{n_operands}")
    if found is None or arity_of(found) != n_operands:
        return None
    return found


def arity_of(meaning: Meaning) -> int:
    """How many operands it takes."""
    for n in (1, 2):
        try:
            meaning.slopes(*[0.5] * n)
        except TypeError:
            continue
        return n
    return 0


def computed(meaning: Meaning, numbers: Sequence[float]) -> float:
    """What it gives for some numbers; nan where it is not defined."""
    try:
        return float(meaning.forward(*numbers))
    except (ValueError, ArithmeticError):
        return math.nan


def slopes_at(
    meaning: Meaning, numbers: Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Its slopes by each operand, on both sides; the same twice where there is no kink."""
    try:
        above = tuple(map(float, meaning.slopes(*numbers)))
        below = above
        if meaning.slopes_below is not None:
            below = tuple(map(float, meaning.slopes_below(*numbers)))
    except (ValueError, ArithmeticError):
        return (math.nan,) * len(numbers), (math.nan,) * len(numbers)
    return above, below


def power_by(n: float) -> Meaning:
    """An operator that raises its operand to a plain number."""
    return Meaning(
        lambda a: math.pow(a, n),
        lambda a: (n * math.pow(a, n - 1) if n else 0.0,),
        is_operator=True,
    )
