"""Recognising classes that may be Value-like before they are built: from the code of their body.

Any class that defines arithmetic is a candidate. If its body defines `backward`, too, and its code
speaks of the attributes of one of two well-known shapes, it is known at once what its nodes are;
of all others that is learnt from what they do (`learner.py`). What a class is called, and where it
comes from, does not matter.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple, Protocol

from microgpt.attach.child.code_words import (
    ARITHMETIC,
    LIBRARY,
    OF_NUMBERS,
    is_of_the_program,
    nested,
)
from microgpt.attach.child.operators import Operator, free_operators


class Shape(NamedTuple):
    """How a class keeps what its backward pass needs."""

    operands: str  # the attribute with a node's operands
    visited: str  # the attribute that the backward pass reads when it visits a node
    is_closure: bool  # whether `visited` holds the derivative as code to call, not as numbers
    data: str = "data"  # the attribute with a node's number; `""` if the node is itself a number
    grad: str = "grad"  # the attribute with its gradient; `""` if it has none
    store: Any = None  # where its operands are, if not simply in `operands`: see `anatomy.Store`
    leaves_only: bool = False  # whether only leaves keep their gradients
    kept: Any = None  # where the pass keeps the others, if anywhere: see `found_gradients.KeptAt`

    @property
    def listed_in(self) -> str:
        """The attribute that holds a node's operands, `""` if it is not one alone."""
        if self.store is None:
            return self.operands
        paths: tuple[tuple[str, ...], ...] = self.store.paths
        return paths[0][0] if len(paths) == 1 and len(paths[0]) == 1 else ""

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
    return next((shape for shape in SHAPES if {*shape[:2], shape.data, shape.grad} <= words), None)


def words_of(code: CodeType) -> Iterator[str]:
    """Every name and text in a code object and those inside it; slots' names are texts."""
    for inner in nested(code):
        yield from inner.co_names
        for constant in inner.co_consts:
            for text in constant if isinstance(constant, tuple) else (constant,):
                if isinstance(text, str):
                    yield text


def codes_of(cls: type) -> Iterator[CodeType]:
    """The code of all that a class defines."""
    for function in functions_of(cls):
        yield from nested(function.__code__)


def functions_of(cls: type) -> Iterator[FunctionType]:
    """The functions that a class defines, looked for inside decorators and properties too."""
    for member in vars(cls).values():
        for function in (member, *(getattr(member, name, None) for name in _WRAPPED)):
            # PyPy has its built-in functions in this type, too, and no names in their code.
            if isinstance(function, FunctionType) and isinstance(function.__code__, CodeType):
                yield function


def functions_of_code(code: CodeType) -> list[FunctionType]:
    """The functions there are with this code."""
    return [
        thing
        for thing in gc.get_referrers(code)
        if isinstance(thing, FunctionType) and thing.__code__ is code
    ]


def only_helps(name: str) -> bool:
    """Whether a method of this name only helps to make a node: `__init__`, `_unary`, a lambda."""
    is_special = name.startswith("__") and name.endswith("__")
    return name == "__init__" or name.startswith("<") or (name.startswith("_") and not is_special)


_WRAPPED = ("__func__", "__wrapped__", "fget", "fset")


class Listener(Protocol):
    """Is told of classes that have just been built."""

    def found(self, cls: type, shape: Shape | None, operators: Sequence[Operator]) -> None:
        """A class that may be Value-like, its shape if that is a known one, and free operators."""

    def derived(self, cls: type) -> None:
        """A class derived from one."""

    def found_torch(self, cls: type) -> None:
        """The class of PyTorch's tensors, while torch is still being imported."""


