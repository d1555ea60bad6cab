"""Units with a bend or an end: relus, tanhs, sigmoids and softmaxes, told by their numbers.

What an op is called does not matter: a relu is what gives the larger of its operand and 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph

FLAT = 0.99
"""From here on a softmax's largest weight, or a tanh, passes hardly any gradient on; a sigmoid from
half of the way to its ends."""
NEAR = 1e-9
MOST_STEPS = 64
"""So many nodes below a relu its parameter is looked for."""


@dataclass(frozen=True, slots=True)
class UnitOutputs:
    """All nodes of one kind of unit."""

    function: str  # relu, tanh, sigmoid or softmax
    nodes: Ints  # its outputs; of a softmax the largest weight
    flat: NDArray[np.bool_]  # whether each is where it is flat


def units_of(graph: Graph) -> tuple[UnitOutputs, ...]:
    """The units of a graph, those of one function together."""
    found = []
    single = np.flatnonzero(np.diff(graph.operand_start) == 1)
    inputs = graph.data[graph.operands[graph.operand_start[single]]]
    outputs, codes = graph.data[single], graph.op_codes[single]
    for code in np.unique(codes).tolist():
        own = codes == code
        function = _function(inputs[own], outputs[own], graph.op_names[code])
        if function is not None:
            found.append(UnitOutputs(function, single[own], _is_flat(function, outputs[own])))
    softmaxes = largest_weights(graph)
    if len(softmaxes):
        found.append(UnitOutputs("softmax", softmaxes, graph.data[softmaxes] > FLAT))
    return tuple(found)


def _function(inputs: Floats, outputs: Floats, op: str) -> str | None:
    """What some numbers are of others, None if it is no unit's function.

    Numbers that are all 0 may be a rounding's: of these the op's name tells.
    """
    with np.errstate(all="ignore"):
        candidates = {
            "relu": np.maximum(inputs, 0.0),
            "tanh": np.tanh(inputs),
            "sigmoid": 1.0 / (1.0 + np.exp(-inputs)),
        }
        for name, meant in candidates.items():
            if (np.abs(meant - outputs) <= NEAR).all():
                is_told = (inputs < 0).any() and ((inputs > 0).any() or "relu" in op)
                return name if name != "relu" or is_told else None
    return None


def _is_flat(function: str, outputs: Floats) -> NDArray[np.bool_]:
    if function == "relu":
        return outputs <= 0
    if function == "tanh":
        return np.abs(outputs) > FLAT
    return np.abs(2 * outputs - 1) > FLAT


def largest_weights(graph: Graph) -> Ints:
    """Of each softmax over several numbers the largest weight.

    That is of exps which are multiplied with, or divided by, one number each, and then add up to 1.
    """
    exps = graph.nodes_of("exp")
    if not len(exps):
        return exps
    is_exp = np.zeros(len(graph), np.bool_)
    is_exp[exps] = True
    pairs = np.flatnonzero(np.diff(graph.operand_start) == 2)
    first = graph.operands[graph.operand_start[pairs]]
    second = graph.operands[graph.operand_start[pairs] + 1]
    named = np.isin(graph.op_codes[pairs], _codes(graph, "mul", "div", "truediv"))
    takes = named & (is_exp[first] ^ is_exp[second])
    weights = pairs[takes]
    if not len(weights):
        return weights
    by = np.where(is_exp[first], second, first)[takes]
    normalisers, place, counts = np.unique(by, return_inverse=True, return_counts=True)
    sums = np.bincount(place, graph.data[weights])
    is_softmax = (np.abs(sums - 1) < NEAR) & (counts > 1)
    order = np.lexsort((graph.data[weights], place))
    last = np.cumsum(counts) - 1
    largest: Ints = weights[order[last[is_softmax[: len(normalisers)]]]]
    return largest


def _codes(graph: Graph, *ops: str) -> list[int]:
    return [code for code, name in enumerate(graph.op_names) if name in ops]


def by_line(graph: Graph, nodes: Ints) -> Iterator[tuple[int, Ints]]:
    """Nodes by the place of their line in `Graph.source_lines`, -1 for none."""
    lines = graph.line_of[nodes]
    for line in np.unique(lines).tolist():
        yield line, nodes[lines == line]


def parameters_below(
    graph: Graph, unit: int, parameters: NDArray[np.bool_], most: int | None = None
) -> list[tuple[int, int]]:
    """The parameters that a unit's input is made of, each with the node that takes it.

    Args:
        unit: whose input is a sum, of products usually; what other units give is not followed.
        parameters: which nodes are.
        most: so many are enough.
    """
    starts, operands = graph.operand_start, graph.operands
    waiting, seen = [unit], {unit}
    found: list[tuple[int, int]] = []
    for at in waiting:
        for operand in operands[starts[at] : starts[at + 1]].tolist():
            if parameters[operand]:
                found.append((operand, at))
            elif operand not in seen and (at == unit or starts[operand + 1] - starts[operand] > 1):
                seen.add(operand)
                waiting.append(operand)
        if len(waiting) > MOST_STEPS or (most is not None and len(found) >= most):
            break
    return found
