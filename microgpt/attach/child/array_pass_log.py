"""`ArrayPassLog`: what a pass does to gradients that are arrays, in place or not.

A write through the attribute is seen with its line. What is changed in place (`grad[i] +=`, `out=`)
is found by comparing: when the pass reads on, each gradient that it has read since is looked at,
and what differs from its last copy is an entry of its own, without a line.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from microgpt.attach.child.array_questions import floats
from microgpt.attach.child.array_tap import as_floats, is_array, numpy_of_script
from microgpt.attach.child.pass_log import (
    MAKES_ROOM,
    NO_WRITE,
    WRITE,
    inherited,
    installed,
    line_at,
    read_watch,
)
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field

MAX_NUMBERS = 50_000_000
"""So many numbers of writes are kept."""


class ArrayPassLog:
    """Notes reads and writes of one pass while it is installed.

    Args:
        kind: the class.
        nodes: that the pass may be over.
    """

    def __init__(self, kind: ValueClass, nodes: list[Node]) -> None:
        assert kind.shape is not None
        self._kind, self._shape = kind, kind.shape
        self._ids = {id(node): place for place, node in enumerate(nodes)}
        self._nodes = nodes
        # (node, code, offset, numbers), numbers None for a read, no code where it was not seen
        self._entries: list[tuple[Any, Any, int, Any]] = []
        self._reads: Any = _Reads(self._was_read)
        self._known = {id(node): self._copy(kind.grad(node)) for node in nodes}
        self._touched: dict[int, Node] = {}
        self._last_site: dict[int, tuple[Any, int]] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watches the class; what changed in place last is found at the end."""
        cls, shape = self._kind.cls, self._shape
        watched: dict[str, Any] = {shape.grad: self._grad_watch(cls, shape.grad)}
        if shape.visited and shape.visited != shape.grad:
            watched[shape.visited] = read_watch(cls, shape.visited, self._reads)
        with installed(cls, watched):
            yield
        self._touched = {id(node): node for node in self._nodes}
        self._compare()

    def _was_read(self, entry: tuple[Any, ...]) -> None:
        self._compare()
        self._entries.append((entry[0], entry[1], entry[2], None))

    def _compare(self) -> None:
        """Finds what was changed in place since the last look."""
        touched, self._touched = self._touched, {}
        for key, node in touched.items():
            if key in self._ids:
                now = self._copy(self._kind.grad(node))
                if not _same(now, self._known[key]):
                    code, offset = self._last_site.get(key, (None, 0))
                    self._known[key] = now
                    self._entries.append((node, code, offset, now))

    def _copy(self, value: Any) -> Any:
        if self._kind.is_node(value):
            value = self._kind.data(value)
        return None if value is None else as_floats(value)

    def _grad_watch(self, cls: type, name: str) -> Any:
        held, getframe, by_grads = inherited(cls, name), sys._getframe, not self._shape.visited
        put: Callable[..., None] | None = getattr(held, "__set__", None)
        get = getattr(held, "__get__", None)
        log = self

        def set_value(_: Any, node: Node, value: Any) -> None:
            frame = getframe(1)
            if put is not None:
                put(node, value)
            else:
                node.__dict__[name] = value
            if id(node) in log._ids:
                now = log._copy(value)
                log._touched.pop(id(node), None)
                log._known[id(node)] = now
                log._entries.append((node, frame.f_code, frame.f_lasti, now))

        def get_value(self: Any, node: Node, owner: Any = None) -> Any:
            if node is None:
                return held if held is not None else self
            frame = getframe(1)
            if by_grads:
                log._was_read((node, frame.f_code, frame.f_lasti))
            log._touched[id(node)] = node
            log._last_site[id(node)] = (frame.f_code, frame.f_lasti)
            own = getattr(node, "__dict__", None)
            if put is None and own is not None and name in own:
                return own[name]
            if held is None:
                raise AttributeError(f"{type(node).__name__!r} object has no attribute {name!r}")
            return held if get is None else get(node, owner)

        members = {"__slots__": (), "__set__": set_value, "__get__": get_value}
        return type("ArrayGradWatch", (), members)()

    def columns(self, lines: dict[tuple[str, int], int]) -> dict[str, Field]:
        """What was noted.

        Args:
            lines: gets each line that reads or writes, with its place.
        """
        nodes, sites, kinds = array("q"), array("q"), array("b")
        shapes, numbers = array("q"), []
        places: dict[tuple[int, int], int] = {}
        site_lines = array("q")
        n_numbers = 0
        for node, code, offset, value in self._entries:
            place = self._ids.get(id(node))
            if place is None:
                continue
            nodes.append(place)
            key = (id(code), offset)
            if key not in places:
                places[key] = len(places)
                line = -1
                if code is not None:
                    at = (code.co_filename, line_at(code, offset))
                    line = lines.setdefault(at, len(lines))
                site_lines.append(line)
            sites.append(places[key])
            if value is None:
                kinds.append(NO_WRITE)
                shapes.append(-1)
                continue
            kinds.append(WRITE if value.any() else MAKES_ROOM)
            size = value.size
            n_numbers += size
            if n_numbers > MAX_NUMBERS:
                raise MemoryError("a pass that writes so many numbers cannot be kept")
            shapes.append(size)
            numbers.append(value.reshape(-1))
        numpy = numpy_of_script()
        return {
            "entry_nodes": nodes, "entry_sites": sites, "entry_writes": kinds,
            "entry_sizes": shapes, "site_lines": site_lines,
            "entry_numbers": floats(numpy.concatenate(numbers) if numbers else []),
            "by_grads": array("b", [not self._shape.visited]),
        }  # fmt: skip


class _Reads(list):  # type: ignore[type-arg]
    """Takes what `read_watch` notes, one by one."""

    def __init__(self, noted: Callable[[tuple[Any, ...]], None]) -> None:
        super().__init__()
        self._noted = noted

    def append(self, entry: tuple[Any, ...]) -> None:
        self._noted(entry)


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    numpy = numpy_of_script()
    return bool(a.shape == b.shape and numpy.array_equal(a, b, equal_nan=True))


def holds_arrays(kind: ValueClass, nodes: list[Node]) -> bool:
    """Whether the number of some node is an array."""
    return any(is_array(kind.data(node)) for node in nodes)
