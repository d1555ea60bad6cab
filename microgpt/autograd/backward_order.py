"""The order in which the backward pass visits nodes. Float addition makes it part of the result."""

from __future__ import annotations

from typing import Protocol, Self, TypeVar


class HasOperands(Protocol):
    """What there is to know of a node for its place in the order; `Value` is one."""

    grad: float
    _number: int

    @property
    def _children(self) -> tuple[Self, ...]: ...


N = TypeVar("N", bound=HasOperands)


def topological_order(root: N, grads_found: dict[int, float] | None = None) -> list[N]:
    """The non-leaf nodes below `root`, operands before results, in depth-first post-order.

    Operands are followed left to right, exactly as the textbook recursion does, but with a stack
    of its own: a chain of 100,000 nodes is no deeper than a chain of ten. Leaves are left out,
    since nothing flows further from them.

    Args:
        grads_found: gets the grad of every node and leaf met on the way whose grad is not 0, by
            creation number.
    """
    order: list[N] = []
    expanded: set[N] = set()
    found = {} if grads_found is None else grads_found
    stack: list[N | None] = [root] if root._children else []
    while stack:
        node = stack.pop()
        if node is None:  # the mark below: all that the node under it needs is in `order`
            order.append(stack.pop())  # type: ignore[arg-type]
            continue
        if node in expanded:
            continue
        expanded.add(node)
        if node.grad:
            found[node._number] = node.grad
        waits = False  # for an operand that is not in `order` yet
        if len(node._children) == 2:  # by far the most, so the loop below is spelled out for them
            first, second = node._children
            if not second._children:
                if second.grad:
                    found[second._number] = second.grad
            elif second not in expanded:
                waits = True
                stack.append(node)
                stack.append(None)
                stack.append(second)
            if not first._children:
                if first.grad:
                    found[first._number] = first.grad
            elif first not in expanded:
                if not waits:
                    waits = True
                    stack.append(node)
                    stack.append(None)
                stack.append(first)
        else:
            for operand in reversed(node._children):
                if not operand._children:
                    if operand.grad:
                        found[operand._number] = operand.grad
                elif operand not in expanded:
                    if not waits:
                        waits = True
                        stack.append(node)
                        stack.append(None)
                    stack.append(operand)
        if not waits:
            order.append(node)
    return order