def watch_classes(recorded: type, watched: type, listener: Listener) -> Callable[[], None]:
    """From now on, builds classes that may be Value-like on a base of ours and tells of each.

    Args:
        recorded: is put under a class of a known shape, last, so that its instances get its slots.
        watched: is put under one that defines arithmetic, until it is known what its nodes are.
        listener: is told.

    Returns:
        what undoes that; classes that were built stay on their bases.
    """
    build = builtins.__build_class__
    has_found = False

    def build_class(body: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
        nonlocal has_found
        if any(recorded in getattr(above, "__mro__", ()) for above in bases):
            cls = build(body, name, *bases, **keywords)
            listener.derived(cls)
            return cls
        if not isinstance(body, FunctionType):
            return build(body, name, *bases, **keywords)
        if name == "Tensor" and body.__module__ == "torch._tensor":
            cls = build(body, name, *bases, **keywords)
            listener.found_torch(cls)
            return cls
        shape = shape_of(body.__code__, bases)
        operators: Sequence[Operator] = ()
        if shape is None and not is_candidate(body.__code__, bases):
            around = sys._getframe(1).f_code
            if not may_be_given_arithmetic(body.__code__, bases, around):
                operators = free_operators(
                    name, body.__code__, bases, around, only_by_name=has_found
                )
                if not operators:
                    return build(body, name, *bases, **keywords)
        others = tuple(above for above in bases if above is not object)
        base = watched if shape is None else recorded
        try:
            cls = build(body, name, *others, base, **keywords)
        except TypeError:  # its own bases and ours do not go together, or it is wrong
            cls = build(body, name, *bases, **keywords)
        has_found = True
        listener.found(cls, shape, operators)
        return cls

    def undo() -> None:
        if builtins.__build_class__ is build_class:
            builtins.__build_class__ = build

    builtins.__build_class__ = build_class
    _AS_IT_WAS.update(vars(builtins))
    return undo


NO_ROOM = "its __slots__ leave its nodes no room for a note: a base without slots would"


def has_room(cls: type) -> bool:
    """Whether instances of a class can hold a note: in a base's slot, or in a dictionary."""
    has_slot = any("_attach_note" in vars(above) for above in cls.__mro__)
    return has_slot or bool(getattr(cls, "__dictoffset__", True))  # PyPy does not say


_AS_IT_WAS: dict[str, Any] = {}
"""Python's own functions when the script began, with ours among them."""


def put_back() -> list[str]:
    """Undoes what the script did to Python's own functions, once it is over; and which those are.

    What is left to do, also in Python's own library, needs them.
    """
    own, nothing = vars(builtins), object()
    names = [name for name, was in _AS_IT_WAS.items() if own.get(name, nothing) is not was]
    own.update(_AS_IT_WAS)
    return names


def is_candidate(body: CodeType, bases: tuple[Any, ...] = ()) -> bool:
    """Whether a class with this body defines arithmetic and is a program's own.

    Not those of the standard library, whose fractions and dates are no nodes; and of installed
    packages only those that build their own instances, since what only lends methods to others is
    put under classes that could not bear another base.
    """
    names = set(body.co_names)
    if not ARITHMETIC & names:
        return False
    path = body.co_filename
    if path.startswith("<frozen"):
        return False
    is_installed = any(f"{part}-packages" in path for part in ("site", "dist"))
    if any(f"-packages{os.sep}{name}{os.sep}" in path for name in OF_NUMBERS):
        return False
    if not is_installed:
        return not path.startswith(LIBRARY)
    builds = {"__init__", "__slots__", "__annotations__"} & names
    return bool(builds) and not any(above is not object for above in bases)


def may_be_given_arithmetic(body: CodeType, bases: tuple[Any, ...], around: CodeType) -> bool:
    """Whether the code around a class puts operators on a class, as `V.__add__ = add` does.

    Args:
        body: of the class, which makes instances of its own and is derived from none.
        around: the code that builds it.
    """
    if not is_of_the_program(body, bases) or "__init__" not in body.co_names:
        return False
    words = set(_words_outside_classes(around))
    return bool(ARITHMETIC & words) or ("__%s__" in words or {"__", "add"} <= words)


def _words_outside_classes(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if "__qualname__" not in constant.co_names:
                yield from _words_outside_classes(constant)
        else:
            for text in constant if isinstance(constant, (tuple, frozenset)) else (constant,):
                if isinstance(text, str):
                    yield text
