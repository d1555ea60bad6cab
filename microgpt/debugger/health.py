"""Health checks: dead units, saturated softmaxes, the size of gradients, idle parameters.

Each finding says what, with its numbers, and names a node to go and look at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.autograd.ops import op_code
from microgpt.errors import DomainError
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.model.adam import Adam
from microgpt.train.graph_origin import Origin

SATURATED = 0.99
"""A softmax whose largest output is above this passes hardly any gradient on."""
SMALL_UPDATE, LARGE_UPDATE = 1e-4, 1e-2
"""An update moves weights too little or too much outside these parts of their own size."""
MUCH_SMALLER = 1e-3
"""Gradients vanish or explode if one layer's are this much smaller than another's."""

Check: TypeAlias = Literal[
    "dead relu", "saturated softmax", "vanishing gradient", "exploding gradient", "update size",
    "no gradient",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not well.

    Attributes:
        check: which check found it.
        what: in words, with the numbers.
        value: the number that the check judges.
        node: to go and look at.
        name: its name, or `#id`.
    """

    check: Check
    what: str
    value: float
    node: int
    name: str


def health(graph: Graph, origin: Origin | None = None) -> tuple[Finding, ...]:
    """All findings of all checks.

    Args:
        origin: the model and its moments, without which nothing is known of the update.
    """
    return (
        *_dead_relus(graph),
        *_saturated_softmaxes(graph),
        *_gradients_by_layer(graph),
        *_update_sizes(graph, origin),
        *_without_gradient(graph),
    )


# -- checks ----------------------------------------------------------------------------------------


def _dead_relus(graph: Graph) -> Iterator[Finding]:
    """Units that are off at every position; in other graphs, relus all of which are off."""
    relus = np.flatnonzero(graph.op_codes == op_code("relu"))
    units: dict[tuple[str, int], list[int]] = {}
    seen: dict[str, int] = {}
    for node in relus.tolist():
        path = graph.scope(node)
        place = seen.get(path, 0)
        seen[path] = place + 1
        units.setdefault((_without_position(path), place), []).append(node)
    by_layer: dict[str, list[list[int]]] = {}
    for (layer, _), nodes in units.items():
        by_layer.setdefault(layer, []).append(nodes)
    for layer, rows in by_layer.items():
        dead = [nodes for nodes in rows if not (graph.data[nodes] > 0).any()]
        if dead:
            often = f" at all {len(dead[0])} positions" if len(dead[0]) > 1 else ""
            what = f"{layer or 'relu'}: {len(dead)} of {len(rows)} units are off{often}"
            yield _finding(graph, "dead relu", what, len(dead) / len(rows), dead[0][0])


def _saturated_softmaxes(graph: Graph) -> Iterator[Finding]:
    """Attention that has settled on one source, and predictions that are all but certain."""
    by_place: dict[str, list[tuple[float, int]]] = {}
    for scope in graph.scopes:
        if scope.name != "softmax":
            continue
        exps = np.arange(scope.start, scope.stop)
        exps = exps[graph.op_codes[exps] == op_code("exp")]
        if len(exps) > 1:
            largest = int(exps[np.argmax(graph.data[exps])])
            share = float(graph.data[largest] / graph.data[exps].sum())
            if share > SATURATED:
                by_place.setdefault(_without_position(scope.path), []).append((share, largest))
    for place, found in by_place.items():
        share, node = max(found)
        where = graph.scope(node).partition("/")[0]
        times = f"{len(found)} times" if len(found) > 1 else "once"
        what = f"{place}: one output is above {SATURATED} {times}, {share:.6f} at {where}"
        yield _finding(graph, "saturated softmax", what, share, node)


def _gradients_by_layer(graph: Graph) -> Iterator[Finding]:
    """Gradients that arrive at the first layers much smaller or larger than at the last."""
    if not graph.backpropagated:
        return
    sizes: dict[str, float] = {}
    nodes: dict[str, int] = {}
    for place in _residual_places(graph):
        outputs = np.concatenate([
            graph.outputs_of(scope)
            for scope in graph.scopes
            if _without_position(scope.path) == place
        ])  # fmt: skip
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
        yield _finding(graph, "vanishing gradient", what, ratio, nodes[first])
    elif not ratio <= 1 / MUCH_SMALLER:
        yield _finding(graph, "exploding gradient", what, ratio, nodes[first])


def _update_sizes(graph: Graph, origin: Origin | None) -> Iterator[Finding]:
    """Matrices whose update is a tiny or a large part of their own size."""
    if origin is None or not graph.backpropagated:
        return
    try:
        before, after = _update(graph, origin)
    except DomainError:  # an anomaly, and told as one
        return
    start = 0
    shapes = origin.model.config.shapes(origin.model.tokenizer.vocab_size)
    first_of = {
        binding.matrix: node
        for node, binding in reversed([*graph.bindings.items()])
        if isinstance(binding, ParameterBinding)
    }
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


def _without_gradient(graph: Graph) -> Iterator[Finding]:
    """Parameters that the computation uses and whose gradient is exactly 0."""
    if not graph.backpropagated:
        return
    idle: dict[str, list[int]] = {}
    used: dict[str, int] = {}
    for node in np.flatnonzero(graph.op_codes == op_code("param")).tolist():
        binding = graph.bindings.get(node)
        matrix = binding.matrix if isinstance(binding, ParameterBinding) else ""
        used[matrix] = used.get(matrix, 0) + 1
        if graph.grad[node] == 0:
            idle.setdefault(matrix, []).append(node)
    for matrix, nodes in idle.items():
        what = f"{matrix or 'parameters'}: {len(nodes)} of {used[matrix]} used get no gradient"
        yield _finding(graph, "no gradient", what, len(nodes) / used[matrix], nodes[0])


# -- what they share -------------------------------------------------------------------------------


def _finding(graph: Graph, check: Check, what: str, value: float, node: int) -> Finding:
    return Finding(check, what, value, node, graph.name(node))


def _without_position(path: str) -> str:
    return re.sub(r"^pos\d+/", "", path)


def _residual_places(graph: Graph) -> list[str]:
    """The places along the residual stream, first to last: `embed`, `layer0/mlp/residual`, ..."""
    places = dict.fromkeys(
        place
        for scope in graph.scopes
        if re.fullmatch(r"embed|layer\d+/mlp/residual", place := _without_position(scope.path))
        and place != scope.path
    )
    return list(places)


def _root_mean_square(numbers: Floats) -> float:
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        return float(np.sqrt(np.mean(np.square(numbers)))) if len(numbers) else 0.0


def _update(graph: Graph, origin: Origin) -> tuple[Floats, Floats]:
    """Every parameter before and after Adam's update with this graph's gradients."""
    parameters = origin.model.parameters()
    grads = {
        binding.name: float(graph.grad[node])
        for node, binding in graph.bindings.items()
        if isinstance(binding, ParameterBinding)
    }
    for leaf in parameters.flat:
        leaf.grad = grads.get(leaf.name, 0.0)
    before = np.array(origin.model.data)
    state = origin.state.copy()
    Adam(origin.config, state.m, state.v).update(parameters.flat, origin.step)
    return before, np.array(parameters.data())
