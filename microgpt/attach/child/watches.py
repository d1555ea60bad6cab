"""Asking a closure of the script for its local gradients: its gradients stand in for a moment."""

from __future__ import annotations

from typing import Any

from microgpt.attach.child.recorded import Node


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
