"""Both passes over a layout: every node's number, and its gradient, to the bits of `Value`.

Forward, a step of the layout is a few calls of numpy, and a running sum is `np.add.accumulate`,
which adds one after the other. Backward, a node's gradient is a sum over its consumers in the
order of visits. So all edges are sorted by operand and visit; stage by stage, last to first,
`np.bincount` adds them up in that order, from 0.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial

import numpy as np

from microgpt.autograd.ops import op_code
from microgpt.graph.arrays import Floats, Ints
from microgpt.replay import libm
from microgpt.replay.vectors.layout import NO_OPERAND, Alike, Chains, Largest, NodeLayout


def forward(layout: NodeLayout, leaves: Floats) -> Floats:
    """Every node's number; what has no finite one is inf or nan. Shape: `[node]`.

    Args:
        leaves: of the first nodes.
    """
    data = layout.numbers.copy()  # of constants
    data[: len(leaves)] = leaves
    first, second = layout.operands.T
    for _, step in layout.steps:
        if isinstance(step, Chains):
            if step.factors is not None:
                data[step.terms] = data[step.factors[0]] * data[step.factors[1]]
            terms = data[step.terms]
            terms[:, 0] += 0.0  # the constant that each sum begins with
            data[step.sums] = np.add.accumulate(terms, axis=1)
        elif isinstance(step, Largest):
            data[step.node] = -max(data[step.inputs].tolist())
        else:
            data[step.ids] = _computed(step, data, first[step.ids], second[step.ids])
    return data


def _computed(step: Alike, data: Floats, a: Ints, b: Ints) -> Floats:
    x = data[a]
    if step.op == "add":
        return x + data[b]
    if step.op == "mul":
        return x * data[b]
    if step.op == "relu":
        return np.where(x > 0.0, x, 0.0)
    if step.op == "pow":
        return _mapped(partial(_power, step.exponent), x)
    return _mapped({"exp": libm.exp, "log": libm.log}[step.op], x)


def _power(exponent: float, number: float) -> float:
    return libm.power(number, exponent)


def _mapped(function: Callable[[float], float], numbers: Floats) -> Floats:
    return np.array([*map(function, numbers.tolist())])


def local_grads(layout: NodeLayout, data: Floats) -> Floats:
    """Of every operand, 0 where there is none. Shape: `[node][2]`."""
    found = np.zeros(layout.operands.shape)
    codes, operands, exponents = layout.op_codes, layout.operands, layout.numbers

    def nodes_of(op: str) -> Ints:
        return np.flatnonzero(codes == op_code(op))

    found[nodes_of("add")] = 1.0
    mul = nodes_of("mul")
    found[mul] = data[operands[mul, ::-1]]
    exp, log, relu, pows = map(nodes_of, ("exp", "log", "relu", "pow"))
    found[exp, 0] = data[exp]
    found[log, 0] = 1.0 / data[operands[log, 0]]
    found[relu, 0] = data[operands[relu, 0]] > 0.0
    for exponent in np.unique(exponents[pows]).tolist():
        nodes = pows[exponents[pows] == exponent]
        slopes = _mapped(partial(_power, exponent - 1), data[operands[nodes, 0]])
        found[nodes, 0] = exponent * slopes
    return found


def visits(layout: NodeLayout, *roots: int) -> Ints:
    """The nodes that have operands as the backward pass visits them: depth first, reversed.

    From several roots as if something before them had these as its operands.

    Once the input of a linear layer is in the order, a sum of products with it comes as one piece.
    """
    has_operands = layout.operands[:, 0] != NO_OPERAND
    inner = np.where(has_operands[layout.operands], layout.operands, NO_OPERAND)
    firsts, seconds = inner[:, 0].tolist(), inner[:, 1].tolist()
    rows: dict[int, tuple[int, _Input]] = {}  # of linear layers: first and last node, by the latter
    for _, step in layout.steps:
        if isinstance(step, Chains) and step.factors and not has_operands[step.factors[0]].any():
            layer = _Input()
            for first, last in zip(
                step.terms[:, 0].tolist(), step.sums[:, -1].tolist(), strict=True
            ):
                rows[last] = first, layer
    is_met = bytearray(layout.size)
    order, stack = array("q"), [*roots[::-1]]
    while stack:
        node = stack.pop()
        if node < 0:  # the mark of one whose operands are all in the order
            order.append(~node)
            continue
        if is_met[node]:
            continue
        is_met[node] = 1
        if node in rows:
            first, layer = rows[node]
            if layer.is_met:
                order.append(first)
                order.extend(range(first + 2, node + 1))  # the constant between has no operands
                continue
            layer.is_met = True  # before anything that waits in the stack is reached
        stack.append(~node)
        if (second := seconds[node]) >= 0 and not is_met[second]:
            stack.append(second)
        if (first := firsts[node]) >= 0 and not is_met[first]:
            stack.append(first)
    return np.frombuffer(order, np.int64)[::-1].copy()


class _Input:
    """The input of one linear layer at one position."""

    __slots__ = ("is_met",)

    def __init__(self) -> None:
        self.is_met = False  # whether all of it is in the order of visits, or about to be


def backward(layout: NodeLayout, root: int, locals_: Floats, order: Ints) -> Floats:
    """Every node's gradient. Shape: `[node]`."""
    stage, sum_of = _stages(layout)
    grad = np.zeros(layout.size)
    grad[root] = 1.0
    rank = np.zeros(layout.size, np.int64)
    rank[order] = np.arange(len(order))
    consumers, slots = np.nonzero(layout.operands != NO_OPERAND)
    operands = layout.operands[consumers, slots]
    counts = sum_of[operands] == operands  # the terms and sums of a chain get what its last sum has
    consumers, slots, operands = consumers[counts], slots[counts], operands[counts]
    # By stage, then by operand, then by visit; places are those of nodes sorted by stage.
    by_stage = np.argsort(stage, kind="stable")
    place = np.empty(layout.size, np.int64)
    place[by_stage] = np.arange(layout.size)
    edges = np.argsort((place[operands] * (len(order) + 1) + rank[consumers]) * 2 + slots)
    consumers, operands = consumers[edges], operands[edges]
    locals_ = locals_[consumers, slots[edges]]
    places = place[operands]
    ends = np.append(np.flatnonzero(np.diff(stage[by_stage])) + 1, layout.size)
    inner = np.flatnonzero(sum_of != np.arange(layout.size))
    for start, end in zip([*ends[-2::-1].tolist(), 0], ends[::-1].tolist(), strict=True):
        low, high = np.searchsorted(places, (start, end))
        if low < high:
            shares = locals_[low:high] * grad[sum_of[consumers[low:high]]]
            nodes = by_stage[start:end]
            grad[nodes] += np.bincount(places[low:high] - start, shares, end - start)
    grad[inner] = grad[sum_of[inner]]
    return grad


def _stages(layout: NodeLayout) -> tuple[Ints, Ints]:
    """Of each node the stage, of leaves 0; and of what is inside a chain, its last sum.

    Of all other nodes themselves.
    """
    stage, sum_of = np.zeros(layout.size, np.int64), np.arange(layout.size)
    for number, step in layout.steps:
        if isinstance(step, Alike):
            stage[step.ids] = number
        elif isinstance(step, Chains):
            stage[step.sums] = number
            sum_of[step.sums] = step.sums[:, -1:]
            if step.factors is not None:
                stage[step.terms] = number
                sum_of[step.terms] = step.sums[:, -1:]
    return stage, sum_of
