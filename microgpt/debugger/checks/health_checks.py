"""Health checks: dead units, saturated softmaxes, the size of gradients, idle parameters.

Each finding says what, with its numbers, and names a node to go and look at. A check that looks
for what a kind of the diagnosis is about has that kind's name. To add a check, write its function
and put it into `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from microgpt.errors import DomainError
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_name
from microgpt.model.places import at_any_position, matrix_of, residual_stream, softmaxes
from microgpt.train.graph_origin import GraphOrigin

SATURATED = 0.99
"""A softmax whose largest output is above this passes hardly any gradient on."""
SMALL_UPDATE, LARGE_UPDATE = 1e-4, 0.25
"""An update moves weights too little or too much outside these parts of their own size. Adam's
first steps move each by the learning rate, an eighth of what this model begins with."""
MANY_OFF = 0.9
"""Of a layer's units, off at all positions, or of a matrix's parameters, without a gradient. On one
document half of them are, in a run that learns: it has a few positions, and does not need more."""
SAME_GRADIENT = 1e-9
"""Gradients are the same within this part of their size, or of 1 if they are smaller."""
MUCH_SMALLER = 1e-3
"""Gradients vanish or explode if one layer's are this much smaller than another's."""


@dataclass(frozen=True, slots=True)
class HealthFinding:
    """Something that is not well."""

    check: str  # which check found it
    what: str  # in words, with the numbers
    value: float  # the number that the check judges
    node: int  # to go and look at
    name: str  # its name, or `#id`
    place: str = ""  # what it is in its scope, in words; `""` if it has a name, or lies in no scope


HealthCheck: TypeAlias = Callable[[Graph, GraphOrigin | None], Iterator[HealthFinding]]
"""Looks through a graph; without an origin nothing is known of the update."""


def findings(graph: Graph, origin: GraphOrigin | None = None) -> tuple[HealthFinding, ...]:
    """All findings of all checks.

    Args:
        origin: the model and its moments, without which nothing is known of the update.
    """
    return tuple(finding for check in CHECKS for finding in check(graph, origin))


# -- checks ----------------------------------------------------------------------------------------


def _dead_relus(graph: Graph, _: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Layers whose units are off at every position; in other graphs, relus that are off."""
    units: dict[tuple[str, int], list[int]] = {}
    seen: dict[str, int] = {}
    for node in graph.nodes_of("relu").tolist():
        path = graph.scope(node)
        place = seen.get(path, 0)
        seen[path] = place + 1
        units.setdefault((at_any_position(path), place), []).append(node)
    by_layer: dict[str, list[list[int]]] = {}
    for (layer, _place), nodes in units.items():
        by_layer.setdefault(layer, []).append(nodes)
    for layer, rows in by_layer.items():
        dead = [nodes for nodes in rows if not (graph.data[nodes] > 0).any()]
        if len(dead) >= MANY_OFF * len(rows):
            often = f" at all {len(dead[0])} positions" if len(dead[0]) > 1 else ""
            what = f"{layer or 'relu'}: {len(dead)} of {len(rows)} units are off{often}"
            yield _finding(graph, "dead-units", what, len(dead) / len(rows), dead[0][0])


