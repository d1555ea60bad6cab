"""Classes that a program built before anybody looked: which of them may be Value-like."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from microgpt.attach.child.code_words import ARITHMETIC, LIBRARY, OF_NUMBERS
from microgpt.attach.child.node_notes import NOTE
from microgpt.attach.child.operators import Operator, operators_among
from microgpt.attach.child.shapes import SHAPES, Shape, codes_of, functions_of, words_of

ROOT = Path(__file__).parents[2]
OWN = ("microgpt", "viz", "tui")
"""Packages whose classes are no program's; our own `Value` is told by its name."""
OWN_FOLDERS = tuple(f"{ROOT / name}{os.sep}" for name in OWN)
VALUE = ("microgpt.autograd.value", "Value")


class BuiltClass(NamedTuple):
    """A class that may be Value-like."""

    cls: type
    shape: Shape | None  # if it is a known one
    operators: list[Operator]  # of functions beside it that make its instances


def built_classes() -> Iterator[BuiltClass]:
    """All there are, those that others are derived from first."""
    found: list[type] = [object]
    seen: set[type] = {object}
    for cls in found:
        derived: list[type] = type.__subclasses__(cls)
        for each in derived:
            if each not in seen:
                seen.add(each)
                found.append(each)
    for cls in found:
        if (cls.__module__, cls.__qualname__) == VALUE:
            yield BuiltClass(cls, SHAPES[0], [])
        elif ARITHMETIC & vars(cls).keys():
            if _defines_arithmetic(cls):
                yield BuiltClass(cls, _shape_of(cls), [])
        elif operators := _operators_beside(cls):
            yield BuiltClass(cls, None, operators)


def _defines_arithmetic(cls: type) -> bool:
    """Whether a class is a program's, or of an installed package and speaks of gradients."""
    members = (vars(cls).get(name) for name in ARITHMETIC)
    codes = [member.__code__ for member in members if isinstance(member, FunctionType)]
    if not codes or not all(map(_is_of_a_program, codes)):
        return False
    if not any(_is_installed(code) for code in codes):
        return True
    words = {word for code in codes_of(cls) for word in words_of(code)} | vars(cls).keys()
    return "backward" in words or any("grad" in word for word in words)


def _shape_of(cls: type) -> Shape | None:
    """Its shape, if it is a known one; see `shapes.shape_of`."""
    if not isinstance(vars(cls).get("backward"), FunctionType):
        return None
    words = {word for above in cls.__mro__ for code in codes_of(above) for word in words_of(code)}
    for above in cls.__mro__:
        words |= vars(above).keys()  # slots are
    return next((shape for shape in SHAPES if {*shape[:2], shape.data, shape.grad} <= words), None)


def _operators_beside(cls: type) -> list[Operator]:
    if "__init__" not in vars(cls) or cls.__bases__ != (object,):
        return []
    own = list(functions_of(cls))
    if not own or not all(_is_of_a_program(f.__code__) for f in own):
        return []
    if any(_is_installed(function.__code__) for function in own):
        return []
    module = sys.modules.get(cls.__module__)
    beside = (
        [each for each in vars(module).values() if isinstance(each, FunctionType)] if module else []
    )
    return operators_among(cls.__name__, (each.__code__ for each in beside))


def _is_of_a_program(code: CodeType) -> bool:
    path = code.co_filename
    if path.startswith(("<frozen", LIBRARY, *OWN_FOLDERS)) and not _is_installed(code):
        return False
    return not any(f"-packages{os.sep}{name}{os.sep}" in path for name in (*OF_NUMBERS, *OWN))


def _is_installed(code: CodeType) -> bool:
    return any(f"{part}-packages" in code.co_filename for part in ("site", "dist"))


class NotesBeside:
    """What is noted of nodes whose class was built without a slot for it.

    Put on such a class under that slot's name: its instances have nothing of ours then, and die
    when they would; those that cannot be referred to weakly live as long as this.
    """

    def __init__(self) -> None:
        self._notes: dict[int, tuple[Any, Any]] = {}  # by `id()`, each with what tells its end

    def __get__(self, node: Any, owner: Any = None) -> Any:
        if node is None:
            return self
        found = self._notes.get(id(node))
        if found is None:
            raise AttributeError(NOTE)
        return found[0]

    def __set__(self, node: Any, note: Any) -> None:
        key, notes = id(node), self._notes
        try:
            held: Any = weakref.ref(node, lambda _: notes.pop(key, None))
        except TypeError:
            held = node
        notes[key] = (note, held)

    def put_on(self, cls: Any) -> bool:
        """Puts it on a class; whether that can be."""
        try:
            setattr(cls, NOTE, self)
        except (AttributeError, TypeError):
            return False
        return True

    def take_off(self, cls: Any) -> None:
        """Takes it away again, and forgets all notes."""
        if vars(cls).get(NOTE) is self:
            delattr(cls, NOTE)
        self._notes.clear()
