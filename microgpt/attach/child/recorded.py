"""What is recorded of a node, and the slot of it: bases of ours under the script's classes."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

from microgpt.attach.child.init_hook import CO_VARARGS, CO_VARKEYWORDS
from microgpt.attach.child.node_notes import NOTE

Node = Any
"""An instance of a Value-like class of the script."""


class MatrixPlace(NamedTuple):
    """Where a parameter stands in a matrix, a list of rows."""

    matrix: str
    row: int
    col: int
    token: str = ""


class Label(NamedTuple):
    """A node's name, and its place if it is an entry of a matrix of leaves."""

    text: str
    place: MatrixPlace | None = None


class Arguments(NamedTuple):
    """What a method was called with, its `self` included."""

    positional: tuple[Any, ...]
    keywords: dict[str, Any]

    def all(self) -> tuple[Any, ...]:
        """One after the other."""
        return (*self.positional, *self.keywords.values())


class Call(NamedTuple):
    """A call that makes a node again, for what its operands' data is then."""

    method: Callable[..., Any]
    positional: tuple[Any, ...]
    keywords: dict[str, Any]


def n_parameters_of(code: CodeType) -> int:
    """How many of its first variables a call binds: `*args` and `**keywords` included."""
    flags = bool(code.co_flags & CO_VARARGS) + bool(code.co_flags & CO_VARKEYWORDS)
    return code.co_argcount + code.co_kwonlyargcount + flags


def arguments_of(call: FrameType) -> Arguments | None:
    """What a call was made with, as it is in its variables now; None if it is gone from there."""
    code, here = call.f_code, call.f_locals
    n_named = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames
    try:
        positional = [here[name] for name in names[: code.co_argcount]]
        keywords = {name: here[name] for name in names[code.co_argcount : n_named]}
        if code.co_flags & CO_VARARGS:
            positional += here[names[n_named]]
        if code.co_flags & CO_VARKEYWORDS:
            keywords |= here[names[n_named + bool(code.co_flags & CO_VARARGS)]]
    except (KeyError, TypeError):
        return None  # it has deleted one of them, or made something else of it
    return Arguments(tuple(positional), keywords)


NO_ARGUMENTS = Arguments((), {})


class Recorded:
    """The base put under a Value-like class: a slot that its code never sees."""

    __slots__ = (NOTE,)

    def __getstate__(self) -> object:
        """What a copy or a pickle keeps: what it would without this slot."""
        if not hasattr(object, "__getstate__"):  # before Python 3.11
            return _old_state(self)
        state = object.__getstate__(self)
        if not (isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict)):
            return state
        slots = {name: value for name, value in state[1].items() if name not in _SLOTS}
        return (state[0], slots) if slots else state[0]


class Watched(Recorded):
    """The same under a class of which it is not known yet what its nodes are; see `learner.py`."""

    __slots__ = ()


def _old_state(node: Any) -> object:
    """What Python before 3.11 keeps: the dictionary, and slots where there are any."""
    slots = {}
    for above in type(node).__mro__:
        names = vars(above).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if name not in _SLOTS and name not in {"__dict__", "__weakref__"}:
                try:
                    slots[name] = getattr(node, name)
                except AttributeError:
                    continue
    own = getattr(node, "__dict__", None)
    return (own, slots) if slots else own


_SLOTS = frozenset(Recorded.__slots__)
