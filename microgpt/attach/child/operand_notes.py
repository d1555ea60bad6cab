"""A node's operands, where they were noted when it was made."""

from __future__ import annotations

from collections.abc import Iterable

from microgpt.attach.child.anatomy import own_attribute
from microgpt.attach.child.recorded import Node


def noted_operands(node: Node, held: Iterable[Node]) -> tuple[Node, ...]:
    """A node's operands as they were noted, none if they were not.

    Args:
        node: the node.
        held: the operands that its class holds, each once.
    """
    arity = own_attribute(node, "_attach_arity")
    if arity is None:
        operands: tuple[Node, ...] = own_attribute(node, "_attach_operands") or ()
        return operands
    first = node._attach_first
    if arity == 1:
        return (first,)
    return (first, next((other for other in held if other is not first), first))
