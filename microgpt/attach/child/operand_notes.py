"""A node's operands, where they were noted when it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from microgpt.attach.child.node_notes import More, noted
from microgpt.attach.child.recorded import Node


def noted_operands(node: Node, held: Iterable[Node]) -> tuple[Node, ...]:
    """A node's operands as they were noted, none if they were not.

    Args:
        node: the node.
        held: the operands that its class holds, each once.
    """
    note = noted(node)
    if not isinstance(note, More) or not note.arity:
        return ()
    if note.arity == 1:
        return (note.operands,)
    if note.arity == 2:
        first = note.operands
        return (first, next((other for other in held if other is not first), first))
    operands: tuple[Node, ...] = note.operands
    return operands


def in_order(given: Any, maker: FrameType) -> tuple[Node, ...]:
    """Operands in call order that are many, or in a list, or in a set in no order."""
    if isinstance(given, (set, frozenset)):
        code, here = maker.f_code, maker.f_locals
        inside = set(map(id, given))
        called_with = (here.get(name) for name in code.co_varnames[: code.co_argcount])
        given = (value for value in called_with if id(value) in inside)
    return tuple(given)


def captured_by(closure: Any) -> list[Any]:
    """The values of a closure's variables, `self` first: the operands and the node itself."""
    names = getattr(getattr(closure, "__code__", None), "co_freevars", ())
    cells = getattr(closure, "__closure__", None) or ()
    variables = sorted(zip(names, cells), key=lambda pair: pair[0] != "self")
    return [cell.cell_contents for _, cell in variables]


def nodes_in(given: Iterable[Any], is_node: Callable[[object], bool]) -> list[Node]:
    """The nodes that a call was given, in lists and tuples, too."""
    found: list[Node] = []
    for value in given:
        if is_node(value):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += filter(is_node, value)
    return found
