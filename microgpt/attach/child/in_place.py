"""`InPlaceWatch`: sees where a pass begins whose gradients are only ever written in place.

Of a class whose nodes get arrays of zeros beside their numbers, and keep these arrays, nothing is
written to an attribute. So reads of that attribute are watched: what is read of a result is copied,
and if it has changed at the next read a pass has begun there.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

from microgpt.attach.child.anatomy import attributes, is_array, is_same
from microgpt.attach.child.pass_log import calling_frame, inherited
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass

if TYPE_CHECKING:
    from typing import TypeAlias

MOST_LOOKED_AT = 1_000
"""So many nodes of a class are looked at for such an attribute."""


class Touched(NamedTuple):
    """A gradient of a result that was read, and what it was."""

    kind: ValueClass
    node: Node
    name: str  # of the attribute
    frame: FrameType  # that read it
    offset: int  # at this instruction
    was: Any
    array: Any  # itself


Begins: TypeAlias = "Callable[[Touched], None]"


class InPlaceWatch:
    """Watches candidates that hold arrays.

    Args:
        begins: is told of the first change.
        follows: whether a node's pass is to be found by us now.
    """

    def __init__(self, begins: Begins, follows: Callable[[Node], bool]) -> None:
        self._begins, self._follows = begins, follows
        self._names: dict[ValueClass, str] = {}
        self._installed: dict[ValueClass, tuple[str, Any]] = {}  # with what the class had there
        self._n_looked_at: dict[ValueClass, int] = {}
        self._touched: Touched | None = None

    # -- which attribute ---------------------------------------------------------------------------

    def look(self, kind: ValueClass, node: Node) -> None:
        """Looks at a node that was made, for zeros beside its number."""
        n = self._n_looked_at[kind] = self._n_looked_at.get(kind, 0) + 1
        if kind in self._names or n > MOST_LOOKED_AT or kind.shape is not None:
            return
        held = {name: each for name, each in attributes(node).items() if is_array(each)}
        if len(held) < 2 or not kind.subject().is_result(node):
            return
        numbers = [each for each in held.values() if each.any()]
        for name, each in held.items():
            is_beside = any(each.shape == other.shape for other in numbers)
            if is_beside and not each.any() and not isinstance(inherited(kind.cls, name), property):
                self._names[kind] = name
                self.resume(kind)
                return

    # -- on and off --------------------------------------------------------------------------------

    def resume(self, kind: ValueClass) -> None:
        """Watches a class, if it has such an attribute."""
        name, cls = self._names.get(kind), kind.cls
        if name is not None and kind not in self._installed:
            self._installed[kind] = (name, vars(cls).get(name, self))
            setattr(cls, name, self._watch(kind, name))

    def pause(self, kind: ValueClass) -> None:
        """Watches it no more for now."""
        self._touched = None
        if kind in self._installed:
            name, own = self._installed.pop(kind)
            if own is self:
                delattr(kind.cls, name)
            else:
                setattr(kind.cls, name, own)

    def learnt(self, kind: ValueClass) -> None:
        """Watches a class no more whose passes are seen otherwise."""
        if not kind.is_slow:
            self.pause(kind)
            self._names.pop(kind, None)

    def stop(self) -> None:
        """Watches nothing more."""
        for kind in list(self._installed):
            self.pause(kind)
        self._names.clear()

    # -- what is read ------------------------------------------------------------------------------

    def _watch(self, kind: ValueClass, name: str) -> Any:
        held = inherited(kind.cls, name)
        get, put = getattr(held, "__get__", None), getattr(held, "__set__", None)

        def get_value(self_: Any, node: Node, owner: Any = None) -> Any:
            if node is None:
                return held if held is not None else self_
            own = getattr(node, "__dict__", None)
            if put is None and own is not None and name in own:
                value = own[name]
            elif held is None:
                raise AttributeError(f"{type(node).__name__!r} object has no attribute {name!r}")
            else:
                value = held if get is None else get(node, owner)
            if is_array(value) and self._follows(node):
                self._was_read(kind, name, node, value)
                if kind not in self._installed:  # a pass has begun, which is to see this
                    return getattr(node, name)
            return value

        def set_value(_: Any, node: Node, value: object) -> None:
            if put is not None:
                put(node, value)
            else:
                node.__dict__[name] = value

        members = {"__slots__": (), "__get__": get_value, "__set__": set_value}
        return type("InPlaceWatch", (), members)()

    def _was_read(self, kind: ValueClass, name: str, node: Node, value: Any) -> None:
        self.settle()
        if self._follows(node) and kind.subject().is_result(node):
            frame = calling_frame()
            self._touched = Touched(kind, node, name, frame, frame.f_lasti, value.copy(), value)

    def settle(self) -> None:
        """Tells of a pass if what was read last has changed since."""
        touched, self._touched = self._touched, None
        if touched is None or is_same(touched.array.copy(), touched.was):
            return
        if touched.array.any():  # zeroing is no pass
            self._begins(touched)

    def drop(self) -> None:
        """A node is made: what was read before was none of a pass."""
        self._touched = None


def is_under_way(frame: FrameType, inner: FrameType) -> bool:
    """Whether a call is one of those around another."""
    at: FrameType | None = inner
    while at is not None:
        if at is frame:
            return True
        at = at.f_back
    return False
