"""Local gradients of ops that no code of their class could be asked for.

They are the op table's, if its row gives the node's own number; else what a pass was seen to add
along the edge for the adjoint; else what moving the operands does to the result, as the class's own
method computes it. Where nothing tells them they are nan, and the graph says so: never 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from microgpt.attach.foreign_pass import edges_of, grads_at_writes, ledger_of
from microgpt.attach.visits import ObservedPass
from microgpt.autograd.ops import OPS
from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator

NOT_ASKED = "no code of its class could be asked for {n} of the local gradients"
SEEN = "{n} are what the pass added for the adjoint, rounded"
MOVED = "{n} are slopes of its methods, found by moving operands"
NOT_KNOWN = "{n} are not known"
STEPS = (2.0**-10, 2.0**-17, 2.0**-24)
"""So far an operand is moved, in parts of its size, or of 1 if it is smaller than 1: the next if
the last one met a bend or left the op's domain."""
CLOSE = 1e-6
"""So near two slopes over a step and over half of it are, in parts of their size, or it bends."""
TINY = 1e-12
"""Slopes no larger than this may be rounding alone."""
MOST_MOVED = 20_000
"""So many nodes are computed again. Units: nodes."""
NEAR = 16
"""So many floats to either side that which gives a sum to the bit is looked for."""


def with_slopes_by_table(graph: Graph) -> Graph:
    """A graph with local gradients of the op table's where the class could not be asked for them.

    Args:
        graph: has nan there.
    """
    unknown = np.isnan(graph.local_grads)
    if not unknown.any():
        return graph
    locals_ = graph.local_grads.copy()
    for node in np.unique(graph.edge_consumers[unknown]).tolist():
        own = slice(int(graph.operand_start[node]), int(graph.operand_start[node + 1]))
        found = _by_table(graph, node, graph.data[graph.operands[own]].tolist())
        if found is not None:
            locals_[own] = found
    return replace(graph, local_grads=locals_)


def moved_slopes(graph: Graph, methods: OpEvaluator, edges: Ints) -> Floats:
    """Local gradients of some edges, found by moving operands; nan where that does not tell them.

    Shape: `[edge]`.
    """
    locals_ = np.zeros(graph.n_edges)
    locals_[edges] = np.nan
    _fill_by_moving(graph, methods, locals_)
    return locals_[edges]


def with_local_grads(
    graph: Graph, seen: ObservedPass, methods: OpEvaluator | None, *, has_finals: bool
) -> Graph:
    """A graph with local gradients that neither its class nor the op table has told.

    Args:
        graph: has nan there.
        seen: its pass.
        methods: computes nodes again for other operands, where that is possible.
        has_finals: whether of the pass only the gradients at its end were seen.
    """
    locals_ = graph.local_grads.copy()
    rest = np.isnan(locals_)
    if not rest.any():
        return graph
    n_seen = _fill_from_writes(graph, seen, locals_)
    moved = np.isnan(locals_)
    if moved.any() and methods is not None:
        _fill_by_moving(graph, methods, locals_)
        moved &= ~np.isnan(locals_)
        if has_finals:
            locals_ = _as_the_pass_had_them(graph, locals_, moved)
    counts = (
        (SEEN, n_seen), (MOVED, int(moved.sum())), (NOT_KNOWN, int(np.isnan(locals_).sum())),
    )  # fmt: skip
    told = [text.format(n=n) for text, n in counts if n]
    note = NOT_ASKED.format(n=int(rest.sum())) + ": " + ", ".join(told)
    notes = filter(None, (graph.pass_note, note))
    return replace(graph, local_grads=locals_, pass_note="; ".join(notes))


def _by_table(graph: Graph, node: int, numbers: list[float]) -> list[float] | None:
    name = graph.op(node)
    row = OPS.get({"radd": "add", "rmul": "mul"}.get(name, name))
    if row is None or row.arity != len(numbers):
        return None
    if row.immediate:
        numbers = [*numbers, float(graph.immediate[node])]
    try:
        if float(row.forward(*numbers)) != float(graph.data[node]):
            return None
        return [float(local) for local in row.local_grads(*numbers)]
    except (ValueError, ArithmeticError):
        return None


def _fill_from_writes(graph: Graph, seen: ObservedPass, locals_: Floats) -> int:
    """What was added along edges for their consumers' gradients then. Gives for how many."""
    if not len(seen.nodes):
        return 0
    rest = np.isnan(locals_)
    edges = edges_of(graph, seen.visits, seen.nodes, seen.events)
    ledger = ledger_of(graph, seen)
    adjoint = grads_at_writes(graph, seen.nodes, seen.numbers, graph.edge_consumers[edges])
    n = len(seen.nodes)
    with np.errstate(all="ignore"):
        ratio = (ledger.new[:n] - ledger.old[:n]) / adjoint
    # A node that is written once adds up what all its consumers give it.
    n_writes = np.bincount(seen.nodes, minlength=len(graph))
    n_uses = np.bincount(graph.operands, minlength=len(graph))
    adds_up = (n_writes == 1) & (n_uses > 1)
    gives = (edges >= 0) & rest[edges] & np.isfinite(ratio) & ~adds_up[seen.nodes]
    locals_[edges[gives]] = ratio[gives]
    return int((rest & ~np.isnan(locals_)).sum())


