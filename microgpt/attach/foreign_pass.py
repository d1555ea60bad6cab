"""A script's pass: the sums of its edges' contributions if it was these, else its ledger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microgpt.attach.additions import adds
from microgpt.attach.child.snapshot import BESIDE_NODES, IN_LEAVES, OTHERS_BESIDE
from microgpt.attach.visits import ObservedPass
from microgpt.graph.arrays import Floats, Ints, stably_sorted
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import ADDED, ZEROED, Ledger

CLOSE = 1e-12
"""Two sums of the same shares in another order differ by less, in parts of the shares' sizes."""


def with_pass(graph: Graph, seen: ObservedPass, *, hands_on: bool = True) -> Graph:
    """A graph with its pass as it was.

    Args:
        graph: with the gradients found before and after it, and the order in which it should visit.
        seen: the pass.
        hands_on: whether it is known to write gradients as it goes, and to hand on what it wrote.
    """
    ledger = ledger_of(graph, seen)
    share_lines = np.full(graph.n_edges, -1)
    has_edge = ledger.edge >= 0
    share_lines[ledger.edge[has_edge]] = ledger.line[has_edge]
    graph = replace(graph, share_lines=share_lines)
    sums = _as_sums(graph, seen, ledger)
    if sums is not None:
        return sums
    if not hands_on and _is_written_once(graph, seen):
        return with_finals(graph, seen, AT_THE_END)
    return replace(graph, visit_order=seen.visits, ledger=ledger)


def with_finals(graph: Graph, seen: ObservedPass, kept: int) -> Graph:
    """A graph of whose pass only the gradients at its end are known.

    They are the sums of contributions if these come to the same floats; else all are written at
    once, at the end of a ledger that has no visits.

    Args:
        graph: with these gradients.
        seen: the writes to leaves, where these keep theirs.
        kept: where the gradients were: `BESIDE_NODES`, `OTHERS_BESIDE` or `IN_LEAVES`; or
            `AT_THE_END`.
    """
    nothing = np.array([], np.int64)
    unseen = ObservedPass(
        nothing, nothing, seen.nodes, seen.numbers, np.zeros(len(seen.nodes), np.int64), seen.lines
    )
    if kept == IN_LEAVES:
        empty = replace(unseen, nodes=nothing, numbers=np.array([]), events=nothing, lines=nothing)
        should = replace(graph, ledger=ledger_of(graph, empty)).true_pass.grad
        is_leaf = np.diff(graph.operand_start) == 0
        graph = replace(graph, grad=np.where(is_leaf, graph.grad, should))
    notes = filter(None, (ONLY_FINALS[kept], graph.pass_note))
    sums = replace(graph, pass_note="; ".join(notes))
    if sums.checked() is sums:
        return sums
    return replace(sums, visit_order=nothing, ledger=ledger_of(graph, unseen))


AT_THE_END = -1
"""Gradients are in the nodes, each of which gets its own at once, after all were computed."""
ONLY_FINALS = {
    AT_THE_END: "its pass computes all gradients before it writes any: only these were seen",
    BESIDE_NODES: "its class keeps no gradients in its nodes: only those at the end of the pass "
    "were seen",
    OTHERS_BESIDE: "its class keeps gradients in its leaves: of all other nodes only those at the "
    "end of the pass were seen",
    IN_LEAVES: "its class keeps gradients in its leaves only: those of all other nodes are what "
    "their shares add up to",
}


def _as_sums(graph: Graph, seen: ObservedPass, ledger: Ledger) -> Graph | None:
    """The graph with a pass that is the sums of its contributions, if that was the pass."""
    expected = np.zeros(len(graph), np.bool_)
    expected[graph.visit_order] = True
    visited = np.bincount(seen.visits, minlength=len(graph))
    if (visited > 1).any() or visited[~expected].any():
        return None
    begun = ledger.event > 0
    does_nothing = (ledger.kind == ZEROED) & (ledger.old == 0)
    if (ledger.kind[begun & ~does_nothing] != ADDED).any():
        return None
    before = graph.grad_before.copy()
    before[ledger.node[~begun & (ledger.kind == ZEROED)]] = 0.0  # it zeroes them itself
    sums = replace(graph, visit_order=seen.visits, grad_before=before)
    if sums.checked() is not sums:
        return None
    never = expected & (visited == 0)
    if not never.any():
        return sums
    # A visit that has nothing to give may be left out: a relu that is off.
    gives = sums.contributions[never[sums.edge_consumers]]
    return sums if (gives == 0).all() else None


