"""The stack of edits in force on a graph, each with the graph it leads to.

`microgpt.replay.editing` computes the graphs. Here is what a session adds: edits are told in words,
taken back one by one, and nodes are found again when a token's row makes their ids shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from microgpt.errors import GraphError, InputError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.model.places import position_name, position_of
from microgpt.train.graph_origin import MEAN_OF, GraphOrigin

if TYPE_CHECKING:
    from microgpt.replay.editing import Edit, EditableGraph


@dataclass(frozen=True, eq=False)
class GraphVersion:
    """A graph after some edits."""

    graph: Graph
    ids: Ints
    """Id in it of each node of the graph without edits, -1 of parameters not read any more. Shape:
    `[node]`."""

    def original_id(self, node: int) -> int | None:
        """The id that a node of this graph has without edits, None of a row read since."""
        found = np.flatnonzero(self.ids == node)
        return int(found[0]) if len(found) else None

    def id_in(self, other: GraphVersion, node: int) -> int | None:
        """The id in another version of a node of this one, None if it is not there."""
        original = self.original_id(node)
        there = -1 if original is None else int(other.ids[original])
        return there if there >= 0 else None


class EditStack:
    """The edits in force on one graph.

    Args:
        graph: without edits.
        origin: what the graph was computed from, if known.
        methods: computes its nodes again by the methods of their own class.
    """

    def __init__(
        self, graph: Graph, origin: GraphOrigin | None, methods: OpEvaluator | None = None
    ) -> None:
        self.origin = origin
        self._methods = methods
        self._versions = [GraphVersion(graph, np.arange(len(graph)))]
        self._stack: list[tuple[str, Edit]] = []
        self._answers: EditableGraph | None = None

    @property
    def original(self) -> GraphVersion:
        """The graph without any."""
        return self._versions[0]

    @property
    def current(self) -> GraphVersion:
        """The graph with all of them."""
        return self._versions[-1]

    @property
    def texts(self) -> tuple[str, ...]:
        """The edits in order, as they are told."""
        return tuple(text for text, _ in self._stack)

    def push(self, text: str, change: Edit) -> None:
        """Makes an edit on top of the others.

        Raises:
            GraphError, InputError, DomainError: it cannot be made; those there are stay.
        """
        changes = [change for _, change in self._stack]
        outcome = self._what_if().after([*changes, change])
        self._stack.append((text, change))
        self._versions.append(GraphVersion(outcome.graph, outcome.ids))

    def undo(self) -> None:
        """Takes the last edit back. Raises `GraphError` if there is none."""
        if not self._stack:
            raise GraphError("nothing to undo: nothing is changed")
        self._stack.pop()
        self._versions.pop()

    def original_id(self, node: int) -> int:
        """The id without edits of a node of the current graph.

        Raises:
            GraphError: it has none: another token's row took its place.
        """
        original = self.current.original_id(node)
        if original is None:
            raise GraphError(
                f"{self.current.graph.name(node)} is read because a token was changed; undo that, "
                "or debug that document"
            )
        return original

    def _what_if(self) -> EditableGraph:
        from microgpt.replay.editing import EditableGraph  # noqa: PLC0415  # numba

        if self._answers is None:
            origin = self.origin
            model, document = (origin.model, origin.document) if origin else (None, None)
            graph = self.original.graph.true_pass
            self._answers = EditableGraph(graph, model, document, self._methods)
        return self._answers


def mean_outputs(origin: GraphOrigin | None, graph: Graph, path: str) -> tuple[float, ...]:
    """What a scope gives on average over the first documents that have its position.

    Args:
        graph: the graph without edits, whose outputs of the scope are meant.

    Raises:
        GraphError: the scope belongs to no position.
        InputError: there are no documents, or none has the position.
    """
    position = _position(path)
    documents = [] if origin is None else list(origin.documents[:MEAN_OF])
    values = [
        _outputs_in(origin, graph, path, document)
        for document in documents
        if _n_positions(origin, document) > position
    ]
    if not values:
        raise InputError(
            f"none of the first {len(documents)} documents has a {position_name(position)}"
            if documents
            else _NO_DOCUMENTS
        )
    mean = np.add.accumulate(values)[-1] / len(values)
    return tuple(mean.tolist())


def outputs_in(
    origin: GraphOrigin | None, graph: Graph, path: str, document: str
) -> tuple[float, ...]:
    """What a scope gives in another document, at the same position.

    Args:
        graph: as in `mean_outputs`.

    Raises:
        GraphError: the scope belongs to no position.
        InputError: the document has no such position, or the model cannot read it.
    """
    position, n = _position(path), _n_positions(origin, document)
    if position >= n:
        raise InputError(
            f"{document!r} has positions {position_name(0)} to {position_name(n - 1)}: "
            f"there is no {position_name(position)}"
        )
    return tuple(_outputs_in(origin, graph, path, document).tolist())


_NO_DOCUMENTS = "this graph is not of microgpt's model: there are no other documents"


def _position(path: str) -> int:
    position = position_of(path)
    if position is None:
        raise GraphError(f"{path} belongs to no position, as pos2/layer0 does; it can be zeroed")
    return position


def _n_positions(origin: GraphOrigin | None, document: str) -> int:
    if origin is None:
        raise InputError(_NO_DOCUMENTS)
    return min(origin.model.config.block_size, len(document) + 1)


def _outputs_in(origin: GraphOrigin | None, graph: Graph, path: str, document: str) -> Floats:
    """In another document, the data of what a scope gives to the rest in this one.

    That is more or less there: the keys of the last position are read by no other. The scope's
    nodes are the same.
    """
    if origin is None:
        raise InputError(_NO_DOCUMENTS)
    other = origin.model.graph(document)
    shift = other.scopes.find(path).start - graph.scopes.find(path).start
    return other.data[graph.outputs_of(graph.scopes.find(path)) + shift]
