"""What is asked of code objects alone: whose they are, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import CodeType
from typing import Any

ARITHMETIC = frozenset({"__add__", "__radd__", "__mul__", "__rmul__", "__sub__", "__matmul__"})
OF_NUMBERS = ("numpy", "torch", "scipy", "sympy", "mpmath", "pandas", "networkx")
"""Packages whose classes with arithmetic are no nodes of a script's."""
LIBRARY = os.path.dirname(os.__file__) + os.sep
"""The folder of the standard library."""


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and all those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def is_of_the_program(body: CodeType, bases: tuple[Any, ...]) -> bool:
    """Whether a class is the program's own, and derived from none."""
    path = body.co_filename
    is_installed = any(f"{part}-packages" in path for part in ("site", "dist"))
    is_own = not is_installed and not path.startswith(("<frozen", LIBRARY))
    return is_own and not any(above is not object for above in bases)
