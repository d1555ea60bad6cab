"""The local gradients of nodes of any class, as its own code gives them for an adjoint of 1.

They are looked for where the class keeps its operands: numbers beside them, code to call with an
adjoint or without, an object with a `backward`. Nothing of an op has to be known. Where there is
nothing to ask, as with a tape, our process has other ways (`foreign_pass.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FunctionType, MethodType
from typing import Any

from microgpt.attach.child.anatomy import (
    attributes,
    held_in,
    is_number,
    own_attribute,
    read,
)
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.tapes import Tapes
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watches import GradTap, grads_of_closure

_ROWS = (tuple, list)
_FLOAT = frozenset({float})
UNKNOWN = float("nan")
"""A local gradient that nothing tells."""


class LocalGradients:
    """Asks the nodes of one class.

    Args:
        kind: the class, whose gradients the tap stands in for while it is asked.
        tap: that.
    """

    def __init__(self, kind: ValueClass, tap: GradTap) -> None:
        self._kind = kind
        self._tap = tap
        self._numbers = ""  # the attribute that had them last, in a row of their own
        self.tapes: Tapes | None = None  # looked for when one is needed

    def of_all(
        self, nodes: Sequence[Node], operands: Sequence[tuple[Node, ...]]
    ) -> list[list[float]]:
        """The local gradients of many nodes; none of those that were made of none."""
        found: list[Any] = []
        read = getattr if self._kind.is_plain else lambda node, name, _: own_attribute(node, name)
        for node, own in zip(nodes, operands):
            if not own:
                found.append(())
                continue
            row: Any = read(node, self._numbers, None) if self._numbers else None
            is_row = row.__class__ in _ROWS and len(row) == len(own)
            if is_row and _FLOAT.issuperset(map(type, row)):
                found.append(tuple(row))  # a tuple itself, as a rule
            else:
                found.append(self.of(node, own))
        return found

    def of(self, node: Node, operands: tuple[Node, ...]) -> list[float]:
        """The local gradient of each slot."""
        if self._numbers:
            row = own_attribute(node, self._numbers)
            is_row = row.__class__ in _ROWS and len(row) == len(operands)
            if is_row and _FLOAT.issuperset(map(type, row)):
                return list(row)
        for way in (self._stored, self._called, self._by_object, self._on_tape):
            found = way(node, operands)
            if found is not None and len(found) == len(operands):
                return found
        return [UNKNOWN] * len(operands)

    # -- numbers beside the operands ---------------------------------------------------------------

    def _stored(self, node: Node, operands: tuple[Node, ...]) -> list[float] | None:
        shape, is_node = self._kind.shape, self._kind.is_node
        assert shape is not None
        if shape.store is None:
            return None
        for path in shape.store.paths:
            value = read(node, path)
            if not isinstance(value, (list, tuple)):
                continue
            if all(isinstance(part, (list, tuple)) for part in value) and value:
                pairs = [self._pair(part) for part in value]
                if len(pairs) == len(operands) and None not in pairs:
                    return [pair for pair in pairs if pair is not None]
            elif value and not any(map(is_node, value)):  # objects: an edge, with its number
                pairs = [self._pair(list(attributes(part).values())) for part in value]
                if len(pairs) == len(operands) and None not in pairs:
                    return [pair for pair in pairs if pair is not None]
        known = {name for path in shape.store.paths for name in path[:1]}
        for name, value in attributes(node).items():
            if isinstance(value, dict) and operands:
                found = self._by_operand(value, operands)
                if found is not None:
                    return found
            if name in known or not isinstance(value, (list, tuple)):
                continue
            if len(value) == len(operands) and value and all(map(is_number, value)):
                self._numbers = name
                return [float(part) for part in value]
            if (
                len(value) == len(operands)
                and value
                and all(isinstance(part, FunctionType) for part in value)
            ):
                shares = [self._share(part) for part in value]
                return None if None in shares else [each for each in shares if each is not None]
        return None

    def _by_operand(self, slopes: dict[Any, Any], operands: tuple[Node, ...]) -> list[float] | None:
        """The numbers in a dict by operand, or by its `id()`."""
        by_id = {key if type(key) is int else id(key): value for key, value in slopes.items()}
        found = [by_id.get(id(operand)) for operand in operands]
        if not all(map(is_number, found)):
            return None
        return [float(each) for each in found if each is not None]

    def _pair(self, parts: Sequence[Any]) -> float | None:
        """The number, or what code gives for an adjoint of 1, beside one operand."""
        if sum(map(self._kind.is_node, parts)) != 1:
            return None
        numbers = [part for part in parts if is_number(part) and not self._kind.is_node(part)]
        if len(numbers) == 1:
            return float(numbers[0])
        functions = [part for part in parts if isinstance(part, (FunctionType, MethodType))]
        return self._share(functions[0]) if len(functions) == 1 and not numbers else None

    def _share(self, function: Callable[..., Any]) -> float | None:
        try:
            share = function(1.0)
        except Exception:  # noqa: BLE001  # it is the script's, and may want something else
            return None
        return float(share) if is_number(share) else None

    # -- code that the node holds ------------------------------------------------------------------

    def _called(self, node: Node, operands: tuple[Node, ...]) -> list[float] | None:
        for value in attributes(node).values():
            if isinstance(value, (FunctionType, MethodType)) and not self._kind.is_method(value):
                found = self._asked(node, operands, value)
                if found is not None:
                    return found
        return None

    def _asked(
        self, node: Node, operands: tuple[Node, ...], function: Callable[..., Any]
    ) -> list[float] | None:
        """What a closure writes to its operands' gradients, or gives back."""
        code = getattr(function, "__code__", None)
        takes = code.co_argcount - isinstance(function, MethodType) if code else 0
        takes -= len(getattr(function, "__defaults__", None) or ())
        if takes not in {0, 1}:
            return None
        tap, given = self._tap, []
        try:
            shares = grads_of_closure(
                tap, node, operands, lambda: given.append(function(*[1.0] * takes))
            )
        except Exception:  # noqa: BLE001
            return None
        if any(id(target) in set(map(id, operands)) for target, _ in tap.writes):
            return shares
        if given == [None] and any(e is o for e in held_in(function, self._kind.is_node)
                                   for o in operands):  # fmt: skip
            return shares  # a relu that is off
        return self._returned(given[0], operands) if given else None

    def _returned(self, given: Any, operands: tuple[Node, ...]) -> list[float] | None:
        """Shares that were given back: one for each slot, or pairs of operand and share."""
        if is_number(given) and len(operands) == 1:
            return [float(given)]
        if not isinstance(given, (list, tuple)):
            return None
        if len(given) == len(operands) and all(map(is_number, given)):
            return [float(share) for share in given]
        pairs = [part for part in given if isinstance(part, (list, tuple)) and len(part) == 2]
        if len(pairs) == len(given) == len(operands):
            found = [self._pair(part) for part in pairs]
            if None not in found:
                return [each for each in found if each is not None]
        return None

    def _of_nodes(self, node: Node, given: Any) -> Any:
        """Of shares for all that an op was given those for nodes: a plain number gets one, too."""
        store = self._kind.known_shape.store
        for path in store.paths if store is not None and isinstance(given, _ROWS) else ():
            kept = read(node, path)
            for row in [kept] if isinstance(kept, _ROWS) else attributes(kept).values():
                if isinstance(row, _ROWS) and len(row) == len(given):
                    return [share for share, part in zip(given, row) if self._kind.is_node(part)]
        return given

    # -- an entry of a tape ------------------------------------------------------------------------

    def _on_tape(self, node: Node, operands: tuple[Node, ...]) -> list[float] | None:
        if not self._kind.uses_tape and self._kind.known_shape.grad:
            return None  # its writes tell
        if self.tapes is None:
            self.tapes = Tapes(self._kind, node)
        return self.tapes.slopes(node, operands, lambda code: self._asked(node, operands, code))

    # -- an object with a `backward` ---------------------------------------------------------------

    def _by_object(self, node: Node, operands: tuple[Node, ...]) -> list[float] | None:
        """A function object that gives the shares, with a context if it wants one."""
        seen = [value for _, value in objects_of(node, self._kind.is_node)]
        for thing in seen:
            backward = getattr(thing, "backward", None)
            if not callable(backward) or self._kind.is_node(thing):
                continue
            for given in ((1.0,), *((other, 1.0) for other in seen if other is not thing)):
                self._tap.visited, self._tap.writes = node, []
                try:
                    found = self._returned(self._of_nodes(node, backward(*given)), operands)
                except Exception:  # noqa: BLE001, S112
                    continue
                if found is None and self._tap.writes:
                    found = grads_of_closure(
                        self._tap, node, operands, lambda b=backward, g=given: b(*g)
                    )
                if found is not None:
                    return found
        return None


def objects_of(
    thing: Any, is_node: Callable[[object], bool], depth: int = 3
) -> Iterator[tuple[str, Any]]:
    """Objects and classes that a node holds, and those that they hold."""
    for name, value in attributes(thing).items():
        if is_node(value) or is_number(value) or isinstance(value, (str, bytes, FunctionType)):
            continue
        if isinstance(value, (list, tuple, set, dict)) or value is None:
            continue
        yield name, value
        if depth > 1 and not isinstance(value, type):
            yield from objects_of(value, is_node, depth - 1)
