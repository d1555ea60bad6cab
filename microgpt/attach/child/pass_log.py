"""`PassLog`: what a pass does to the gradients of a class, seen by descriptors put on the class.

A gradient's writes are seen one by one, with the line that wrote. Which node is being visited is
told by what the pass reads: the attribute that it reads once a visit, or else the gradients.
"""

from __future__ import annotations

import gc
import sys
from array import array
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, MemberDescriptorType
from typing import Any

from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.wire import Field

READ = object()
"""Stands for a number where an entry is a read."""
NO_WRITE, WRITE, MAKES_ROOM, DROPS = range(4)
"""What an entry did: the last two wrote 0 and None, which are no shares."""
LOOK_BACK = 64
"""So many reads back a write's consumer is looked for. Units: reads."""
ENOUGH = 5_000
"""So many writes of a first pass are looked at to learn what it reads at a visit."""


class PassLog:
    """Notes reads and writes while it is installed."""

    def __init__(self) -> None:
        # (node, code, offset of the instruction, number), or `READ` in the place of the number
        self.entries: list[tuple[Any, ...]] = []

    @contextmanager
    def installed(self, cls: type, grad: str, visited: str, *, has_all: bool) -> Iterator[None]:
        """Watches a class.

        Args:
            cls: the class.
            grad: attribute of the gradient; `""` if there is none, and nothing to watch.
            visited: attribute that a pass reads once a visit; `""` to look at reads of gradients.
            has_all: whether all nodes have a gradient attribute of their own.
        """
        if not grad:
            yield
            return
        watched = {grad: self._grad_watch(cls, grad, reads=not visited, has_all=has_all)}
        if visited and visited != grad:
            watched[visited] = read_watch(cls, visited, self.entries)
        was_enabled = gc.isenabled()
        gc.disable()  # it would search what is noted, again and again
        try:
            with installed(cls, watched):
                yield
        finally:
            if was_enabled:
                gc.enable()

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
            members["__get__"] = getter(cls, name, self.entries)
        elif put is not None or held is not None or not has_all:
            # Without a `__get__` Python reads the node's own dictionary, at full speed.
            members["__get__"] = getter(cls, name, None)
        return type("GradWatch", (), members)()

    def writes(self) -> list[tuple[Any, ...]]:
        """The entries that are writes."""
        return [entry for entry in self.entries if entry[3] is not READ]

    # -- what it means -----------------------------------------------------------------------------

    def columns(
        self, ids: dict[int, int], lines: dict[tuple[str, int], int], *, by_grads: bool
    ) -> dict[str, Field]:
        """What was noted, as `visits.Entries` has it.

        Args:
            ids: place of each node of the graph by `id()`; all others are left out.
            lines: gets each line that reads or writes, with its place.
            by_grads: whether the reads are reads of gradients.
        """
        entries = [entry for entry in self.entries if id(entry[0]) in ids]
        if len(entries) < len(self.entries):
            entries = list(_of_graph(self.entries, ids))
        # All of it in loops of the interpreter's own: a pass has hundreds of thousands.
        columns: Any = tuple(zip(*entries)) or ((), (), (), ())
        nodes, codes, offsets, numbers = columns
        places = list(zip(map(id, codes), offsets))
        at = dict(zip(places, entries))  # one entry of each place
        sites = {place: i for i, place in enumerate(at)}
        site_lines = array("q")
        for entry in at.values():
            line = (entry[1].co_filename, line_at(entry[1], entry[2]))
            site_lines.append(lines.setdefault(line, len(lines)))
        return {
            "entry_nodes": array("q", map(ids.__getitem__, map(id, nodes))),
            "entry_sites": array("q", map(sites.__getitem__, places)),
            "entry_writes": array(
                "b",
                [
                    NO_WRITE if n is READ else WRITE if n else DROPS if n is None else MAKES_ROOM
                    for n in numbers
                ],
            ),
            "entry_numbers": array("d", [0.0 if n is READ or n is None else n for n in numbers]),
            "site_lines": site_lines,
            "by_grads": array("b", [by_grads]),
        }

    def places_of_visits(
        self, operands: Callable[[Node], Sequence[Node]]
    ) -> dict[tuple[int, int], set[int]]:
        """Where in the code reads are made after which one of the node's operands is written to.

        Args:
            operands: of a node.

        Returns:
            by `id()` of the code and offset the `id()`s of the nodes.
        """
        found: dict[tuple[int, int], set[int]] = {}
        recent: deque[tuple[Any, ...]] = deque(maxlen=LOOK_BACK)
        known: dict[int, set[int]] = {}
        n_writes = 0
        for entry in self.entries:
            if entry[3] is READ:
                recent.append(entry)
                continue
            n_writes += 1
            if n_writes > ENOUGH:
                break
            key = id(entry[0])
            for node, code, offset, _ in reversed(recent):
                keys = known.get(id(node))
                if keys is None:
                    keys = known[id(node)] = set(map(id, operands(node)))
                if key in keys:
                    found.setdefault((id(code), offset), set()).add(id(node))
                    break
        return found

    def are_told_by(
        self, places: Container[tuple[int, int]], operands: Callable[[Node], Sequence[Node]]
    ) -> bool:
        """Whether the last read in some places is of a node that each write gives to, bar the seed.

        Args:
            places: by `id()` of the code and offset.
            operands: of a node.
        """
        last, n_writes = None, 0
        for node, code, offset, number in self.entries:
            if number is READ:
                last = node if (id(code), offset) in places else last
                continue
            n_writes += 1
            if n_writes > ENOUGH:
                break
            if n_writes > 1 and number is not None and (
                last is None or all(each is not node for each in operands(last))
            ):  # fmt: skip
                return False
        return n_writes > 1


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
        "__get__": getter(cls, name, entries, attribute_at),
        "__set__": set_value,
        "__delete__": delete,
    }
    return type("ReadWatch", (), members)()


