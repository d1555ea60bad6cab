"""`Tapes`: lists on which the methods of a class write down what they did, one entry a node.

An entry belongs to a node if it holds the node and its operands, in whatever containers, objects or
closures, or if it stands at the place in the list that the node keeps, and tells its operands'.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType, FunctionType, MethodType
from typing import Any

from microgpt.attach.child.anatomy import attributes, held_in, is_number
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.child.shapes import functions_of
from microgpt.attach.child.value_class import ValueClass

DEPTH = 3
"""So far into objects and containers lists are looked for, and numbers in their entries."""
MOST_LOOKED_AT = 20_000
"""So many objects are looked at."""


class Tapes:
    """The tapes of one class.

    Args:
        kind: the class.
        sample: one of its nodes that was made of others, which is on a tape if there is one.
    """

    def __init__(self, kind: ValueClass, sample: Node) -> None:
        self._kind = kind
        self._lists = list(self._found(sample))
        self._entries: dict[int, Any] | None = None  # of nodes that their entries hold, by `id()`
        self._lengths = [0] * len(self._lists)  # of what is not looked at

    # -- which lists -------------------------------------------------------------------------------

    def _found(self, sample: Node) -> Iterator[list[Any]]:
        """Lists in what there is to look at, each once."""
        waiting = [(each, 0) for each in self._roots(sample) if _may_hold(each)]
        seen: set[int] = set()
        for thing, depth in waiting:
            if id(thing) in seen or len(seen) > MOST_LOOKED_AT:
                continue
            seen.add(id(thing))
            if isinstance(thing, list):
                yield thing
            if depth < DEPTH and not self._kind.is_node(thing):
                inner = thing.values() if isinstance(thing, dict) else attributes(thing).values()
                waiting += [(each, depth + 1) for each in list(inner) if _may_hold(each)]

    def _roots(self, sample: Node) -> Iterator[Any]:
        """What the class can get at, and the variables of the calls under way."""
        words = {name for code in (*self._kind.codes, *self._kind.free)
                 for name in code.co_names}  # fmt: skip
        yield from attributes(sample).values()
        for above in type(sample).__mro__[:-1]:
            yield from vars(above).values()
            for function in functions_of(above):
                yield from (each for each in map(_content, function.__closure__ or ()))
            module = vars(sys.modules.get(above.__module__, None) or object)
            for thing in map(module.get, words):
                yield thing
                if isinstance(thing, type):
                    yield from list(vars(thing).values())  # `Tape.current`
        frame: FrameType | None = sys._getframe()
        while frame is not None and frame is not self._kind.base:
            if not frame.f_code.co_filename.startswith(OWN_FOLDER):
                yield from list(frame.f_locals.values())
            frame = frame.f_back

    @contextmanager
    def left_alone(self) -> Iterator[None]:
        """What is added to them meanwhile is taken off again."""
        before, self._lengths = self._lengths, [len(each) for each in self._lists]
        self._entries = None
        try:
            yield
        finally:
            for each, length in zip(self._lists, self._lengths):
                if len(each) > length:
                    del each[length:]
            self._entries, self._lengths = None, before

    # -- their entries -----------------------------------------------------------------------------

    def functions(self) -> dict[int, list[Callable[..., Any]]]:
        """The code in the entries of nodes that their entries hold, by `id()` of these."""
        self._hold()
        return {key: list(_functions(entry, DEPTH)) for key, entry in (self._entries or {}).items()}

    def take_newest(self, node: Node) -> list[Callable[..., Any]]:
        """The code in the entry that has just been made for a node; new entries are taken off."""
        found: list[Callable[..., Any]] = []
        for each, length in zip(self._lists, self._lengths):
            if len(each) > length:
                if any(held is node for held in held_in(each[-1], self._kind.is_node)):
                    found += _functions(each[-1], DEPTH)
                del each[length:]
        return found

    def _hold(self) -> None:
        """Finds the entries that hold their nodes."""
        self._entries = {}
        for each, length in zip(self._lists, self._lengths):
            for entry in each[length:]:
                if not is_number(entry) and not self._kind.is_node(entry):
                    held = list(held_in(entry, self._kind.is_node))
                    if held:
                        newest = max(held, key=self._kind.subject().age)
                        self._entries[id(newest)] = entry

    def entries_of(self, node: Node) -> Iterator[tuple[Any, str]]:
        """Entries that may be a node's, each with the attribute that says so, `""` for none."""
        if self._entries is None:
            self._hold()
        assert self._entries is not None
        if id(node) in self._entries:
            yield self._entries[id(node)], ""
        for name, place in attributes(node).items():
            if type(place) is int:
                for each in self._lists:
                    if 0 <= place < len(each):
                        yield each[place], name

    def slopes(
        self,
        node: Node,
        operands: tuple[Node, ...],
        ask: Callable[[Callable[..., Any]], list[float] | None],
    ) -> list[float] | None:
        """The local gradients that a node's entry tells, None if there is none that does.

        Args:
            node: the node.
            operands: what it was made of.
            ask: asks code in an entry for the local gradients.
        """
        for entry, name in self.entries_of(node):
            keys: list[Any] = [id(each) for each in operands]
            if name:
                keys = [attributes(each).get(name) for each in operands]
                if not all(type(key) is int for key in keys):
                    continue
            for row in _rows(entry, DEPTH):
                found = self._in_row(row, keys, by_id=not name)
                if found is not None:
                    return found
            if not name:
                for function in _functions(entry, DEPTH):
                    found = ask(function)
                    if found is not None:
                        return found
        return None

    def _in_row(self, row: Mapping[str, Any] | Sequence[Any], keys: list[Any], *, by_id: bool
                ) -> list[float] | None:  # fmt: skip
        """Numbers beside operands: two rows of the same length, or pairs.

        Args:
            row: the parts of an entry, or of what it holds.
            keys: of the operands, slot by slot.
            by_id: whether these are `id()`s of nodes; else numbers that stand for them.
        """
        parts = list(row.values()) if isinstance(row, dict) else list(row)

        def keys_in(values: Sequence[Any]) -> list[Any]:
            if by_id:
                return [id(each) for each in values if self._kind.is_node(each)]
            return [each for each in values if type(each) is int]

        rows = [each for each in parts if isinstance(each, (list, tuple))]
        for mine in rows:
            if len(mine) == len(keys_in(mine)) >= len(keys) and keys_in(mine)[: len(keys)] == keys:
                for other in rows:
                    is_row = other is not mine and len(other) == len(mine)
                    if is_row and all(map(is_number, other)):
                        return [float(each) for each in other[: len(keys)]]
        pairs = [each for each in rows if len(each) == 2]
        if pairs and len(pairs) == len(rows) == len(parts) == len(keys):
            for key, number in ((0, 1), (1, 0)):
                if keys_in([pair[key] for pair in pairs]) == keys and all(
                    is_number(pair[number]) for pair in pairs
                ):
                    return [float(pair[number]) for pair in pairs]
        return None


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _may_hold(thing: Any) -> bool:
    return isinstance(thing, (list, dict)) or (
        hasattr(thing, "__dict__") and not callable(thing) and not isinstance(thing, type)
    )


def _rows(entry: Any, depth: int) -> Iterator[Any]:
    """An entry's parts, and those of the containers in it."""
    parts = entry if isinstance(entry, (list, tuple, dict)) else attributes(entry)
    yield parts
    if depth > 1:
        for part in list(parts.values()) if isinstance(parts, dict) else parts:
            if isinstance(part, (list, tuple, dict)):
                yield from _rows(part, depth - 1)


def _functions(entry: Any, depth: int) -> Iterator[Callable[..., Any]]:
    if isinstance(entry, (FunctionType, MethodType)):
        yield entry
        return
    if depth and not isinstance(entry, (str, bytes, FrameType)):
        parts = entry if isinstance(entry, (list, tuple)) else attributes(entry).values()
        for part in list(parts):
            if isinstance(part, (FunctionType, MethodType, list, tuple)):
                yield from _functions(part, depth - 1)
