"""`PassLog`: what a pass does to the gradients of a class, seen by descriptors put on the class.

A gradient's writes are seen one by one, with the line that wrote. Which node is being visited is
told by what the pass reads: the attribute that it reads once a visit, or else the gradients.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from microgpt.attach.child.recorded import Node

LOOK_BACK = 64
"""So many reads back a write's consumer is looked for. Units: reads."""


class PassColumns:
    """A pass as columns: the writes in order, each in an event, and the node that each visits."""

    def __init__(self) -> None:
        self.visits: list[int] = []  # of each event from 1 on, the node's id
        self.nth: list[int] = []  # which visit of that node, from 1
        self.nodes: list[int] = []  # of each write
        self.numbers: list[Any] = []
        self.events: list[int] = []  # 0 before the first visit
        self.places: list[tuple[str, int]] = []  # file and line


class PassLog:
    """Notes reads and writes while it is installed."""

    def __init__(self) -> None:
        # A read is (node, code, offset of the instruction), a write (node, code, offset, number).
        self.entries: list[tuple[Any, ...]] = []

    @contextmanager
    def installed(self, cls: type, grad: str, visited: str, *, has_all: bool) -> Iterator[None]:
        """Watches a class.

        Args:
            cls: the class.
            grad: attribute of the gradient.
            visited: attribute that a pass reads once a visit; `""` to look at reads of gradients.
            has_all: whether all nodes have a gradient attribute of their own.
        """
        watched = {grad: self._grad_watch(cls, grad, reads=not visited, has_all=has_all)}
        if visited and visited != grad:
            watched[visited] = read_watch(cls, visited, self.entries)
        with installed(cls, watched):
            yield

    def _grad_watch(self, cls: type, name: str, *, reads: bool, has_all: bool) -> Any:
        note, getframe = self.entries.append, sys._getframe
        held = inherited(cls, name)
        put = getattr(held, "__set__", None)
        if put is None:

            def set_number(_: Any, node: Node, value: object) -> None:
                frame = getframe(1)
                note((node, frame.f_code, frame.f_lasti, value))
                node.__dict__[name] = value

        else:

            def set_number(_: Any, node: Node, value: object) -> None:
                frame = getframe(1)
                put(node, value)
                note((node, frame.f_code, frame.f_lasti, value))

        members: dict[str, Any] = {"__slots__": (), "__set__": set_number}
        if reads:
            members["__get__"] = _getter(cls, name, self.entries)
        elif put is not None or held is not None or not has_all:
            # Without a `__get__` Python reads the node's own dictionary, at full speed.
            members["__get__"] = _getter(cls, name, None)
        return type("GradWatch", (), members)()

    # -- what it means -----------------------------------------------------------------------------

    def columns(
        self, ids: dict[int, int], operands: Sequence[Sequence[Node]], *, by_grads: bool
    ) -> PassColumns:
        """The pass, as it can be told from what was noted.

        Args:
            ids: place of each node of the graph by `id()`; all others are left out.
            operands: of each node, in slot order.
            by_grads: whether the reads are reads of gradients; else each is a visit if its line is
                one that makes visits.
        """
        slots = [tuple(map(id, row)) for row in operands]
        visiting = self._visiting_places(ids, slots)
        columns = PassColumns()
        counts: dict[int, int] = {}  # visits of each node so far
        visit: dict[int, int] = {}  # of each node the ordinal of its visit under way
        given: dict[tuple[int, int], int] = {}  # writes of a node's visit to an operand
        recent: deque[int] = deque(maxlen=LOOK_BACK)
        line_of: dict[tuple[int, int], tuple[str, int]] = {}
        for entry in self.entries:
            place = ids.get(id(entry[0]))
            if place is None:
                continue
            if len(entry) == 3:
                if not slots[place] or (entry[1], entry[2]) not in visiting:
                    continue
                recent.append(place)
                if by_grads:
                    continue
                if (
                    columns.visits
                    and columns.visits[-1] == place
                    and not _is_over(place, slots[place], given)
                ):
                    continue  # the same visit reads it again
                counts[place] = visit[place] = counts.get(place, 0) + 1
                _forget(place, slots[place], given)
                columns.visits.append(place)
                columns.nth.append(counts[place])
                continue
            key = id(entry[0])
            consumer = next((at for at in reversed(recent) if key in slots[at]), None)
            if consumer is not None:
                times = given.get((consumer, key), 0)
                if by_grads and times >= slots[consumer].count(key):
                    counts[consumer] += 1
                    _forget(consumer, slots[consumer], given)
                    times = 0
                    columns.visits.append(consumer)
                    columns.nth.append(counts[consumer])
                elif not columns.visits or columns.visits[-1] != consumer:
                    counts.setdefault(consumer, 1)
                    columns.visits.append(consumer)  # it goes on after others
                    columns.nth.append(counts[consumer])
                if entry[3] is not None and entry[3] != 0:  # else it only makes room
                    given[consumer, key] = times + 1
            columns.nodes.append(place)
            columns.numbers.append(entry[3])
            columns.events.append(len(columns.visits))
            at = (id(entry[1]), entry[2])
            if at not in line_of:
                line_of[at] = (entry[1].co_filename, line_at(entry[1], entry[2]))
            columns.places.append(line_of[at])
        return columns

    def _visiting_places(self, ids: dict[int, int], slots: Sequence[tuple[int, ...]]) -> set[Any]:
        """Where in the code visits are made; see `places_of_visits`."""
        nowhere: tuple[int, ...] = ()
        return set(
            self.places_of_visits(
                lambda node: slots[ids[id(node)]] if id(node) in ids else nowhere, by_id=True
            )
        )

    def places_of_visits(
        self, operands: Callable[[Node], Sequence[Any]], *, by_id: bool = False
    ) -> list[tuple[Any, int]]:
        """Where in the code reads are made after which one of the node's operands is written to.

        Sorting the graph reads the same attributes, elsewhere.

        Args:
            operands: of a node; or their `id()`s.
            by_id: which of the two.
        """
        found: dict[tuple[int, int], tuple[Any, int]] = {}
        recent: deque[tuple[Any, ...]] = deque(maxlen=LOOK_BACK)
        known: dict[int, Any] = {}
        for entry in self.entries:
            if len(entry) == 3:
                recent.append(entry)
                continue
            key = id(entry[0])
            for node, code, offset in reversed(recent):
                keys = known.get(id(node))
                if keys is None:
                    keys = operands(node) if by_id else set(map(id, operands(node)))
                    known[id(node)] = keys
                if key in keys:
                    found[id(code), offset] = (code, offset)
                    break
        return list(found.values())


