"""Which node a script's pass was visiting at each of its writes, told by what it read before.

An entry is a read or a write by one instruction of the script. A read is a visit if its instruction
is one after which the pass writes to the operands of the node read: sorting the graph reads the
same attributes, elsewhere.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph

LOOK_BACK = 64
"""So many reads back a write's consumer is looked for. Units: reads."""


@dataclass(frozen=True, eq=False)
class ObservedPass:
    """What a pass wrote, in order, and what it visited."""

    visits: Ints  # the node visited by each event from 1 on
    nth: Ints  # which visit of that node it is a part of, from 1
    nodes: Ints  # of each write
    numbers: Floats
    events: Ints  # of each write, ascending; 0 before the first visit
    lines: Ints  # of each write, its place in the graph's `source_lines`


@dataclass(frozen=True, eq=False)
class Entries:
    """Reads and writes in order. All shapes are `[entry]`."""

    nodes: Ints
    sites: Ints  # the instruction
    is_write: NDArray[np.bool_]
    numbers: Floats  # that were written; nan for reads
    makes_room: NDArray[np.bool_]  # whether what was written is no share: None, or 0


def observed(graph: Graph, entries: Entries, line_of_site: Ints, *, by_grads: bool) -> ObservedPass:
    """The pass in some entries.

    Args:
        graph: what it went over.
        entries: what it did.
        line_of_site: place of each instruction's line in the graph's `source_lines`.
        by_grads: whether the reads are reads of gradients, of which a visit has many.
    """
    writes = entries.is_write
    found = None if by_grads else _one_read_a_visit(graph, entries)
    visits, nth, events = _one_by_one(graph, entries, by_grads) if found is None else found
    return ObservedPass(
        visits, nth, entries.nodes[writes], entries.numbers[writes], events,
        line_of_site[entries.sites[writes]],
    )  # fmt: skip


def _one_read_a_visit(graph: Graph, entries: Entries) -> tuple[Ints, Ints, Ints] | None:
    """The visits of a pass that reads once a visit and writes to that node's operands then.

    That is nearly every pass; None if this one is more than that.
    """
    n, writes = len(graph), entries.is_write
    reads = np.flatnonzero(~writes)
    if not len(reads) or not writes.any():
        return None
    # The read before each write, and the operands that it may be followed by.
    place = np.searchsorted(reads, np.flatnonzero(writes)) - 1
    before = np.where(place >= 0, entries.nodes[reads[place]], -1)
    edge_keys = np.sort(graph.edge_consumers * n + graph.operands)
    keys = before * n + entries.nodes[writes]
    at = np.minimum(np.searchsorted(edge_keys, keys), len(edge_keys) - 1)
    # A pass may zero all gradients itself, after it has read who is made of whom.
    gives = ~entries.makes_room[writes]
    fits = (place >= 0) & (edge_keys[at] == keys) & (gives | ~gives.any())
    sites = np.unique(entries.sites[reads[place[fits]]])
    is_leaf = np.diff(graph.operand_start) == 0
    is_visit = np.isin(entries.sites[reads], sites) & ~is_leaf[entries.nodes[reads]]
    visits = entries.nodes[reads[is_visit]]
    if len(np.unique(visits)) < len(visits) or not len(visits):
        return None
    events = np.searchsorted(reads[is_visit], np.flatnonzero(writes))
    visited = np.where(events > 0, visits[np.maximum(events, 1) - 1], -1)
    keys = visited * n + entries.nodes[writes]
    at = np.minimum(np.searchsorted(edge_keys, keys), len(edge_keys) - 1)
    if ((edge_keys[at] != keys) & (events > 0)).any():
        return None
    return visits, np.ones(len(visits), np.int64), events


def _one_by_one(graph: Graph, entries: Entries, by_grads: bool) -> tuple[Ints, Ints, Ints]:
    """The visits of any pass: each write's is the last read of a node that has the operand."""
    starts, operands = graph.operand_start.tolist(), graph.operands.tolist()
    slots = [operands[a:b] for a, b in pairwise(starts)]
    visiting = _visiting_sites(entries, slots)
    visits: list[int] = []
    nth: list[int] = []
    events: list[int] = []
    counts: dict[int, int] = {}  # visits of each node so far
    given: dict[tuple[int, int], int] = {}  # writes of a node's visit to an operand
    recent: deque[int] = deque(maxlen=LOOK_BACK)

    def begin(node: int, *, again: bool) -> None:
        """A visit begins, or goes on after others."""
        if again or node not in counts:
            counts[node] = counts.get(node, 0) + 1
            for operand in slots[node]:
                given.pop((node, operand), None)
        visits.append(node)
        nth.append(counts[node])

    columns = (entries.nodes, entries.sites, entries.is_write, entries.makes_room)
    for node, site, is_write, makes_room in zip(*(c.tolist() for c in columns), strict=True):
        if not is_write:
            if not slots[node] or site not in visiting:
                continue
            recent.append(node)
            if by_grads:
                continue
            own = slots[node]
            is_over = all(given.get((node, o), 0) >= own.count(o) for o in own)
            if not visits or visits[-1] != node or is_over:  # else the visit reads it again
                begin(node, again=True)
            continue
        consumer = next((at for at in reversed(recent) if node in slots[at]), None)
        if consumer is not None:
            if by_grads and given.get((consumer, node), 0) >= slots[consumer].count(node):
                begin(consumer, again=True)
            elif not visits or visits[-1] != consumer:
                begin(consumer, again=False)
            if not makes_room:
                given[consumer, node] = given.get((consumer, node), 0) + 1
        events.append(len(visits))
    return (np.array(visits, np.int64), np.array(nth, np.int64), np.array(events, np.int64))


def _visiting_sites(entries: Entries, slots: list[list[int]]) -> set[int]:
    found: set[int] = set()
    recent: deque[tuple[int, int]] = deque(maxlen=LOOK_BACK)
    gives_none = not (entries.is_write & ~entries.makes_room).any()
    columns = (entries.nodes, entries.sites, entries.is_write, entries.makes_room)
    for node, site, is_write, makes_room in zip(*(c.tolist() for c in columns), strict=True):
        if not is_write:
            recent.append((node, site))
            continue
        if makes_room and not gives_none:
            continue  # zeroing tells nothing of visits
        for at, read_at in reversed(recent):
            if node in slots[at]:
                found.add(read_at)
                break
    return found
