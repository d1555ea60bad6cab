"""Recognising a Value-like class by its shape, before it is built: from the code of its body.

A class is Value-like if its body defines `backward` and an operator, and its code speaks of one of
two pairs of attributes. What it is called, and where it comes from, does not matter.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple


class Shape(NamedTuple):
    """How a class keeps what its backward pass needs.

    Attributes:
        operands: the attribute with a node's operands.
        visited: the attribute that the backward pass reads when it visits a node.
        is_closure: whether `visited` holds the derivative as code to call, not as numbers.
    """

    operands: str
    visited: str
    is_closure: bool

    def __str__(self) -> str:
        return f"{self.operands} and {self.visited}"


SHAPES = (Shape("_children", "_local_grads", False), Shape("_prev", "_backward", True))

Found = Callable[[type, Shape], None]


def shape_of(body: CodeType, bases: tuple[Any, ...] = ()) -> Shape | None:
    """The shape of the class with this body, None if it is not Value-like."""
    if "backward" not in body.co_names or not {"__add__", "__mul__"} & set(body.co_names):
        return None
    words = set(words_of(body))
    for base in bases:
        for ancestor in getattr(base, "__mro__", ()):
            for code in codes_of(ancestor):
                words.update(words_of(code))
    return next((shape for shape in SHAPES if {shape.operands, shape.visited} <= words), None)


def words_of(code: CodeType) -> Iterator[str]:
    """Every name and text in a code object and those inside it; slots' names are texts."""
    for inner in nested(code):
        yield from inner.co_names
        for constant in inner.co_consts:
            for text in constant if isinstance(constant, tuple) else (constant,):
                if isinstance(text, str):
                    yield text


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and all those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def codes_of(cls: type) -> Iterator[CodeType]:
    """The code of all that a class defines, looked for inside decorators and properties too."""
    for member in vars(cls).values():
        functions = [member, *(getattr(member, name, None) for name in _WRAPPED)]
        for function in functions:
            if isinstance(function, FunctionType):
                yield from nested(function.__code__)


_WRAPPED = ("__func__", "__wrapped__", "fget", "fset")


def watch_classes(base: type, found: Found, derived: Callable[[type], None]) -> None:
    """From now on, builds Value-like classes on a base of ours and tells of each.

    Args:
        base: is put under a Value-like class, last, so that its instances get its slots.
        found: is told of a Value-like class, just built.
        derived: is told of a class built on one, just built.
    """
    build = builtins.__build_class__

    def build_class(body: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
        shape = shape_of(body.__code__, bases) if isinstance(body, FunctionType) else None
        is_derived = any(base in getattr(above, "__mro__", ()) for above in bases)
        if shape is None or is_derived:
            cls = build(body, name, *bases, **keywords)
            if is_derived and isinstance(cls, type):
                derived(cls)
            return cls
        above = tuple(other for other in bases if other is not object)
        cls = build(body, name, *above, base, **keywords)
        found(cls, shape)
        return cls

    builtins.__build_class__ = build_class