def getter(
    cls: type,
    name: str,
    entries: list[tuple[Any, ...]] | None,
    attribute_at: dict[tuple[int, int], str] | None = None,
) -> Any:
    """A `__get__` that reads what a class and a node have under a name.

    Args:
        cls: the class, which is not watched yet.
        name: of the attribute.
        entries: gets each read, if given.
        attribute_at: gets the attribute that each instruction read, if given.
    """
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
            note((node, frame.f_code, frame.f_lasti, READ))
            if attribute_at is not None:
                attribute_at[id(frame.f_code), frame.f_lasti] = name
        if not is_data:
            own = getattr(node, "__dict__", None)
            if own is not None and name in own:
                return own[name]
            if held is None:
                raise AttributeError(f"{type(node).__name__!r} object has no attribute {name!r}")
        return get(node, type(node)) if get is not None else held

    def get_noted(self: Any, node: Node, _: Any = None) -> Any:
        """The same for the one case that is asked for a hundred thousand times a pass."""
        if node is None:
            return self
        frame = getframe(1)
        note((node, frame.f_code, frame.f_lasti, READ))  # type: ignore[misc]
        try:
            return node.__dict__[name]
        except KeyError:
            message = f"{type(node).__name__!r} object has no attribute {name!r}"
        raise AttributeError(message)

    def get_slot(self: Any, node: Node, owner: Any = None) -> Any:
        """The same of a slot."""
        if node is None:
            return self
        frame = getframe(1)
        note((node, frame.f_code, frame.f_lasti, READ))  # type: ignore[misc]
        return get(node, owner)  # type: ignore[misc]

    if note is not None and attribute_at is None:
        if held is None:
            return get_noted
        if isinstance(held, MemberDescriptorType):
            return get_slot
    return get_value


def calling_frame() -> FrameType:
    """The frame of the script that called our code."""
    frame: Any = sys._getframe(1)
    while frame.f_code.co_filename.startswith(OWN_FOLDER) and frame.f_back is not None:
        frame = frame.f_back
    return frame  # type: ignore[no-any-return]


def lines_at(places: Iterable[tuple[Any, int]]) -> Iterator[tuple[str, int]]:
    """File and source line of instructions, each code object with an offset; few are different."""
    known: dict[tuple[int, int], tuple[str, int]] = {}
    for code, offset in places:
        line = known.get((id(code), offset))
        if line is None:
            line = known[id(code), offset] = (code.co_filename, line_at(code, offset))
        yield line


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


def _of_graph(entries: Iterable[tuple[Any, ...]], ids: dict[int, int]) -> Iterator[tuple[Any, ...]]:
    """The entries about nodes of a graph, without what nodes that are not in it give to none.

    A tape runs through all that was computed: a node that the root was not made of has nothing to
    give, and yet its visit writes that to its operands.
    """
    last: dict[int, Any] = {}  # what was written to each node
    is_foreign = False  # whether the node read last is not of the graph
    for entry in entries:
        key, number = id(entry[0]), entry[3]
        if number is READ:
            is_foreign = key not in ids
            if not is_foreign:
                yield entry
        elif key in ids:
            if not (is_foreign and number is not None and number == last.get(key, 0.0)):
                yield entry
            last[key] = number
