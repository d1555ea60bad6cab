"""`Ledger`: a backward pass as it was, write by write, where it is not the sums of its edges.

A class that replaces gradients, visits early or twice, or forgets the adjoint has a pass all the
same. Its ledger lists what was written to which gradient, in order; the state after any event is
what was written last, so time is a question to arrays here, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Ints, frozen, stably_sorted

Codes: TypeAlias = NDArray[np.uint8]

KINDS = ("added", "replaced", "scaled", "zeroed")
"""What a write did to the number that was there."""
ADDED, REPLACED, SCALED, ZEROED = range(len(KINDS))


@dataclass(frozen=True, eq=False, repr=False)
class Ledger:
    """The writes to gradients during one pass, in order. All shapes are `[write]`."""

    node: Ints
    """Whose gradient was written."""
    old: Floats
    """What was there."""
    new: Floats
    """What was written."""
    line: Ints
    """Place of the line that wrote it in the graph's `source_lines`, -1 if it was not seen."""
    event: Ints
    """The event that it belongs to, ascending; 0 is all that was written before the first visit."""
    edge: Ints
    """The edge along which the visited node gave it, -1 if along none."""
    kind: Codes
    """Place in `KINDS`."""
    share: Floats
    """What the edge contributed; nan where nothing was added. A replaced number has none."""
    nth: Ints
    """Which visit of its node each event from 1 on is a part of, from 1. A visit that calls others
    goes on after them, as a recursion does. Shape: `[event]`."""
    n_nodes: int  # of the graph

    def __post_init__(self) -> None:
        for column in vars(self).values():
            if isinstance(column, np.ndarray):
                frozen(column)

    @classmethod
    def of_writes(
        cls,
        node: Ints,
        new: Floats,
        line: Ints,
        event: Ints,
        edge: Ints,
        *,
        nth: Ints,
        grad_before: Floats,
        product: Floats,
        adds: NDArray[np.bool_],
    ) -> Ledger:
        """Tells what each write did from the numbers before and after it.

        Args:
            node, new, line, event, edge, nth: as in `Ledger`.
            grad_before: every node's gradient before the first write. Shape: `[node]`.
            product: local gradient x the visited node's gradient at that moment, along the edge;
                nan where there is no edge. Shape: `[write]`.
            adds: whether the program's line is written as an addition (`+=`), which decides where
                the numbers leave it open. Shape: `[write]`.
        """
        by_node, starts = _grouped(node, len(grad_before))
        old = np.empty(len(node))
        first = np.zeros(len(node), np.bool_)
        first[starts[:-1][starts[:-1] < starts[1:]]] = True
        sorted_new, sorted_node = new[by_node], node[by_node]
        previous = np.concatenate(([np.nan], sorted_new[:-1]))[: len(node)]
        old[by_node] = np.where(first, grad_before[sorted_node], previous)
        with np.errstate(all="ignore"):
            is_sum = _same(old + product, new)
            # `+=` adds, whatever it adds; and the first number of all takes no other's place.
            adds_other = ~is_sum & (new != old) & (adds | ((old == 0) & ~_same(product, new)))
            is_zero = (new == 0) & ~is_sum & ~adds_other & ~_same(product, new)
            is_set = ~is_sum & ~adds_other & ~is_zero
            kind = np.full(len(node), REPLACED, np.uint8)
            kind[is_sum | adds_other] = ADDED
            # Along no edge, and not written as an addition: `x.grad *= c`.
            kind[is_set & (edge < 0) & (old != 0)] = SCALED
            kind[is_zero] = ZEROED
            share = np.where(is_sum, product, np.where(adds_other, new - old, np.nan))
        return cls(node, old, new, line, event, edge, kind, share, nth, len(grad_before))

    def __len__(self) -> int:
        return len(self.node)

    def __repr__(self) -> str:
        """One line: a ledger has too many writes to print."""
        counts = np.bincount(self.kind, minlength=len(KINDS)).tolist()
        told = ", ".join(f"{n} {kind}" for kind, n in zip(KINDS, counts, strict=True) if n)
        return f"Ledger({len(self)} writes: {told})"

    # -- state at an event -------------------------------------------------------------------------

    def end_of(self, event: int) -> int:
        """How many writes are done by the end of an event."""
        return int(np.searchsorted(self.event, event, side="right"))

    def writes_of(self, event: int) -> range:
        """Places of the writes that belong to an event."""
        return range(int(np.searchsorted(self.event, event)), self.end_of(event))

    def grads_at(self, grad_before: Floats, event: int) -> Floats:
        """Every node's gradient after an event. Shape: `[node]`."""
        grads = grad_before.copy()
        self.write(grads, 0, self.end_of(event))
        return grads

    def write(self, grads: Floats, start: int, stop: int) -> None:
        """Does some of the writes to gradients. Of several to one node the last one stays."""
        grads[self.node[start:stop]] = self.new[start:stop]

    def grad_at(self, node: int, grad_before: float, event: int) -> float:
        """One node's gradient after an event."""
        writes = self.writes_to(node)
        done = int(np.searchsorted(writes, self.end_of(event)))
        return float(self.new[writes[done - 1]]) if done else grad_before

    def writes_to(self, node: int) -> Ints:
        """Places of the writes to one node's gradient, ascending."""
        by_node, starts = self._by_node
        return by_node[starts[node] : starts[node + 1]]

    @cached_property
    def _by_node(self) -> tuple[Ints, Ints]:
        return _grouped(self.node, self.n_nodes)

    # -- what flowed -------------------------------------------------------------------------------

    def contributions(self, n_edges: int, events: Ints | None = None) -> Floats:
        """What each edge added. Shape: `[edge]`.

        Args:
            events: in these events; over the whole pass if not given.
        """
        gave = (self.edge >= 0) & (self.kind == ADDED)
        if events is not None:
            gave &= np.isin(self.event, events)
        total = np.zeros(n_edges)
        with np.errstate(all="ignore"):
            np.add.at(total, self.edge[gave], self.share[gave])
        return total

    def changed(self) -> NDArray[np.bool_]:
        """Which writes wrote another number than was there. Shape: `[write]`."""
        return ~_same(self.old, self.new)


def _grouped(node: Ints, n_nodes: int) -> tuple[Ints, Ints]:
    """Places of the writes sorted by node, in order within each, and where each node's begin."""
    starts = np.concatenate(([0], np.cumsum(np.bincount(node, minlength=n_nodes))))
    return stably_sorted(node), starts


def _same(a: Floats, b: Floats) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (a == b) | (np.isnan(a) & np.isnan(b))
    return same
