"""Where numbers first go wrong: in the forward pass, the backward pass, or an update around them.

Wrong is what is not finite, and what is so large that its square is not: from there on infinities
are near. Only the first of each kind is told, since the rest follows from it: in the forward pass
the first leaf, the first node computed, and if that is merely too large the first not finite; of
the backward pass and of an update the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from microgpt.debugger.inspection import OperandView, operand_views
from microgpt.debugger.timeline import Timeline
from microgpt.graph.arrays import Floats
from microgpt.graph.graph import Graph
from microgpt.model.adam import MAX_GRAD
from microgpt.model.place_names import named, place_name

Pass: TypeAlias = Literal["forward", "backward", "update"]

LARGEST = MAX_GRAD
"""The largest number in range: the largest whose square is a float."""
MAX_EXPONENT = math.log(np.finfo(np.float64).max)
"""The largest number whose exp is a float."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """The first thing that is wrong in a pass."""

    where: Pass  # `"update"` is Adam's, of the step at hand or of the one before it
    what: str  # in words
    node: int  # the node at fault
    name: str  # its name, or `#id`
    op: str
    scope: str
    moment: int | None  # when, on the timeline; None of a leaf and of the update
    event: int | None  # the same, counted within the pass
    operands: tuple[OperandView, ...]  # in slot order
    line: tuple[str, int] | None  # file and line number that made it; None if not recorded
    step: int | None  # the training step it happened in, from 1; None if the graph is of none
    place: str = ""  # what the node is in its scope, in words, if it has no name
    told_id: int = -1  # what its id is called: of a region, the id in the whole graph


AnomalySearch: TypeAlias = Callable[[Timeline, int | None], Iterator[Anomaly]]
"""Looks through a graph, of a training step if it is of one, for the first of its kind."""


def first_anomalies(timeline: Timeline, step: int | None = None) -> tuple[Anomaly, ...]:
    """The first anomalies there are, in order of time.

    Args:
        step: the training step of the graph.
    """
    return tuple(anomaly for search in SEARCHES for anomaly in search(timeline, step))


def _leaf(timeline: Timeline, step: int | None) -> Iterator[Anomaly]:
    """The first leaf out of range; a parameter was moved there by the update before."""
    graph = timeline.graph
    wrong = np.flatnonzero(~_in_range(graph.data) & (np.diff(graph.operand_start) == 0))
    if not len(wrong):
        return
    node = int(wrong[0])
    what = _what_is_wrong(graph, node)
    others = int(np.count_nonzero(graph.op_codes[wrong] == graph.op_codes[node])) - 1
    if others:
        what += f"; so it is with {others:,} more"
    if graph.op(node) == "param" and step is not None and step > 1:
        yield _anomaly(timeline, "update", what, node, None, step - 1)
    else:
        yield _anomaly(timeline, "forward", what, node, None, step)


def _computed(timeline: Timeline, step: int | None) -> Iterator[Anomaly]:
    """The first node computed whose value or local gradient is out of range, or not finite."""
    graph = timeline.graph
    told = -1
    for wrong, locals_ in (
        (~_in_range(graph.data), ~_in_range(graph.local_grads)),
        (~np.isfinite(graph.data), ~np.isfinite(graph.local_grads)),
    ):
        wrong[np.diff(graph.operand_start) == 0] = False
        wrong[graph.edge_consumers[locals_]] = True
        node = int(np.argmax(wrong))
        if wrong[node] and node != told:
            told, moment = node, timeline.moment_of(node, "forward")
            yield _anomaly(timeline, "forward", _what_is_wrong(graph, node), node, moment, step)


def _what_is_wrong(graph: Graph, node: int) -> str:
    data = float(graph.data[node])
    if abs(data) <= LARGEST:
        return "its local gradient is out of range"
    if math.isfinite(data):
        return f"its value {data:.6g} is out of range: its square is no float"
    if graph.is_leaf(node):
        return f"its value is {data}"
    operand = float(graph.data[graph.operands[graph.operand_start[node]]])
    match graph.op(node):
        case "log" if not operand > 0:
            return f"log of {operand:.6g}, which is not positive"
        case "exp" if not operand <= MAX_EXPONENT:
            return f"exp of {operand:.6g} overflows: floats end at exp({MAX_EXPONENT:.2f})"
        case "pow" if math.isnan(data):
            return f"{operand:.6g} to the power of {graph.immediate[node]:.6g} has no real value"
    numbers = [edge.operand for edge in graph.operands_of(node)]
    lost = next((o for o in numbers if not math.isfinite(graph.data[o])), None)
    if lost is not None:
        return f"its operand {named(graph, lost)} is {graph.data[lost]}, and so it is {data}"
    return f"its operands are finite, and it is {data}"


def _backward(timeline: Timeline, step: int | None) -> Iterator[Anomaly]:
    """The first event that adds a number out of range."""
    graph = timeline.graph
    if not graph.backpropagated:
        return
    if not _in_range(graph.grad_before).all():
        node = int(np.argmax(~_in_range(graph.grad_before)))
        what = f"its grad was {graph.grad_before[node]} before the pass"
        yield _anomaly(timeline, "backward", what, node, None, step)
        return
    strange = np.flatnonzero(~_in_range(graph.contributions))
    events = graph.event_of[graph.edge_consumers[strange]]
    if not (events > 0).any():
        return  # sums overflow only after one of their terms did
    event = int(events[events > 0].min())
    changes = ((c, c.edge) for c in graph.event(event).changes if c.edge is not None)
    change, edge = next((c, e) for c, e in changes if not abs(e.contribution) <= LARGEST)
    what = (
        f"{named(graph, edge.operand)} gets {edge.local:.6g} × {change.adjoint:.6g} = "
        f"{edge.contribution:.6g}, and its grad becomes {change.new:.6g}"
    )
    moment = timeline.moment("backward", event)
    yield _anomaly(timeline, "backward", what, edge.consumer, moment, step)


def _update(timeline: Timeline, step: int | None) -> Iterator[Anomaly]:
    """The first parameter whose gradient Adam cannot square."""
    graph = timeline.graph
    if not graph.backpropagated:
        return
    parameters = graph.nodes_of("param")
    too_large = parameters[~_in_range(graph.grad[parameters])]
    if not len(too_large):
        return
    node = int(too_large.min())
    what = f"its gradient {graph.grad[node]:.6g} has no finite square, which Adam takes"
    yield _anomaly(timeline, "update", what, node, None, step)


SEARCHES: tuple[AnomalySearch, ...] = (_leaf, _computed, _backward, _update)
"""Every search, in order of time. To add one, write its function and put it here."""


def _in_range(numbers: Floats) -> NDArray[np.bool_]:
    """Which numbers are; nan is not."""
    return np.abs(numbers) <= LARGEST


def _anomaly(
    timeline: Timeline, where: Pass, what: str, node: int, moment: int | None, step: int | None
) -> Anomaly:
    graph = timeline.graph
    return Anomaly(
        where,
        what,
        node,
        graph.name(node),
        graph.op(node),
        graph.scope(node),
        moment,
        None if moment is None else timeline.event(moment),
        operand_views(graph, node),
        graph.line(node),
        step,
        place_name(graph, node),
        graph.id_of(node),
    )
