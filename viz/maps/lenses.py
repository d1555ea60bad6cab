"""Lenses: what the cells of a Map show, one number a cell. Adding one is a row of `LENSES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.errors import GraphError, InputError
from microgpt.graph.arrays import Floats
from microgpt.graph.events import Phase
from microgpt.graph.graph import Graph
from viz.maps.step_map import StepMap

DEFAULT_LENS = "grad"


@dataclass(frozen=True, eq=False)
class Question:
    """What a lens may need beside the Map."""

    node: int | None = None  # whose gradient is divided, for `why`
    updated: Graph | None = None  # the same text after this step's update, for `update`
    other: Graph | None = None  # the same text of another step, run or what-if, for `change`


@dataclass(frozen=True, slots=True)
class Lens:
    """A way to look at cells."""

    name: str
    what: str  # of a cell's number, in words: "L2 norm of …"
    numbers: Callable[[StepMap, Question], Floats]
    is_signed: bool = False
    made_by: Phase | None = None  # the pass that the numbers are made in, where it is one
    of_nodes: Callable[[Graph, Question], Floats] | None = None
    """What of each node the cells' numbers are made of, where that is a number."""


@dataclass(frozen=True, eq=False)
class Look:
    """A Map through a lens."""

    map: StepMap
    lens: Lens
    numbers: Floats  # of each cell. Shape: `[cell]`
    question: Question

    @cached_property
    def of_nodes(self) -> Floats | None:
        """The same of single nodes, None where the lens has only cells. Shape: `[node]`."""
        of_nodes = self.lens.of_nodes
        return None if of_nodes is None else of_nodes(self.map.graph, self.question)


def look(step_map: StepMap, lens: str = DEFAULT_LENS, question: Question | None = None) -> Look:
    """What a lens shows of a Map.

    Raises:
        InputError: there is no such lens, or it needs what the question does not give.
        GraphError: the graph cannot answer: it has no backward pass, or is of another computation.
    """
    if lens not in LENSES:
        raise InputError(f"no lens {lens!r}; there are {', '.join(LENSES)}")
    row, question = LENSES[lens], question or Question()
    return Look(step_map, row, row.numbers(step_map, question), question)


def _grad(step_map: StepMap, _: Question) -> Floats:
    return step_map.grad_norm


def _value(step_map: StepMap, _: Question) -> Floats:
    return step_map.data_norm


def _update(step_map: StepMap, question: Question) -> Floats:
    return step_map.norms(_updates(step_map.graph, question))


def _updates(graph: Graph, question: Question) -> Floats:
    if question.updated is None:
        raise InputError("lens 'update' needs a training step: what its update does to this text")
    with np.errstate(all="ignore"):  # inf and nan are data here, not accidents
        return np.asarray(_same_nodes(graph, question.updated).data - graph.data)


def _change(step_map: StepMap, question: Question) -> Floats:
    other = _other(step_map.graph, question)
    with np.errstate(all="ignore"):
        return np.asarray(step_map.grad_norm - step_map.norms(other.grad))


def _changes(graph: Graph, question: Question) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(np.abs(graph.grad) - np.abs(_other(graph, question).grad))


def _other(graph: Graph, question: Question) -> Graph:
    if question.other is None:
        raise InputError("lens 'change' needs another step, run or what-if to compare with")
    return _same_nodes(graph, question.other)


def _why(step_map: StepMap, question: Question) -> Floats:
    """What of a node's gradient comes along the edges that leave each cell."""
    from microgpt.debugger.derivatives import Derivatives  # noqa: PLC0415  # with the whole debugger

    if question.node is None:
        raise InputError("lens 'why' needs a node whose gradient is divided")
    graph = step_map.graph
    if not graph.backpropagated:
        raise GraphError(f"this graph has no backward pass of its own: {graph.why_no_events}")
    edges = step_map.crossing
    operands = graph.operands[edges]
    moved = Derivatives(graph).of(question.node)[operands]
    with np.errstate(all="ignore"):
        shares = np.where(moved == 0, 0.0, moved * graph.contributions[edges])
        numbers = np.zeros(step_map.n_cells)
        np.add.at(numbers, step_map.grid.cell_of[operands], shares)
    return numbers


def _same_nodes(graph: Graph, other: Graph) -> Graph:
    """The other graph, if its nodes are the same computation's."""
    if not graph.is_same_computation(other):
        raise GraphError(
            f"two computations can be compared if they are of one text and one model: these have "
            f"{len(graph)} and {len(other)} nodes"
        )
    return other


LENSES: dict[str, Lens] = {
    row.name: row
    for row in (
        Lens("grad", "L2 norm of the gradient of what leaves the cell", _grad, made_by="backward",
             of_nodes=lambda graph, _: graph.grad),
        Lens("value", "L2 norm of what leaves the cell", _value, made_by="forward",
             of_nodes=lambda graph, _: graph.data),
        Lens("update", "L2 norm of how this step's update moves what leaves the cell", _update,
             of_nodes=_updates),
        Lens("why", "what of the gradient asked about comes through the cell", _why,
             is_signed=True),
        Lens("change", "how much the gradient's L2 norm is larger than the other", _change,
             is_signed=True, of_nodes=_changes),
    )
}  # fmt: skip
"""By name. The first is what a Map shows unasked."""
