"""Where numbers first go wrong: in the forward pass, the backward pass, or the update after it.

Only the first of each is told: from there on nan and inf spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from microgpt.adam import MAX_GRAD
from microgpt.debugger.timeline import Timeline
from microgpt.graph import OP_NAMES, Graph, Ints

Pass: TypeAlias = Literal["forward", "backward", "update"]

MAX_EXPONENT = math.log(np.finfo(np.float64).max)
"""The largest number whose exp is a float."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The first thing that is wrong in a pass.

    Attributes:
        where: the pass; `"update"` is Adam's.
        what: in words.
        node: the node at fault.
        name: its name, or `#id`.
        op: its op's name.
        scope: path of its scope.
        moment: when, on the timeline; None of a leaf and of the update.
        operands: name and value of each of its operands.
        line: file and line number that made it; None if not recorded.
        step: the training step, counted from 1; None if the graph is of none.
    """

    where: Pass
    what: str
    node: int
    name: str
    op: str
    scope: str
    moment: int | None
    operands: tuple[tuple[str, float], ...]
    line: tuple[str, int] | None
    step: int | None


def anomalies(timeline: Timeline, step: int | None = None) -> tuple[Anomaly, ...]:
    """The first anomaly of each pass that has one, in order of time.

    Args:
        step: the training step of the graph.
    """
    found = (search(timeline, step) for search in (_forward, _backward, _update))
    return tuple(anomaly for anomaly in found if anomaly is not None)


def _forward(timeline: Timeline, step: int | None) -> Anomaly | None:
    """The first node, in order of creation, whose value or local gradient is not finite."""
    graph = timeline.graph
    wrong = ~np.isfinite(graph.data)
    wrong[graph.edge_consumers[~np.isfinite(graph.local_grads)]] = True
    if not wrong.any():
        return None
    node = int(np.argmax(wrong))
    moment = None if graph.is_leaf(node) else timeline.moment_of(node, "forward")
    return _anomaly(graph, "forward", _what_is_wrong(graph, node), node, moment, step)


def _what_is_wrong(graph: Graph, node: int) -> str:
    data = float(graph.data[node])
    if graph.is_leaf(node):
        return f"its value is {data}"
    if math.isfinite(data):
        return "its local gradient overflows"
    operand = float(graph.data[graph.operands[graph.operand_start[node]]])
    match graph.op(node):
        case "log" if not operand > 0:
            return f"log of {operand:.6g}, which is not positive"
        case "exp" if not operand <= MAX_EXPONENT:
            return f"exp of {operand:.6g} overflows: floats end at exp({MAX_EXPONENT:.2f})"
        case "pow" if math.isnan(data):
            return f"{operand:.6g} to the power of {graph.immediate[node]:.6g} has no real value"
    return f"its operands are finite, and it is {data}"


def _backward(timeline: Timeline, step: int | None) -> Anomaly | None:
    """The first event that adds a number that is not finite, or whose sum is not."""
    graph = timeline.graph
    if not graph.backpropagated:
        return None
    if not np.isfinite(graph.grad_before).all():
        node = int(np.argmax(~np.isfinite(graph.grad_before)))
        what = f"its grad was {graph.grad_before[node]} before the pass"
        return _anomaly(graph, "backward", what, node, None, step)
    bad_edges: Ints = np.flatnonzero(~np.isfinite(graph.contributions))
    events = graph.event_of[graph.edge_consumers[bad_edges]]
    first = int(events[events > 0].min()) if (events > 0).any() else graph.n_events
    event = _first_overflowing_sum(graph, first)
    if event is None:
        return None
    change = next(c for c in graph.event(event).changes if not math.isfinite(c.new))
    edge = change.edge
    what = (
        f"{graph.name(edge.operand)} gets {edge.local:.6g} × {change.adjoint:.6g} = "
        f"{edge.contribution:.6g}, and its grad becomes {change.new}"
    )
    moment = timeline.moment("backward", event)
    return _anomaly(graph, "backward", what, edge.consumer, moment, step)


def _first_overflowing_sum(graph: Graph, first: int) -> int | None:
    """The first event after which some grad is not finite; `first` adds a number that is not.

    Sums of finite numbers can overflow before; grads only stay wrong from there on, so that it is
    found by halving.
    """
    low, high = 0, min(first, graph.n_events - 1)
    if np.isfinite(graph.grads_at(high)).all():
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if np.isfinite(graph.grads_at(middle)).all():
            low = middle
        else:
            high = middle
    return high


def _update(timeline: Timeline, step: int | None) -> Anomaly | None:
    """The first parameter whose gradient Adam cannot square."""
    graph = timeline.graph
    if not graph.backpropagated:
        return None
    parameters = np.flatnonzero(graph.op_codes == OP_NAMES.index("param"))
    too_large = parameters[~(np.abs(graph.grad[parameters]) <= MAX_GRAD)]  # nan is not, either
    if not len(too_large):
        return None
    node = int(too_large.min())
    what = f"its gradient {graph.grad[node]:.6g} has no finite square, which Adam takes"
    return _anomaly(graph, "update", what, node, None, step)


def _anomaly(
    graph: Graph, where: Pass, what: str, node: int, moment: int | None, step: int | None
) -> Anomaly:
    return Anomaly(
        where,
        what,
        node,
        graph.name(node),
        graph.op(node),
        graph.scope(node),
        moment,
        tuple(
            (graph.name(edge.operand), float(graph.data[edge.operand]))
            for edge in graph.operands_of(node)
        ),
        graph.line(node),
        step,
    )
