"""The stack of edits in force on a graph, each with the graph it leads to.

`microgpt.replay.editing` computes the graphs. Here is what a session adds: edits are told in words,
taken back one by one, and nodes are found again when a token's row makes their ids shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from microgpt.errors import GraphError, InputError
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.model.place_names import named
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
        self._stack: list[tuple[str, tuple[Edit, ...]]] = []
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

    @property
    def tokens(self) -> dict[int, str]:
        """The characters that are read in place of the document's, by position."""
        from microgpt.replay.editing import SetToken  # noqa: PLC0415  # numba

        edits = (edit for _, edits in self._stack for edit in edits)
        return {edit.position: edit.character for edit in edits if isinstance(edit, SetToken)}

    def push(self, text: str, changes: Sequence[Edit]) -> None:
        """Makes edits on top of the others, which are told as one and undone as one.

        Raises:
            GraphError, InputError, DomainError: they cannot be made; those there are stay.
        """
        before = (edit for _, edits in self._stack for edit in edits)
        outcome = self._what_if().after([*before, *changes])
        self._stack.append((text, tuple(changes)))
        self._versions.append(GraphVersion(outcome.graph, outcome.ids))

    def undo(self) -> None:
        """Takes the last of them back. Raises `GraphError` if there is none."""
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
                f"{named(self.current.graph, node)} is read because a token was changed; undo "
                "that, or debug that document"
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


def mean_outputs(
    origin: GraphOrigin | None, graph: Graph, paths: Sequence[str]
) -> list[tuple[float, ...]]:
    """What each of some scopes gives on average over the first documents that have its position.

    Args:
        graph: the graph without edits, whose outputs of the scopes are meant.

    Raises:
        GraphError: a scope belongs to no position.
        InputError: there are no documents, or none has the position.
    """
    positions = [_position(path) for path in paths]
    if origin is None:
        raise InputError(_NO_DOCUMENTS)
    documents = origin.documents[:MEAN_OF]
    values: list[list[Floats]] = [[] for _ in paths]
    for document in documents:
        there = [at for at, p in enumerate(positions) if p < _n_positions(origin, document)]
        if there:
            given = _outputs_in(origin, graph, [paths[at] for at in there], document)
            for at, numbers in zip(there, given, strict=True):
                values[at].append(numbers)
    for position, found in zip(positions, values, strict=True):
        if not found:
            raise InputError(
                f"none of the first {len(documents)} documents has a {position_name(position)}"
            )
    means = (np.add.accumulate(found)[-1] / len(found) for found in values)
    return [tuple(mean.tolist()) for mean in means]


def outputs_in(
    origin: GraphOrigin | None, graph: Graph, paths: Sequence[str], document: str
) -> list[tuple[float, ...]]:
    """What each of some scopes gives in another document, at the same position.

    Args:
        graph: as in `mean_outputs`.

    Raises:
        GraphError: a scope belongs to no position.
        InputError: the document has no such position, or the model cannot read it.
    """
    position = max(map(_position, paths))
    if origin is None:
        raise InputError(_NO_DOCUMENTS)
    n = _n_positions(origin, document)
    if position >= n:
        raise InputError(
            f"{document!r} has positions {position_name(0)} to {position_name(n - 1)}: "
            f"there is no {position_name(position)}"
        )
    return [tuple(numbers.tolist()) for numbers in _outputs_in(origin, graph, paths, document)]


_NO_DOCUMENTS = "this graph is not of microgpt's model: there are no other documents"


def _position(path: str) -> int:
    position = position_of(path)
    if position is None:
        raise GraphError(f"{path} belongs to no position, as pos2/layer0 does; it can be zeroed")
    return position


def _n_positions(origin: GraphOrigin, document: str) -> int:
    return min(origin.model.config.block_size, len(document) + 1)


def _outputs_in(
    origin: GraphOrigin, graph: Graph, paths: Sequence[str], document: str
) -> list[Floats]:
    """In another document, the data of what scopes give to the rest in this one.

    That is more or less there: the keys of the last position are read by no other. The scopes'
    nodes are the same.
    """
    other = origin.model.graph(document)
    scopes = [(graph.scopes.find(path), other.scopes.find(path)) for path in paths]
    return [other.data[graph.outputs_of(here) + there.start - here.start] for here, there in scopes]
