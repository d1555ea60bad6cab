"""Kinds about units that are flat, and about gradients that fall or rise on their way down.

What is measured here in any program's passes the doctor measures in our own training: it has the
thresholds and words from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Certainty, Finding
from microgpt.diagnosis.gradient_depth import UsedPlace, layers_of, places_of
from microgpt.diagnosis.kinds.kind import FaultKind, matrix_of, said
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.units import by_line, parameters_below, units_of
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph

MOST_FLAT = 0.5
"""So many of the units of one line are flat, at every pass."""
MOST_OFF = 0.25
"""So many of the units of one line are off for all that was seen."""
NEARLY_ALL = 0.9
"""With so many off a layer passes next to nothing on."""
MUCH = 1e3
"""By so much gradients fall or rise from the last use of parameters to the first, always."""
MUCH_AT_FIRST = 1e5
"""By so much at the first pass, whatever becomes of it."""
EXTREME = 1e6
"""From here on nothing can be learnt at both ends with one rate."""
LARGE, SMALL = 3.0, 0.1
"""Weights that make numbers of size 1 larger, or smaller, than this are to blame themselves."""


def _saturated(evidence: Evidence) -> Iterator[Finding]:
    shares: dict[tuple[SourcePlace | None, str], list[tuple[float, PassEvidence, Ints]]] = {}
    for seen in evidence.passes:
        graph = seen.graph
        for units in units_of(graph):
            if units.function == "relu":
                continue
            flat = np.zeros(len(graph), np.bool_)
            flat[units.nodes] = units.flat
            for at, nodes in by_line(graph, units.nodes):
                key = (graph.source_lines[at] if at >= 0 else None, units.function)
                own = nodes[flat[nodes]]
                shares.setdefault(key, []).append((len(own) / len(nodes), seen, own))
    for (line, function), rows in shares.items():
        share, seen, nodes = rows[0]
        least = min(each for each, *_ in rows)
        if len(rows) < len(evidence.passes) or least < MOST_FLAT or len(nodes) < 2:
            continue
        place = _made_too_large(evidence, seen, nodes) or line
        most = float(np.abs(seen.graph.data[nodes]).max())
        what = (
            f"{len(nodes)} of {round(len(nodes) / share)} outputs of {function} are at its end, as "
            f"{said(most)}, where it is flat, at every pass: what lies below hardly learns"
        )
        if least == 1 and function != "softmax":
            unless = "they are meant to say yes or no"
            yield _at(seen, "saturated", "likely", what, place, nodes, unless)
        else:
            yield _at(seen, "saturated", "note", what, place, nodes)


def _made_too_large(evidence: Evidence, seen: PassEvidence, nodes: Ints) -> SourcePlace | None:
    """Where the weights that a unit's input is made of are made, if they are large."""
    graph = seen.graph
    parameters = evidence.parameters(evidence.passes.index(seen))
    for node in nodes[:20].tolist():
        leaves = [leaf for leaf, _ in parameters_below(graph, node, parameters)]
        if leaves and float(np.linalg.norm(graph.data[leaves])) > LARGE:
            return graph.line(max(leaves, key=lambda leaf: abs(float(graph.data[leaf]))))
    return None