def _is_written_once(graph: Graph, seen: ObservedPass) -> bool:
    """Whether a pass wrote to each node once, what all shares add up to, and visited otherwise."""
    visits = np.bincount(seen.visits, minlength=len(graph))
    if (visits <= 1).all() or (np.bincount(seen.nodes, minlength=len(graph)) > 1).any():
        return False
    begins = replace(graph, ledger=ledger_of(graph, seen))
    true = begins.true_pass.grad
    absolute = replace(
        begins, local_grads=np.abs(graph.local_grads), grad_before=np.abs(graph.grad_before)
    )
    with np.errstate(invalid="ignore"):
        off = np.abs(graph.grad - true) > CLOSE * absolute.true_pass.grad
    return not off.any() and not np.isnan(true).any()


def ledger_of(graph: Graph, seen: ObservedPass) -> Ledger:
    """The ledger of a pass, ending with the gradients that the graph has.

    Writes that were not seen, past the attribute itself, are at its end, without a line.
    """
    nodes, numbers, events, lines = seen.nodes, seen.numbers, seen.events, seen.lines
    found = graph.grad_before.copy()
    found[nodes] = numbers
    unseen = np.flatnonzero((found != graph.grad) & ~(np.isnan(found) & np.isnan(graph.grad)))
    nodes = np.concatenate((nodes, unseen))
    numbers = np.concatenate((numbers, graph.grad[unseen]))
    events = np.concatenate((events, np.full(len(unseen), len(seen.visits))))
    lines = np.concatenate((lines, np.full(len(unseen), -1)))
    edges = edges_of(graph, seen.visits, nodes, events)
    edges[len(seen.nodes) :] = -1
    product = np.full(len(nodes), np.nan)
    if (edges >= 0).any():
        adjoint = grads_at_writes(graph, nodes, numbers, graph.edge_consumers[edges])
        with np.errstate(all="ignore"):
            product = np.where(edges >= 0, graph.local_grads[edges] * adjoint, np.nan)
    by_line = np.array([adds(*place) for place in graph.source_lines] + [False], np.bool_)
    return Ledger.of_writes(
        node=nodes,
        new=numbers,
        line=lines,
        event=events,
        edge=edges,
        nth=seen.nth,
        grad_before=graph.grad_before,
        product=product,
        adds=by_line[lines],
    )


def edges_of(graph: Graph, visits: Ints, nodes: Ints, events: Ints) -> Ints:
    """The edge along which each write came: its event's visit gives to that operand.

    Of several slots with one operand the first write of a visit is the first slot's, and so on.
    """
    n = len(graph)
    if not len(nodes) or not graph.n_edges or not len(visits):
        return np.full(len(nodes), -1)
    edge_keys = graph.edge_consumers * n + graph.operands
    by_key = np.argsort(edge_keys, kind="stable")
    sorted_keys = edge_keys[by_key]
    consumers = visits[np.maximum(events, 1) - 1]
    keys = consumers * n + nodes
    first = np.searchsorted(sorted_keys, keys, side="left")
    count = np.searchsorted(sorted_keys, keys, side="right") - first
    order = np.lexsort((np.arange(len(nodes)), nodes, events))
    same = (np.diff(nodes[order]) == 0) & (np.diff(events[order]) == 0)
    begins = np.concatenate(([True], ~same))
    places = np.arange(len(nodes))
    rank = np.empty(len(nodes), np.int64)
    rank[order] = places - np.maximum.accumulate(np.where(begins, places, 0))
    is_edge = (count > 0) & (events > 0)
    slot = np.minimum(rank, np.maximum(count, 1) - 1)
    return np.where(is_edge, by_key[np.minimum(first + slot, graph.n_edges - 1)], -1)


def grads_at_writes(graph: Graph, nodes: Ints, numbers: Floats, asked: Ints) -> Floats:
    """The gradient of one node just before each write. Shape: `[write]`."""
    if not len(nodes):
        return np.zeros(0)
    by_node = stably_sorted(nodes)
    n_writes = len(nodes)
    keys = nodes[by_node] * n_writes + by_node  # ascending
    place = np.searchsorted(keys, asked * n_writes + np.arange(n_writes)) - 1
    has_write = (place >= 0) & (nodes[by_node[place]] == asked)
    return np.where(has_write, numbers[by_node[place]], graph.grad_before[asked])