def _is_over(place: int, slots: tuple[int, ...], given: dict[tuple[int, int], int]) -> bool:
    """Whether a visit has written to all operands."""
    return all(given.get((place, key), 0) >= slots.count(key) for key in slots)


def _forget(place: int, slots: tuple[int, ...], given: dict[tuple[int, int], int]) -> None:
    for key in slots:
        given.pop((place, key), None)


# -- descriptors -----------------------------------------------------------------------------------


@contextmanager
def installed(cls: type, descriptors: dict[str, Any]) -> Iterator[None]:
    """Puts descriptors on a class, and takes them off again."""
    nothing = object()
    own = {name: cls.__dict__.get(name, nothing) for name in descriptors}
    for name, descriptor in descriptors.items():
        setattr(cls, name, descriptor)
    try:
        yield
    finally:
        for name, before in own.items():
            if before is nothing:
                delattr(cls, name)
            else:
                setattr(cls, name, before)


def inherited(cls: type, name: str) -> Any:
    """What a class has under a name: a slot, a property, a method, a default; None for nothing."""
    return next((vars(above)[name] for above in cls.__mro__ if name in vars(above)), None)


def read_watch(
    cls: type,
    name: str,
    entries: list[tuple[Any, ...]],
    attribute_at: dict[tuple[int, int], str] | None = None,
) -> Any:
    """A descriptor that notes every read of an attribute.

    Args:
        attribute_at: gets the attribute that each instruction read.
    """
    held = inherited(cls, name)
    put = getattr(held, "__set__", None)

    def set_value(_: Any, node: Node, value: object) -> None:
        if put is not None:
            put(node, value)
        else:
            node.__dict__[name] = value

    def delete(_: Any, node: Node) -> None:
        if put is not None:
            held.__delete__(node)
        else:
            del node.__dict__[name]

    members = {
        "__slots__": (),
        "__get__": _getter(cls, name, entries, attribute_at),
        "__set__": set_value,
        "__delete__": delete,
    }
    return type("ReadWatch", (), members)()


def _getter(
    cls: type,
    name: str,
    entries: list[tuple[Any, ...]] | None,
    attribute_at: dict[tuple[int, int], str] | None = None,
) -> Any:
    held = inherited(cls, name)
    get = getattr(held, "__get__", None)
    is_data = hasattr(held, "__set__")
    note = None if entries is None else entries.append
    getframe = sys._getframe

    def get_value(self: Any, node: Node, _: Any = None) -> Any:
        if node is None:
            return held if held is not None else self
        if note is not None:
            frame = getframe(1)
            note((node, frame.f_code, frame.f_lasti))
            if attribute_at is not None:
                attribute_at[id(frame.f_code), frame.f_lasti] = name
        if not is_data:
            own = getattr(node, "__dict__", None)
            if own is not None and name in own:
                return own[name]
            if held is None:
                raise AttributeError(f"{type(node).__name__!r} object has no attribute {name!r}")
        return get(node, type(node)) if get is not None else held

    return get_value


def line_at(code: Any, offset: int) -> int:
    """The source line of an instruction."""
    if hasattr(code, "co_lines"):
        for start, stop, line in code.co_lines():
            if start <= offset < stop and line is not None:
                return int(line)
        return int(code.co_firstlineno)
    line, at = code.co_firstlineno, 0  # before Python 3.10: pairs of steps
    for i in range(0, len(code.co_lnotab), 2):
        at += code.co_lnotab[i]
        if at > offset:
            break
        step = code.co_lnotab[i + 1]
        line += step - 256 if step >= 128 else step
    return int(line)