def _dead_units(evidence: Evidence) -> Iterator[Finding]:
    fired: dict[SourcePlace | None, dict[int, int]] = {}
    times: dict[SourcePlace | None, dict[int, int]] = {}
    example: dict[tuple[SourcePlace | None, int], tuple[PassEvidence, int]] = {}
    for place, seen in enumerate(evidence.passes):
        graph, who = seen.graph, evidence.who(place)
        parameters = evidence.parameters(place)
        for units in units_of(graph):
            if units.function != "relu":
                continue
            for node, is_off in zip(units.nodes.tolist(), units.flat.tolist(), strict=True):
                below = parameters_below(graph, node, parameters, 1)
                if not below:
                    continue
                line, unit = graph.line(node), int(who[below[0][0]])
                on, seen_at = fired.setdefault(line, {}), times.setdefault(line, {})
                on[unit] = on.get(unit, 0) + (not is_off)
                seen_at[unit] = seen_at.get(unit, 0) + 1
                example.setdefault((line, unit), (seen, node))
    for line, on in fired.items():
        dead = [unit for unit, n in on.items() if not n and times[line][unit] > 1]
        if len(dead) < MOST_OFF * len(on) or len(on) < 2 or not dead:
            continue
        seen, node = example[line, dead[0]]
        what = (
            f"{len(dead)} of {len(on)} relus are off for all {times[line][dead[0]]:,} inputs seen: "
            "they get no gradient and cannot come back by themselves"
        )
        at = _bias_below(evidence, seen, node) or line
        nodes = np.array(
            [example[line, unit][1] for unit in dead if example[line, unit][0] is seen]
        )
        if len(dead) >= NEARLY_ALL * len(on) and len(on) > 2:
            yield _at(seen, "dead-units", "likely", what, at, nodes, "the layer is not needed")
        else:
            yield _at(seen, "dead-units", "note", what, at, nodes)


def _bias_below(evidence: Evidence, seen: PassEvidence, node: int) -> SourcePlace | None:
    """Where the number is made that is added to a unit's input and keeps it below 0."""
    graph = seen.graph
    total = float(graph.data[graph.operands[graph.operand_start[node]]])
    parameters = evidence.parameters(evidence.passes.index(seen))
    for leaf, taken_by in parameters_below(graph, node, parameters):
        if graph.op(taken_by) == "add" and 2 * graph.data[leaf] < total < 0:
            return graph.line(leaf)
    return None


def _gradient_sizes(evidence: Evidence) -> Iterator[tuple[PassEvidence, list[UsedPlace], float]]:
    """Of each pass the places where parameters are used, and the first one's gradient by the last.

    Those with gradient 0 are left out: another kind says why.
    """
    for place, seen in enumerate(evidence.passes):
        graph, parameters = seen.graph, evidence.parameters(place)
        grad = seen.true_grad
        groups, names = _matrices(graph, parameters)
        used = places_of(graph, grad, parameters, groups, names)
        used = [each for each in used if each.grad > 0 and np.isfinite(each.grad)]
        if len(used) > 1:
            yield seen, used, used[0].grad / used[-1].grad


def _matrices(graph: Graph, parameters: NDArray[np.bool_]) -> tuple[Ints, list[str]]:
    """Which matrix each parameter is of, and their names; a row is one where each is a layer."""
    members: dict[str, dict[str, list[int]]] = {}
    for node in np.flatnonzero(parameters).tolist():
        name = graph.names.get(node, "")
        matrix = matrix_of(name) if "[" in name else f"line {int(graph.line_of[node])}"
        row = name[: name.find("]", len(matrix)) + 1] if "[" in name else matrix
        members.setdefault(matrix, {}).setdefault(row, []).append(node)
    groups = np.zeros(len(graph), np.int64)
    names: list[str] = []
    for matrix, by_row in members.items():
        rows = [np.array(nodes) for nodes in by_row.values()]
        if layers_of(graph, rows):
            named = list(zip(by_row, rows, strict=True))
        else:
            named = [(matrix, np.concatenate(rows))]
        for name, nodes in named:
            groups[nodes] = len(names)
            names.append(name)
    return groups, names


def _vanishing(evidence: Evidence) -> Iterator[Finding]:
    rows = list(_gradient_sizes(evidence))
    ratios = [ratio for *_, ratio in rows]
    if not rows or len(rows) < len(evidence.passes):
        return
    if max(ratios) < 1 / MUCH or ratios[0] < 1 / MUCH_AT_FIRST:
        found = _along_depth("vanishing", *rows[0])
        is_flat = any(True for _ in _saturated(evidence))  # which is why, and is told itself
        yield replace(found, certainty="note", unless="") if is_flat else found


def _exploding(evidence: Evidence) -> Iterator[Finding]:
    rows = list(_gradient_sizes(evidence))
    ratios = [ratio for *_, ratio in rows]
    if rows and len(rows) == len(evidence.passes) and min(ratios) > MUCH:
        yield _along_depth("exploding", *rows[0])