def _saturated_softmaxes(graph: Graph, _: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Attention that has settled on one source, and predictions that are all but certain."""
    by_place: dict[str, list[tuple[float, int]]] = {}
    all_exps = graph.nodes_of("exp")
    for scope in softmaxes(graph):
        exps = all_exps[(all_exps >= scope.start) & (all_exps < scope.stop)]
        if len(exps) > 1:
            largest = int(exps[np.argmax(graph.data[exps])])
            share = float(graph.data[largest] / graph.data[exps].sum())
            if share > SATURATED:
                by_place.setdefault(at_any_position(scope.path), []).append((share, largest))
    for place, found in by_place.items():
        share, node = max(found)
        where = graph.scope(node).partition("/")[0]
        times = f"{len(found)} times" if len(found) > 1 else "once"
        what = f"{place}: one output is above {SATURATED} {times}, {share:.6f} at {where}"
        yield _finding(graph, "saturated", what, share, node)


def _gradients_by_layer(graph: Graph, _: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Gradients that arrive at the first layers much smaller or larger than at the last."""
    if not graph.backpropagated:
        return
    sizes: dict[str, float] = {}
    nodes: dict[str, int] = {}
    for place, scopes in residual_stream(graph).items():
        outputs = np.concatenate([graph.outputs_of(scope) for scope in scopes])
        if len(outputs):
            sizes[place] = _root_mean_square(graph.grad[outputs])
            nodes[place] = int(outputs[np.argmax(np.abs(graph.grad[outputs]))])
    if len(sizes) < 2:
        return
    first, last = next(iter(sizes)), list(sizes)[-1]
    if not sizes[last] > 0:
        return
    ratio = sizes[first] / sizes[last]
    told = ", ".join(f"{place} {size:.3g}" for place, size in sizes.items())
    what = f"root mean square of the gradient: {told}; first to last {ratio:.3g}"
    if ratio < MUCH_SMALLER:
        yield _finding(graph, "vanishing", what, ratio, nodes[first])
    elif not ratio <= 1 / MUCH_SMALLER:
        yield _finding(graph, "exploding", what, ratio, nodes[first])


def _update_sizes(graph: Graph, origin: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Matrices whose update is a tiny or a large part of their own size."""
    if origin is None or not graph.backpropagated:
        return
    try:
        before, after = np.array(origin.model.data), np.array(origin.updated(graph).data)
    except DomainError:  # an anomaly, and told as one
        return
    start = 0
    shapes = origin.model.config.shapes(origin.model.tokenizer.vocab_size)
    first_of = {matrix_of(graph, node): node for node in reversed([*graph.bindings])}
    for matrix, (rows, cols) in shapes.items():
        part = slice(start, start + rows * cols)
        start += rows * cols
        size = _root_mean_square(before[part])
        moved = _root_mean_square(after[part] - before[part])
        if matrix not in first_of or size == 0:
            continue
        ratio = moved / size
        if not SMALL_UPDATE <= ratio <= LARGE_UPDATE:
            which = "more" if ratio > LARGE_UPDATE else "less"
            bound = LARGE_UPDATE if ratio > LARGE_UPDATE else SMALL_UPDATE
            what = (
                f"{matrix}: step {origin.step} moves it by {ratio:.3g} of its size, {which} than "
                f"{bound:g}"
            )
            yield _finding(graph, "update size", what, ratio, first_of[matrix])


def _without_gradient(graph: Graph, _: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Matrices that the computation uses and whose gradients are exactly 0."""
    if not graph.backpropagated:
        return
    idle: dict[str, list[int]] = {}
    used: dict[str, int] = {}
    for node in graph.nodes_of("param").tolist():
        matrix = matrix_of(graph, node)
        used[matrix] = used.get(matrix, 0) + 1
        if graph.grad[node] == 0:
            idle.setdefault(matrix, []).append(node)
    for matrix, nodes in idle.items():
        if len(nodes) < MANY_OFF * used[matrix]:
            continue
        what = f"{matrix or 'parameters'}: {len(nodes)} of {used[matrix]} used get no gradient"
        yield _finding(graph, "no-gradient", what, len(nodes) / used[matrix], nodes[0])


def _pass_as_it_was(graph: Graph, _: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Gradients that are not what the pass should have come to."""
    if graph.ledger is None:
        return
    true = graph.true_pass.grad
    with np.errstate(all="ignore"):
        off = np.abs(graph.grad - true) > SAME_GRADIENT * np.maximum(1.0, np.abs(true))
    wrong = np.flatnonzero(off & np.isfinite(true) | (np.isfinite(true) & np.isnan(graph.grad)))
    if len(wrong):
        node = int(wrong[-1])  # the newest: errors flow from there to operands
        what = (
            f"{len(wrong)} of {len(graph)} gradients are not what the pass should come to; the "
            f"grad of {graph.name(node)} is {graph.grad[node]:.6g} and should be {true[node]:.6g}"
        )
        yield _finding(graph, "wrong pass", what, float(len(wrong)), node)


def _gradients_before(graph: Graph, _: GraphOrigin | None) -> Iterator[HealthFinding]:
    """Gradients that were there before the pass."""
    if not graph.backpropagated:
        return
    before = np.flatnonzero(graph.grad_before)
    is_leaf = np.diff(graph.operand_start)[before] == 0
    inner, leaves = before[~is_leaf], before[is_leaf]
    if len(inner):
        node = int(inner[-1])
        what = (
            f"{len(inner)} inner nodes had a gradient before the pass, which went over this graph "
            f"once more; that of {graph.name(node)} was {graph.grad_before[node]:.6g}"
        )
        yield _finding(graph, "backward-twice", what, float(len(inner)), node)
    elif len(leaves):
        node = int(leaves[0])
        what = (
            f"{len(leaves)} leaves had a gradient before the pass, unless that is meant: they "
            f"were not zeroed; that of {graph.name(node)} was {graph.grad_before[node]:.6g}"
        )
        yield _finding(graph, "stale-grads", what, float(len(leaves)), node)


CHECKS: tuple[HealthCheck, ...] = (
    _pass_as_it_was,
    _gradients_before,
    _dead_relus,
    _saturated_softmaxes,
    _gradients_by_layer,
    _update_sizes,
    _without_gradient,
)
"""Every health check, in the order in which findings are told."""


# -- what they share -------------------------------------------------------------------------------


def _finding(graph: Graph, check: str, what: str, value: float, node: int) -> HealthFinding:
    return HealthFinding(check, what, value, node, graph.name(node), place_name(graph, node))


def _root_mean_square(numbers: Floats) -> float:
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        return float(np.sqrt(np.mean(np.square(numbers)))) if len(numbers) else 0.0
