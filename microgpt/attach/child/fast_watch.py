"""`FastWatch`: sees the passes of a class that is known, by descriptors made for what was learnt.

One on the gradient, which notes writes; one on what a visit reads; and one on the number, since a
pass that is no function ends when a node is made or a leaf's number is written. While no pass is to
be looked at, one alone counts them, by the instruction that writes the first gradient of each.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.anatomy import is_same
from microgpt.attach.child.pass_log import PassLog, getter, inherited, read_watch
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.shapes import Shape
from microgpt.attach.child.value_class import ValueClass

NOTHING = object()


class Seed:
    """The instruction that writes a pass's first gradient, and what it writes."""

    def __init__(self, code: CodeType, offset: int, value: Any) -> None:
        self.code, self.offset, self.value = code, offset, value

    @classmethod
    def of(cls, log: PassLog) -> Seed | None:
        """That of a pass, None if its instruction writes more than once."""
        writes = log.writes()
        if not writes:
            return None
        _, code, offset, value = writes[0]
        others = sum(e[1] is code and e[2] == offset for e in writes)
        return cls(code, offset, value) if others == 1 else None


class FastWatch:
    """Watches one class.

    Args:
        kind: the class.
        shape: what was learnt of it.
        begins: is told of the first write to a gradient after nodes were made, and may call
            `begin`.
        ends: is called when a pass is over.
    """

    def __init__(
        self,
        kind: ValueClass,
        shape: Shape,
        begins: Callable[[Node, FrameType], None],
        ends: Callable[[], None],
    ) -> None:
        self.kind, self.shape = kind, shape
        self._begins, self._ends = begins, ends
        self._entries: list[tuple[Any, ...]] | None = None  # while a pass is under way
        self._before: dict[tuple[int, str], Any] = {}
        self._was_made = True  # a node, since the last pass
        self._own: dict[str, Any] = {}  # what the class had under the names watched
        self._collects = False

    @staticmethod
    def can_watch(kind: ValueClass, shape: Shape) -> bool:
        """Whether the number and the gradient are plain attributes or slots."""
        names = (shape.data, shape.grad)
        if not all(names) or type(kind.cls).__setattr__ is not type.__setattr__:
            return False
        return not any(isinstance(inherited(kind.cls, name), property) for name in names)

    # -- on and off --------------------------------------------------------------------------------

    def wait(self, *, was_made: bool) -> None:
        """Waits for a pass.

        Args:
            was_made: whether it may begin at once; else only when a node has been made.
        """
        self.stop()
        self._was_made = was_made
        self._put(self.shape.data, self._data_watch)
        self._put(self.shape.grad, self._grad_watch)

    def begin(self, log: PassLog, before: dict[tuple[int, str], Any]) -> None:
        """A pass begins, or is under way: notes what it does.

        Args:
            log: gets it.
            before: gets what gradients were, by `id()` of the node and attribute.
        """
        if not self._own:
            self.wait(was_made=False)
        self._entries, self._before, self._was_made = log.entries, before, False
        visited = self.shape.visited
        if visited and visited != self.shape.grad:
            self._put(visited, lambda: read_watch(self.kind.cls, visited, log.entries))
        elif not visited:
            self._put(self.shape.grad, lambda: self._grad_watch(log.entries))
        self._collects = gc.isenabled()
        gc.disable()  # it would search what is noted, again and again

    def count(self, seed: Seed, passed: Callable[[], None]) -> None:
        """Counts passes, and notes nothing.

        Args:
            seed: what is done once a pass.
            passed: is called at each.
        """
        self.stop()
        self._put(self.shape.grad, lambda: self._counter(seed, passed))

    def stop(self) -> None:
        """Watches no more."""
        self._entries = None
        for name in list(self._own):
            self._take_off(name)
        if self._collects:
            self._collects = False
            gc.enable()

    def _put(self, name: str, make: Callable[[], Any]) -> None:
        if name in self._own:
            self._take_off(name)
        descriptor = make()
        self._own[name] = vars(self.kind.cls).get(name, NOTHING)
        setattr(self.kind.cls, name, descriptor)

    def _take_off(self, name: str) -> None:
        own = self._own.pop(name)
        if own is NOTHING:
            delattr(self.kind.cls, name)
        else:
            setattr(self.kind.cls, name, own)

    # -- descriptors -------------------------------------------------------------------------------

    def _grad_watch(self, reads: list[tuple[Any, ...]] | None = None) -> Any:
        kind, name, getframe = self.kind, self.shape.grad, sys._getframe
        number_of = kind.number
        held = inherited(kind.cls, name)
        put, get = getattr(held, "__set__", None), getattr(held, "__get__", None)

        def set_number(_: Any, node: Node, value: object) -> None:
            entries = self._entries
            if entries is None and self._was_made and number_of(node) is not None:
                self._begins(node, getframe(1))
                entries = self._entries
            if entries is not None:
                frame = getframe(1)
                entries.append((node, frame.f_code, frame.f_lasti, value))
                key = (id(node), name)
                if key not in self._before:
                    try:
                        self._before[key] = (
                            node.__dict__.get(name) if put is None else get(node, None)  # type: ignore[misc]
                        )
                    except AttributeError:
                        self._before[key] = None
            if put is None:
                node.__dict__[name] = value
            else:
                put(node, value)

        return self._descriptor(name, set_number, reads)

    def _data_watch(self) -> Any:
        kind, name = self.kind, self.shape.data
        number_of = kind.number
        put = getattr(inherited(kind.cls, name), "__set__", None)

        def set_data(_: Any, node: Node, value: object) -> None:
            if number_of(node) is None:
                if self._entries is not None:
                    self._ends()
                self._was_made = True
            elif (
                self._entries is not None
                and not kind.operands(node)
                and not is_same(kind.data(node), value)
            ):
                self._ends()
            if put is None:
                node.__dict__[name] = value
            else:
                put(node, value)

        return self._descriptor(name, set_data)

    def _counter(self, seed: Seed, passed: Callable[[], None]) -> Any:
        name, getframe, first = self.shape.grad, sys._getframe, seed.value
        code, offset = seed.code, seed.offset
        put = getattr(inherited(self.kind.cls, name), "__set__", None)

        def set_number(_: Any, node: Node, value: object) -> None:
            same = value == first  # at each write: a call would cost as much as the rest
            if same is True or (same is not False and is_same(value, first)):
                frame = getframe(1)
                if frame.f_lasti == offset and frame.f_code is code:
                    passed()
            if put is None:
                node.__dict__[name] = value
            else:
                put(node, value)

        return self._descriptor(name, set_number)

    def _descriptor(
        self, name: str, set_value: Any, reads: list[tuple[Any, ...]] | None = None
    ) -> Any:
        members: dict[str, Any] = {"__slots__": (), "__set__": set_value}
        cls = self.kind.cls
        # Without a `__get__` Python reads the node's own dictionary, at full speed.
        if reads is not None or inherited(cls, name) is not None or not self.kind.sets_first(name):
            members["__get__"] = getter(cls, name, reads)
        return type("FastWatch", (), members)()
