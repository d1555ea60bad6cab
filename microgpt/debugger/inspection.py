"""One node as people look at it: its numbers now and in the end, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from microgpt.debugger.timeline import Timeline
from microgpt.graph.graph import Graph
from microgpt.model.place_names import place_name


@dataclass(frozen=True, slots=True)
class OperandView:
    """One operand of a node, in its slot."""

    id: int
    name: str  # or `#id`
    place: str  # what it is in its scope, in words; `""` if it has a name, or lies in no scope
    data: float
    local: float  # local gradient along this slot
    contribution: float | None  # local x the consumer's final grad; None without a backward pass


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node."""

    id: int
    told_id: int  # what that is called: of a region, the id in the whole graph
    name: str  # or `#id`
    place: str  # as of an operand
    op: str
    scope: str  # its path, `""` outside any
    data: float
    immediate: float | None  # the plain number of its op, pow's exponent; None if it has none
    grad_now: float  # at the moment looked at
    grad_final: float | None  # after the pass; None without a backward pass
    line: tuple[str, int] | None  # file and line number that made it; None if not recorded
    operands: tuple[OperandView, ...]  # in slot order
    computed: bool  # whether the forward pass has been there at the moment looked at


def inspect(timeline: Timeline, node: int, moment: int) -> NodeView:
    """A node at a moment."""
    graph = timeline.graph
    has_grads = graph.backpropagated
    computed = graph.is_leaf(node) or moment >= timeline.moment_of(node, "forward")
    return NodeView(
        id=node,
        told_id=graph.id_of(node),
        name=graph.name(node),
        place=place_name(graph, node),
        op=graph.op(node),
        scope=graph.scope(node),
        data=float(graph.data[node]),
        immediate=None if np.isnan(graph.immediate[node]) else float(graph.immediate[node]),
        grad_now=grad_now(timeline, node, moment),
        grad_final=float(graph.grad[node]) if has_grads else None,
        line=graph.line(node),
        operands=operand_views(graph, node),
        computed=computed,
    )


def operand_views(graph: Graph, node: int) -> tuple[OperandView, ...]:
    """A node's operands, in slot order."""
    return tuple(
        OperandView(
            edge.operand,
            graph.name(edge.operand),
            place_name(graph, edge.operand),
            float(graph.data[edge.operand]),
            edge.local,
            edge.contribution if graph.backpropagated else None,
        )
        for edge in graph.operands_of(node)
    )


def grad_now(timeline: Timeline, node: int, moment: int) -> float:
    """A node's grad at a moment; in the forward pass what was there before."""
    graph: Graph = timeline.graph
    if not graph.backpropagated:
        return float(graph.grad[node])
    if timeline.phase(moment) == "forward":
        return float(graph.grad_before[node])
    return graph.grad_at(node, timeline.event(moment))