# -- by moving operands ----------------------------------------------------------------------------


def _fill_by_moving(graph: Graph, methods: OpEvaluator, locals_: Floats) -> None:
    """Slopes of the class's own methods: central differences, the error of the step taken out."""
    for step in STEPS:
        edges = np.flatnonzero(np.isnan(locals_))
        nodes = np.unique(graph.edge_consumers[edges])
        if not len(edges) or len(nodes) > MOST_MOVED:
            return
        try:
            slopes = _slopes_at(graph, methods, edges, step)
        except InputError:
            return
        locals_[edges] = slopes


def _slopes_at(graph: Graph, methods: OpEvaluator, edges: Ints, step: float) -> Floats:
    """The slope along each edge, nan where the node bends or cannot be computed."""
    offsets = (0.0, -step, step, -step / 2, step / 2)
    nodes: list[int] = []
    rows: list[Floats] = []
    for edge in edges.tolist():
        node = int(graph.edge_consumers[edge])
        own = graph.operands[graph.operand_start[node] : graph.operand_start[node + 1]]
        at, moves = graph.data[own], own == graph.operands[edge]
        away = max(1.0, abs(float(graph.data[graph.operands[edge]])))
        nodes += [node] * len(offsets)
        with np.errstate(all="ignore"):
            rows += [np.where(moves, at + offset * away, at) for offset in offsets]
    answer = methods.evaluate(nodes, np.concatenate(rows).tolist())
    data = np.array(answer.data, np.float64).reshape(-1, len(offsets))
    fails = np.array([bool(text) for text in answer.problems]).reshape(data.shape).any(axis=1)
    x = graph.data[graph.operands[edges]]
    sizes = np.maximum(1.0, np.abs(x))
    with np.errstate(all="ignore"):
        wide = (data[:, 2] - data[:, 1]) / ((x + step * sizes) - (x - step * sizes))
        half = step / 2
        close = (data[:, 4] - data[:, 3]) / ((x + half * sizes) - (x - half * sizes))
        slopes = (4 * close - wide) / 3
        bends = ~(np.abs(close - wide) <= CLOSE * np.maximum(np.abs(close), np.abs(wide)) + TINY)
    differs = data[:, 0] != graph.data[graph.edge_consumers[edges]]
    again = _stands_in_an_earlier_slot(graph, edges)
    found = np.where(fails | bends | differs | ~np.isfinite(slopes), np.nan, slopes)
    return np.where(again & ~np.isnan(found), 0.0, found)  # it has moved with the first


def _stands_in_an_earlier_slot(graph: Graph, edges: Ints) -> Mask:
    """Whether an edge's operand is that of an earlier edge into the same node."""
    keys = graph.edge_consumers * len(graph) + graph.operands
    different, first = np.unique(keys, return_index=True)
    stands: Mask = first[np.searchsorted(different, keys[edges])] != edges
    return stands


def _as_the_pass_had_them(graph: Graph, locals_: Floats, moved: Mask) -> Floats:
    """Moved slopes as the floats that give the gradients at the end of the pass, where they can.

    A slope by moving is off by its error; the gradient of an operand that takes part in one such
    op tells the float itself, if it is as near.
    """
    found = locals_.copy()
    places = np.full(len(graph), len(graph.visit_order))
    places[graph.visit_order] = np.arange(len(graph.visit_order))
    by_operand = np.lexsort((places[graph.edge_consumers], graph.operands))
    starts = np.searchsorted(graph.operands[by_operand], np.arange(len(graph) + 1))
    for operand in np.unique(graph.operands[moved]).tolist():
        edges = by_operand[starts[operand] : starts[operand + 1]]
        if moved[edges].sum() != 1:
            continue
        (place,) = np.flatnonzero(moved[edges])
        with np.errstate(all="ignore"):
            shares = found[edges] * graph.grad[graph.edge_consumers[edges]]
        edge, adjoint = int(edges[place]), float(graph.grad[graph.edge_consumers[edges[place]]])
        if adjoint == 0 or not np.isfinite(shares).all():
            continue
        before = float(graph.grad_before[operand])
        others = before + float(shares.sum() - shares[place])
        guess = (float(graph.grad[operand]) - others) / adjoint
        if abs(guess - found[edge]) > CLOSE * max(abs(guess), abs(float(found[edge]))):
            continue
        for local in _floats_near(guess):
            shares[place] = local * adjoint
            total = before
            for share in shares.tolist():
                total += share
            if total == graph.grad[operand]:
                found[edge] = local
                break
    return found


def _floats_near(number: float) -> list[float]:
    """A float and some to either side, the nearest first."""
    below = above = number
    found = [number]
    for _ in range(NEAR):
        below, above = float(np.nextafter(below, -np.inf)), float(np.nextafter(above, np.inf))
        found += [below, above]
    return found
