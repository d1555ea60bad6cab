"""What the op of a node is called, in a class that nothing is known of."""

from __future__ import annotations

from contextlib import suppress
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType
from typing import Any

UNKNOWN_OP = "op"
"""What a node is called that was made while nothing was recorded by a class that does not say."""

_SIGNS = {"+": "add", "*": "mul", "-": "sub", "/": "truediv", "**": "pow", "@": "matmul"}


def op_name(maker: CodeType | None, called: object, *, is_own: bool) -> str:
    """The name: of the method that made a node, else what the class calls it.

    Args:
        maker: the code that made it, None if that was not recorded.
        called: what its class says, if that is a text.
        is_own: whether the code is the class's own.
    """
    if is_own and maker is not None:
        return maker.co_name.strip("_")
    if isinstance(called, str) and called:
        return _SIGNS.get(called.strip(), called.strip().lower())
    if maker is not None and not maker.co_name.startswith("<"):
        return maker.co_name
    return UNKNOWN_OP


def told_op(call: FrameType) -> str:
    """Which op a function that makes all nodes was told to make: `apply("silu", x)`.

    Args:
        call: of it, that is under way.

    Returns:
        its first argument, if that is a name or a function; else `""`.
    """
    code = call.f_code
    if not code.co_argcount:
        return ""
    told = call.f_locals.get(code.co_varnames[0])
    if isinstance(told, (FunctionType, BuiltinFunctionType)):
        told = told.__name__
    return told if isinstance(told, str) and told.isidentifier() else ""


def exponent(maker: CodeType | None, given: tuple[Any, ...], called: object) -> float | None:
    """The exponent of a pow by a plain number, None if that is not known.

    Args:
        maker: the code that made the node.
        given: what that was called with, its `self` first.
        called: what the class calls the op, as `**2`.
    """
    is_pow = maker is not None and maker.co_name == "__pow__" and len(given) > 1
    if is_pow and isinstance(given[1], (int, float)):
        return float(given[1])
    if isinstance(called, str) and called.startswith("**"):
        with suppress(ValueError):
            return float(called[2:])
    return None
