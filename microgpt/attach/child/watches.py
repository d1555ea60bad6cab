"""Descriptors put on the script's class for a moment, to see what its own backward code does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from microgpt.attach.child.value_class import Node


class VisitWatch:
    """Notes whose attribute is read: a backward pass reads it once for each node that it visits."""

    def __init__(self, cls: type, name: str) -> None:
        self.visits: list[Node] = []
        self._name = name
        self._inherited = next(
            (vars(above)[name] for above in cls.__mro__ if name in vars(above)), None
        )

    def __get__(self, node: Node, owner: type | None = None) -> Any:
        if node is None:
            return self
        self.visits.append(node)
        held = getattr(node, "__dict__", {})
        if self._name in held:
            return held[self._name]
        if self._inherited is None:
            raise AttributeError(f"{type(node).__name__!r} object has no attribute {self._name!r}")
        get = getattr(self._inherited, "__get__", None)  # a slot, or a method
        return get(node, type(node)) if get else self._inherited

    def __set__(self, node: Node, value: object) -> None:
        if put := getattr(self._inherited, "__set__", None):
            put(node, value)
        else:
            node.__dict__[self._name] = value


class GradTap:
    """Stands in for `grad`: 1 on the node visited, 0 on all others, and notes what is written.

    What a closure writes is then its local gradients, and no grad of the script is touched.
    Whatever else a closure may do, printing say, it does once more.
    """

    def __init__(self) -> None:
        self.visited: Node = None
        self.writes: list[tuple[Node, Any]] = []

    def __get__(self, node: Node, owner: type | None = None) -> Any:
        return self if node is None else float(node is self.visited)

    def __set__(self, node: Node, value: object) -> None:
        self.writes.append((node, value))


@contextmanager
def installed(cls: type, name: str, descriptor: object) -> Iterator[None]:
    """Puts a descriptor on a class, and takes it off again."""
    nothing = object()
    own = cls.__dict__.get(name, nothing)
    setattr(cls, name, descriptor)
    try:
        yield
    finally:
        if own is nothing:
            delattr(cls, name)
        else:
            setattr(cls, name, own)


def grads_of_closure(
    tap: GradTap, node: Node, operands: tuple[Node, ...], closure: Any
) -> list[float]:
    """Runs a node's closure under a tap, and gives the local gradient of each slot.

    An operand that stands in two slots gets two additions, in slot order as far as one can tell.
    """
    tap.visited, tap.writes = node, []
    closure()
    shares: dict[int, list[float]] = {}
    for operand, share in tap.writes:
        shares.setdefault(id(operand), []).append(float(share))
    slots = [id(operand) for operand in operands]
    local_grads = []
    for place, key in enumerate(slots):
        mine, n_slots, nth = shares.get(key, []), slots.count(key), slots[:place].count(key)
        if len(mine) == n_slots:
            local_grads.append(mine[nth])
        else:
            local_grads.append(0.0 if nth else sum(mine))
    return local_grads
