"""Function objects: what a node of some programs keeps to say which op it is of.

Such an object, or class, has a `forward` and a `backward`, and one `apply` makes all nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from microgpt.attach.child.anatomy import attributes
from microgpt.attach.child.recorded import Node

DEEPEST = 2
"""So far in what a node holds one is looked for: `node.history.last_fn`."""
HEAP_TYPE = 1 << 9
"""The flag of a class that a `class` statement has made."""
_SUFFIXES = ("backward", "function", "fn", "op", "_")


class FunctionObjects:
    """Finds the function objects of the nodes of one class.

    Args:
        is_node: whether something is a node.
    """

    def __init__(self, is_node: Callable[[object], bool]) -> None:
        self._is_node = is_node
        self._path: tuple[str, ...] | None = None  # where they lie; `()` where there are none

    def of(self, node: Node) -> Any:
        """The one of a node that was made of others, None if its class has none."""
        if self._path is None:
            self._path = self._found(node, DEEPEST) or ()
        thing = node
        for name in self._path:
            thing = attributes(thing).get(name)
            if thing is None:
                return None
        return thing if self._path and self._is_function(thing) else None

    def maker_of(self, node: Node) -> Callable[..., Any] | None:
        """What makes a node like this one of other operands, None if nothing is known to.

        That is the function's `apply`; or an object itself, called: a copy, as it keeps what it was
        called with.
        """
        function = self.of(node)
        apply: Callable[..., Any] | None = getattr(function, "apply", None)
        if apply is not None or isinstance(function, type) or not callable(function):
            return apply
        copy: Callable[..., Any] = _copy(function)
        return copy

    def _found(self, thing: Any, depth: int) -> tuple[str, ...] | None:
        for name, value in attributes(thing).items():
            if self._is_node(value) or isinstance(value, (str, bytes, int, float)):
                continue
            if self._is_function(value):
                return (name,)
            if depth > 1 and not isinstance(value, type):
                further = self._found(value, depth - 1)
                if further is not None:
                    return (name, *further)
        return None

    def _is_function(self, thing: Any) -> bool:
        return callable(getattr(thing, "forward", None)) and callable(
            getattr(thing, "backward", None)
        )


def _copy(thing: Any) -> Any:
    """A copy of an object, with lists of its own, that none of its class's own code has made."""
    cls = type(thing)
    built_in: Any = next(each for each in cls.__mro__ if not each.__flags__ & HEAP_TYPE)
    holds = built_in in (dict, list, set)
    copy = built_in.__new__(cls) if holds or built_in is object else built_in.__new__(cls, thing)
    if holds:
        (list.extend if built_in is list else built_in.update)(copy, thing)
    for name, value in attributes(thing).items():
        object.__setattr__(copy, name, list(value) if isinstance(value, list) else value)
    return copy


def name_of_function(function: Any) -> str:
    """What its op is called: of `Add` or `AddBackward`, `add`."""
    name = function.__name__ if isinstance(function, type) else type(function).__name__
    name = name.lower()
    for suffix in _SUFFIXES:
        if len(name) > len(suffix) and name.endswith(suffix):
            name = name[: -len(suffix)]
    return name
