"""What if: a graph as it would be if some of its numbers were others.

Changes are plain values in a list, applied in order, so that to undo one is to leave it out. All
that is computed from what they change is computed again, gradients too, to the bits of a fresh run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from microgpt.autograd.bindings import ParameterBinding
from microgpt.errors import GraphError, InputError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator
from microgpt.model.parameters import ModelConfig
from microgpt.replay.graph_program import GraphProgram


@dataclass(frozen=True, slots=True)
class SetNode:
    """A node has another number: a leaf another value, an inner node whatever its operands say."""

    node: int
    number: float


@dataclass(frozen=True, slots=True)
class SetScope:
    """What a scope gives to the rest is replaced."""

    path: str
    numbers: tuple[float, ...] | float = 0.0  # for each of `scope_outputs`, or one for all


@dataclass(frozen=True, slots=True)
class SetToken:
    """The document has another character where a position reads it.

    The position before has it to predict, so it is another document's run.
    """

    position: int
    character: str


Edit: TypeAlias = SetNode | SetScope | SetToken


@dataclass(frozen=True, eq=False)
class EditedGraph:
    """A graph after some changes."""

    graph: Graph  # as it would be. A changed inner node is a `const` leaf in it.
    ids: Ints
    """Id in `graph` of each node of the graph before, -1 of parameters that another token's row has
    taken the place of. Nothing else moves, and without a `SetToken` nothing at all."""


class DocumentModel(Protocol):
    """What computes a document's graph; `microgpt.ModelSnapshot` is one."""

    @property
    def config(self) -> ModelConfig:
        """The model's size."""

    def graph(self, document: str) -> Graph:
        """The graph of a document under the same parameters."""


class EditableGraph:
    """Answers for one graph; of a document's, changes of its characters are answered too.

    >>> from microgpt import Graph, Value
    >>> x = Value(2.0, name="x")
    >>> double = x + x
    >>> loss = double * double
    >>> loss.backward()
    >>> editable = EditableGraph(Graph.from_value(loss))
    >>> editable.after([SetNode(0, 5.0)]).graph.data.tolist()
    [5.0, 10.0, 100.0]
    >>> editable.after([SetNode(0, 5.0), SetNode(1, 3.0)]).graph.grad.tolist()
    [0.0, 6.0, 1.0]
    """

    def __init__(
        self,
        graph: Graph,
        model: DocumentModel | None = None,
        document: str | None = None,
        methods: OpEvaluator | None = None,
    ) -> None:
        """Takes a graph, and if it is a document's, the document and the model it is of.

        Args:
            methods: asks the class that the graph's nodes are of.
        """
        self.graph = graph
        self._model = model
        self._document = document
        self._programs = {
            document: GraphProgram.of(graph, methods)
        }  # and the last of another document

    def after(self, changes: Sequence[Edit]) -> EditedGraph:
        """The graph after all changes; of two changes of one node the later one counts.

        Raises:
            GraphError: a change names no node or scope of the graph, or has too few numbers, or an
                op would be needed that a program does not know.
            InputError: there is no character at a position, or no document at all, or the model
                does not know the character.
            DomainError: an op has no finite result.
        """
        program = self._program(self._document_after(changes))
        ids = self._ids_in(program.graph)
        numbers: dict[int, float] = {}
        for change in changes:
            if isinstance(change, SetNode):
                program.check_nodes(np.array([change.node]))
                numbers[int(ids[change.node])] = change.number
            elif isinstance(change, SetScope):
                numbers |= _numbers_of(change, program.graph)
        numbers.pop(-1, None)  # of a parameter that is not read any more
        return EditedGraph(program.run(numbers).graph(), ids)

    def _document_after(self, changes: Sequence[Edit]) -> str | None:
        document = self._document
        for change in changes:
            if not isinstance(change, SetToken):
                continue
            if document is None or self._model is None:
                raise InputError("a token can be set in the graph of a document only")
            last = min(len(document), self._model.config.block_size)
            if not 1 <= change.position <= last or len(change.character) != 1:
                raise InputError(
                    f"cannot set token {change.position} to {change.character!r}: document "
                    f"{document!r} has one character each at positions 1 to {last}"
                )
            place = change.position - 1  # position 0 reads BOS
            document = document[:place] + change.character + document[place + 1 :]
        return document

    def _program(self, document: str | None) -> GraphProgram:
        """The program of the graph, or of another document's under the same parameters."""
        if document not in self._programs:
            assert self._model is not None
            assert document is not None
            self._programs = {
                self._document: self._programs[self._document],
                document: GraphProgram.of(self._model.graph(document)),
            }
        return self._programs[document]

    def _ids_in(self, graph: Graph) -> Ints:
        """The id in another document's graph of each node of this one."""
        ids = np.arange(len(self.graph)) + len(graph) - len(self.graph)  # but for the parameters
        if graph is self.graph:
            return ids
        places = {
            (binding.matrix, binding.row, binding.col): node
            for node, binding in graph.bindings.items()
            if isinstance(binding, ParameterBinding)
        }
        for node, binding in self.graph.bindings.items():
            if isinstance(binding, ParameterBinding):
                ids[node] = places.get((binding.matrix, binding.row, binding.col), -1)
        return ids


def scope_outputs(graph: Graph, path: str) -> Ints:
    """What a scope gives to the rest: its nodes that others use, or the root. Ascending.

    Raises:
        GraphError: there is no such scope.
    """
    return graph.outputs_of(graph.scopes.find(path))


def _numbers_of(change: SetScope, graph: Graph) -> dict[int, float]:
    outputs = scope_outputs(graph, change.path).tolist()
    if not isinstance(change.numbers, tuple):
        return dict.fromkeys(outputs, change.numbers)
    if len(outputs) != len(change.numbers):
        raise GraphError(
            f"scope {change.path!r} has {len(outputs)} outputs; {len(change.numbers)} numbers were "
            "given"
        )
    return dict(zip(outputs, change.numbers, strict=True))
