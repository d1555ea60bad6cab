"""Recognising a Value-like class by its shape, before it is built: from the code of its body.

A class is Value-like if its body defines `backward` and an operator, and its code speaks of one of
two pairs of attributes. What it is called, and where it comes from, does not matter.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any, NamedTuple, Protocol


class Shape(NamedTuple):
    """How a class keeps what its backward pass needs."""

    operands: str  # the attribute with a node's operands
    visited: str  # the attribute that the backward pass reads when it visits a node
    is_closure: bool  # whether `visited` holds the derivative as code to call, not as numbers

    def __str__(self) -> str:
        return f"{self.operands} and {self.visited}"


SHAPES = (Shape("_children", "_local_grads", False), Shape("_prev", "_backward", True))


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
    """The code of all that a class defines."""
    for function in functions_of(cls):
        yield from nested(function.__code__)


def functions_of(cls: type) -> Iterator[FunctionType]:
    """The functions that a class defines, looked for inside decorators and properties too."""
    for member in vars(cls).values():
        for function in (member, *(getattr(member, name, None) for name in _WRAPPED)):
            if isinstance(function, FunctionType):
                yield function


_WRAPPED = ("__func__", "__wrapped__", "fget", "fset")


class Listener(Protocol):
    """Is told of classes that have just been built."""

    def found(self, cls: type, shape: Shape) -> None:
        """A Value-like class, on the base that was asked for."""

    def derived(self, cls: type) -> None:
        """A class derived from one."""

    def refused(self, cls: type, reason: str) -> None:
        """A Value-like class that could not be built on that base."""


def watch_classes(base: type, listener: Listener) -> None:
    """From now on, builds Value-like classes on a base of ours and tells of each.

    Args:
        base: is put under a Value-like class, last, so that its instances get its slots.
        listener: is told.
    """
    build = builtins.__build_class__

    def build_class(body: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
        if any(base in getattr(above, "__mro__", ()) for above in bases):
            cls = build(body, name, *bases, **keywords)
            listener.derived(cls)
            return cls
        shape = shape_of(body.__code__, bases) if isinstance(body, FunctionType) else None
        if shape is None:
            return build(body, name, *bases, **keywords)
        others = tuple(above for above in bases if above is not object)
        try:
            cls = build(body, name, *others, base, **keywords)
        except TypeError as error:  # its own bases and ours do not go together, or it is wrong
            cls = build(body, name, *bases, **keywords)
            listener.refused(cls, str(error))
            return cls
        listener.found(cls, shape)
        return cls

    builtins.__build_class__ = build_class
