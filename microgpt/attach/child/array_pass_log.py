"""`ArrayPassLog`: what a pass does to gradients that are arrays, in place or not.

A write through the attribute is seen with its line. What is changed in place (`grad[i] +=`, `out=`)
is found by comparing: when the pass reads on, each gradient that it has read since is looked at,
and what differs from its last copy is an entry of its own, without a line.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from microgpt.attach.child.anatomy import is_numeric, own_attribute
from microgpt.attach.child.node_notes import next_note, number_in
from microgpt.attach.child.pass_log import (
    DROPS,
    MAKES_ROOM,
    NO_WRITE,
    READ,
    WRITE,
    calling_frame,
    inherited,
    installed,
    line_at,
    read_watch,
)
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_arrays import as_floats, floats, numpy_of_script
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field

IN_SIGHT = 4
"""So many gradients that were read last are looked at again. Units: gradients."""
MAX_NUMBERS = 50_000_000
"""So many numbers of writes are kept."""


class ArrayPassLog:
    """Notes reads and writes of one pass while it is installed.

    Args:
        kind: the class.
        grad: attribute of the gradient.
        visited: attributes of which one is read once a visit; none to look at reads of gradients.
        nodes: whose gradients are copied at once; those of all others when they are first met.
        data: attribute of the number.
    """

    def __init__(
        self,
        kind: ValueClass,
        grad: str,
        visited: Iterable[str],
        nodes: Iterable[Node],
        data: str,
    ) -> None:
        self._kind, self.grad, self._data = kind, grad, data
        self._visited = [name for name in visited if name != grad]
        held = inherited(kind.cls, grad)
        self._held = held
        self._put: Callable[..., None] | None = getattr(held, "__set__", None)
        # (node, code, offset, numbers, attribute), numbers None for a read that may be a visit
        self._entries: list[tuple[Any, Any, int, Any, str]] = []
        self._known: dict[int, Any] = {}  # the last copy of each gradient
        self.before: dict[int, Any] = {}  # the first one
        self._met: dict[int, Node] = {}
        self._touched: dict[int, Node] = {}  # read since the last look
        self.notes_all = False  # reads of gradients, too, until it is known what tells visits
        self._sites: dict[int, tuple[Any, int]] = {}  # where that was
        self._numbers: dict[int, tuple[Node, Any]] = {}  # of leaves, as they were
        self._others: list[tuple[Node, Any]] = []  # and of all other nodes
        self._moved: Callable[[], None] | None = None
        self._leaf: tuple[Node, Any] | None = None  # of these the one whose gradient was read last
        self._late: Node = None  # the root of a pass of which the first visit had begun before
        self._began: int = number_in(next_note()) or 0
        for node in nodes:
            self._meet(node)

    def keep_numbers(
        self, leaves: Iterable[Node], others: Iterable[Node], moved: Callable[[], None]
    ) -> None:
        """Keeps what numbers are, since leaves may be updated in place.

        Args:
            leaves: the nodes that were made of no others.
            others: the others, whose numbers may be views of theirs.
            moved: is called when the gradient of a leaf is read whose numbers have changed.
        """
        self._numbers = {id(leaf): (leaf, self._copy_of_data(leaf)) for leaf in leaves}
        self._others = [(node, self._copy_of_data(node)) for node in others]
        self._moved = moved

    def _look_for_updates(self, node: Node) -> None:
        """Ends the pass if the leaf whose gradient was read last has another number since."""
        leaf, self._leaf = self._leaf, self._numbers.get(id(node))
        for each in (leaf, self._leaf if self._leaf is not leaf else None):
            if each is not None and self._moved is not None and self._has_moved(*each):
                moved, self._moved = self._moved, None
                moved()

    def moved_since(self) -> list[tuple[Node, Any]]:
        """The nodes whose numbers have changed since, with what they were."""
        kept = (*self._numbers.values(), *self._others)
        return [each for each in kept if self._has_moved(*each)]

    def _has_moved(self, leaf: Node, was: Any) -> bool:
        return was is not None and not _same(self._copy_of_data(leaf), was)

    def _copy_of_data(self, leaf: Node) -> Any:
        value = getattr(leaf, self._data, None)
        return as_floats(value) if is_numeric(value) else None

    def was_changed(self, node: Node, was: Any, site: tuple[Any, int]) -> None:
        """The first write was one in place, before anything was noted."""
        self.before[id(node)] = self._known[id(node)] = self._copy(was)
        self._touched[id(node)], self._sites[id(node)] = node, site
        self._compare()
        self._late = node

    def as_entries(self) -> Iterator[tuple[Any, ...]]:
        """What was noted as `PassLog` has it, writes with their attribute.

        Gradients may be nodes themselves, which are made in the pass and are none of its graph.
        """
        for node, code, offset, value, name in self._entries:
            if (self._kind.number(node) or 0) > self._began:
                continue
            if name in {WROTE, COMPARED}:
                yield node, code, offset, value, self.grad
            else:
                yield node, code, offset, READ

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Watches the class; what changed in place last is found at the end."""
        cls = self._kind.cls
        watched: dict[str, Any] = {self.grad: self.grad_watch()}
        for name in self._visited:
            watched[name] = read_watch(cls, name, Noted(partial(self.was_read, name)))
        with installed(cls, watched):
            yield
        self.ends()

    def ends(self) -> None:
        """The pass is over: finds what was changed in place last."""
        self._touched.update(self._met)
        self._compare()

    def was_read(self, name: str, entry: tuple[Any, ...]) -> None:
        """An attribute was read that may tell a visit."""
        self._compare()
        self._entries.append((entry[0], entry[1], entry[2], None, name))

    def _compare(self) -> None:
        """Finds what was changed in place since the last look."""
        touched, self._touched = self._touched, {}
        # `x.grad[:] += y.grad` reads both before it writes, so what was read last is kept in sight.
        recent = set(list(touched)[-IN_SIGHT:])
        for key, node in touched.items():
            now = self._copy(self._raw(node))
            if key not in self._known:  # made since, and known by what it has now
                self._known[key] = self.before[key] = now
            elif _same(now, self._known[key]):
                if key in recent:
                    self._touched[key] = node
            else:
                code, offset = self._sites.get(key, (None, 0))
                self._known[key] = now
                self._entries.append((node, code, offset, now, COMPARED))

    def _meet(self, node: Node) -> None:
        key = id(node)
        if key not in self._met:
            self._met[key] = node
            self._known[key] = self.before[key] = self._copy(self._raw(node))

    def _raw(self, node: Node) -> Any:
        """A node's gradient, past what watches it."""
        own = own_attribute(node, "__dict__")
        if self._put is None and own is not None and self.grad in own:
            return own[self.grad]
        get = getattr(self._held, "__get__", None)
        try:
            return self._held if get is None else get(node, type(node))
        except AttributeError:
            return None

    def _copy(self, value: Any) -> Any:
        if self._kind.is_node(value):
            value = getattr(value, self._data, None)
        return None if value is None or not is_numeric(value) else as_floats(value)

    def grad_watch(self) -> Any:
        """What stands in the gradient's place on the class while a pass is watched."""
        name, put, held, log = self.grad, self._put, self._held, self
        by_grads = not self._visited
        get = getattr(held, "__get__", None)

        def set_value(_: Any, node: Node, value: Any) -> None:
            frame = calling_frame()
            log._meet(node)
            if put is not None:
                put(node, value)
            else:
                node.__dict__[name] = value
            now = log._copy(value)
            log._touched.pop(id(node), None)
            log._known[id(node)] = now
            log._entries.append((node, frame.f_code, frame.f_lasti, now, WROTE))

        def get_value(self: Any, node: Node, owner: Any = None) -> Any:
            if node is None:
                return held if held is not None else self
            frame = calling_frame()
            log._meet(node)
            log._look_for_updates(node)
            if by_grads or log.notes_all:
                log.was_read(name, (node, frame.f_code, frame.f_lasti))
            log._touched.pop(id(node), None)
            log._touched[id(node)] = node
            log._sites[id(node)] = (frame.f_code, frame.f_lasti)
            own = getattr(node, "__dict__", None)
            if put is None and own is not None and name in own:
                return own[name]
            if held is None:
                raise AttributeError(f"{type(node).__name__!r} object has no attribute {name!r}")
            return held if get is None else get(node, owner)

        members = {"__slots__": (), "__set__": set_value, "__get__": get_value}
        return type("ArrayGradWatch", (), members)()

    def columns(
        self, ids: Mapping[int, int], visited: str, lines: dict[tuple[str, int], int]
    ) -> dict[str, Field]:
        """What was noted.

        Args:
            ids: place of each node of the graph by `id()`; all others are left out.
            visited: the attribute that is read once a visit; `""` for the gradient itself.
            lines: gets each line that reads or writes, with its place.
        """
        nodes, sites, kinds = array("q"), array("q"), array("b")
        sizes, numbers = array("q"), []
        places: dict[tuple[int, int], int] = {}
        site_lines = array("q")
        for node, code, offset, value, name in self._from_first_visit(visited):
            place = ids.get(id(node))
            is_read = value is None and name not in {WROTE, COMPARED}
            if place is None or (is_read and name != (visited or self.grad)):
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
                kinds.append(NO_WRITE if is_read else DROPS)
                sizes.append(-1)
                continue
            kinds.append(WRITE if value.any() else MAKES_ROOM)
            sizes.append(value.size)
            numbers.append(value.reshape(-1))
        if sum(each.size for each in numbers) > MAX_NUMBERS:
            raise MemoryError("its pass writes too many numbers to be kept")
        numpy = numpy_of_script()
        return {
            "entry_nodes": nodes, "entry_sites": sites, "entry_writes": kinds,
            "entry_sizes": sizes, "site_lines": site_lines,
            "entry_numbers": floats(numpy.concatenate(numbers) if numbers else []),
            "by_grads": array("b", [not visited]),
        }  # fmt: skip

    def _from_first_visit(self, visited: str) -> list[tuple[Any, Any, int, Any, str]]:
        """What was noted; what tells the root's visit, if that was read before, after its write."""
        if self._late is None or not visited or not self._entries:
            return self._entries
        for node, _, _, _, name in self._entries[1:]:
            if name == visited and node is self._late:
                return self._entries
            if name in {WROTE, COMPARED} and node is not self._late:
                break
        first, *rest = self._entries
        return [first, (self._late, None, 0, None, visited), *rest]


WROTE, COMPARED = "wrote", "compared"
"""Stand for an attribute where an entry is a write: through the attribute, or in place."""


class Noted(list):  # type: ignore[type-arg]
    """Takes what `read_watch` notes, one by one."""

    def __init__(self, *noted: Callable[[tuple[Any, ...]], None]) -> None:
        super().__init__()
        self._noted = noted

    def append(self, entry: tuple[Any, ...]) -> None:
        """Tells all who want to know."""
        for each in self._noted:
            each(entry)


def _same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    numpy = numpy_of_script()
    return bool(a.shape == b.shape and numpy.array_equal(a, b, equal_nan=True))