def _along_depth(kind: str, seen: PassEvidence, used: list[UsedPlace], ratio: float) -> Finding:
    first, last = used[0], used[-1]
    away = "smaller" if ratio < 1 else "larger"
    by = 1 / ratio if ratio < 1 else ratio
    what = (
        f"the gradient is {said(first.grad)} where {first.matrix} is used first, and "
        f"{said(last.grad)} where {last.matrix} is used last: {said(by)} times {away}"
    )
    nodes = np.array([first.node, last.node])
    certainty: Certainty = "likely" if by > EXTREME else "note"
    unless = "the network is meant to show it" if by > EXTREME else ""
    at = _line_of_change(seen, used, ratio < 1)
    return _at(seen, kind, certainty, what, at, nodes, unless)


def _line_of_change(seen: PassEvidence, used: list[UsedPlace], falls: bool) -> SourcePlace | None:
    """Where weights are made that are too small or too large, else the op that does it."""
    graph = seen.graph
    if falls and _size(graph, used[0].parameters) > MUCH:
        return graph.line(int(used[0].parameters[0]))  # a norm divides by them
    for each in used[1:]:
        gain = _gain(graph, each)
        if gain is not None and (gain < SMALL if falls else gain > LARGE):
            return graph.line(int(each.parameters[0]))
    edges = np.flatnonzero((graph.local_grads != 0) & (seen.leads_from[graph.edge_consumers]))
    inner = edges[np.diff(graph.operand_start)[graph.operands[edges]] > 0]
    slopes = np.abs(graph.local_grads[inner])
    consumers, n_ops = graph.edge_consumers[inner], len(graph.op_names)
    keys = graph.line_of[consumers] * n_ops + graph.op_codes[consumers]
    of_op = {key: slopes[keys == key] for key in np.unique(keys).tolist() if key >= 0}
    if not of_op:
        return None
    if falls:  # all of an op's on a line are small, or all are large
        key = min(of_op, key=lambda key: float(of_op[key].max()))
    else:
        key = max(of_op, key=lambda key: float(of_op[key].min()))
    return graph.source_lines[key // n_ops]


def _gain(graph: Graph, used: UsedPlace) -> float | None:
    """By how much weights scale numbers of size 1, None if they are only added.

    As many go into a unit as there are units, as a rule.
    """
    edges = graph.edges_into(used.consumers)
    others = edges[~np.isin(graph.operands[edges], used.parameters)]
    if not len(others) or (graph.local_grads[others] == 1).all():
        return None
    slopes = graph.local_grads[others]
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean(np.square(slopes)) * np.sqrt(len(used.parameters))))


def _size(graph: Graph, leaves: Ints) -> float:
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.mean(np.square(graph.data[leaves]))))


def _at(
    seen: PassEvidence, kind: str, certainty: Certainty, what: str, line: SourcePlace | None,
    nodes: Ints, unless: str = "",
) -> Finding:  # fmt: skip
    return Finding(
        kind=kind, certainty=certainty, what=what, mend="", place=line,
        op=seen.graph.op(int(nodes[0])) if len(nodes) else None,
        nodes=tuple(nodes[:20].tolist()), pass_number=seen.number, unless=unless,
    )  # fmt: skip


KINDS = (
    FaultKind("saturated", "has a softmax, tanh or sigmoid at its end, where it is flat",
         "start with smaller weights, and scale the inputs", _saturated),
    FaultKind("dead-units", "has relus that are off for every input",
         "start with small positive biases, shift the inputs to both sides of 0, or take a "
         "function with a slope on both sides", _dead_units),
    FaultKind("exploding", "lets the gradient grow on its way through the layers",
         "start with weights that keep the size of what passes through, put a norm between layers, "
         "or clip the gradient", _exploding),
    FaultKind("vanishing", "lets the gradient get lost on its way through the layers",
         "add to the stream in each layer, so that the gradient has a way past it; larger first "
         "weights, or a norm between the layers", _vanishing, frozenset({"exploding"})),
)  # fmt: skip
