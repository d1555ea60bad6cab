"""Changes to a computation: a node's value, a token, what a scope gives to the rest.

An edit is kept as what was meant, not as ids: when another edit changes a token, ids shift, and
`layer0.attn_wq[3][7]` or the 40th node of a scope is found again in the new graph.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from microgpt.debugger.nodes import outputs_of, position_of
from microgpt.debugger.origin import Origin
from microgpt.errors import GraphError, InputError
from microgpt.graph import Graph

MEAN_OF = 64
"""Over how many documents, the first ones trained on, a scope's mean is taken."""

Replacement: TypeAlias = Literal["zero", "mean", "other"]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A node that can be found again in the graph of another document of the same length.

    Attributes:
        name: of a leaf that has one, else `""`.
        scope: path of its scope.
        place: its place in the scope; of a node outside any scope its id.
    """

    name: str
    scope: str
    place: int

    @classmethod
    def of(cls, graph: Graph, node: int) -> Anchor:
        """The anchor of a node."""
        scope = graph.scopes[int(graph.scope_of[node])]
        return cls(
            "" if scope.path else graph.names.get(node, ""),
            scope.path,
            node - scope.start if scope.path else node,
        )

    def find(self, graph: Graph) -> int:
        """The node. Raises `GraphError` if this graph has none there."""
        if self.name:
            return graph.find(self.name)
        start = graph.scopes.find(self.scope).start if self.scope else 0
        return graph.find(f"#{start + self.place}")


@dataclass(frozen=True, slots=True)
class SetNode:
    """A node is a constant: a parameter or another leaf takes the value, an inner node is pinned.

    Attributes:
        text: the edit as it is told.
    """

    text: str
    anchor: Anchor
    value: float

    def numbers(self, graph: Graph, origin: Origin | None) -> dict[int, float]:
        """The nodes to be constants, and their values."""
        del origin
        return {self.anchor.find(graph): self.value}


@dataclass(frozen=True, slots=True)
class SetToken:
    """Another character is read at a position, and predicted at the one before."""

    text: str
    position: int
    character: str

    def document(self, document: str) -> str:
        """The document with this character."""
        place = self.position - 1
        return document[:place] + self.character + document[place + 1 :]


@dataclass(frozen=True, slots=True)
class ReplaceOutputs:
    """What a scope gives to the rest is zero, its mean, or what it is in another document."""

    text: str
    scope: str
    by: Replacement
    other: str = ""

    def numbers(self, graph: Graph, origin: Origin | None) -> dict[int, float]:
        """The scope's outputs, and their values.

        Raises:
            GraphError: the graph has no such scope, or it has no outputs.
            InputError: no document is there to take values from, or it lacks the position.
        """
        scope = graph.scopes.find(self.scope)
        nodes = outputs_of(graph, scope).tolist()
        if self.by == "zero":
            return dict.fromkeys(nodes, 0.0)
        position = position_of(scope.path)
        if position is None:
            raise GraphError(f"{scope.path} belongs to no position, as pos2/layer0 does: zero it")
        if origin is None:
            raise InputError("this graph is not of microgpt's model: there are no other documents")
        documents = origin.documents[:MEAN_OF] if self.by == "mean" else (self.other,)
        values = []
        for document in documents:
            n = n_positions(origin, document)
            if n > position:
                other = origin.model.graph(document)
                values.append(other.data[outputs_of(other, other.scopes.find(scope.path))])
            elif self.by == "other":
                raise InputError(
                    f"{document!r} has positions pos0 to pos{n - 1}: there is no pos{position}"
                )
        if not values:
            raise InputError(f"none of the first {len(documents)} documents has a pos{position}")
        mean = np.add.accumulate(values)[-1] / len(values)
        return dict(zip(nodes, mean.tolist(), strict=True))


Edit: TypeAlias = SetNode | SetToken | ReplaceOutputs


def n_positions(origin: Origin, document: str) -> int:
    """How many positions a document takes in the model."""
    return min(origin.model.config.block_size, len(document) + 1)


def set_token(origin: Origin | None, document: str, position: int, character: str) -> SetToken:
    """The edit that puts a character at a position.

    Raises:
        InputError: there is no such position, or the model has no such token.
    """
    if origin is None:
        raise InputError("this graph is not of microgpt's model: it reads no tokens")
    last = min(len(document), origin.model.config.block_size)
    if position == 0:
        raise InputError("pos0 reads BOS, as in every document: name a position from 1")
    if not 1 <= position <= last:
        raise InputError(f"{document!r} has no character at pos{position}: there is pos1 to {last}")
    if len(character) != 1:
        raise InputError(f"{character!r} is not one character")
    origin.model.tokenizer.encode(character)
    return SetToken(f"token {position} = {character}", position, character)


def edited(
    original: Graph,
    origin: Origin | None,
    edits: tuple[Edit, ...],
    run: Callable[[Graph, dict[int, float]], Graph],
) -> Graph:
    """The graph with all edits made, in order.

    Args:
        run: computes a graph again with some nodes as constants.

    Raises:
        GraphError, InputError: an edit means nothing in this graph.
        DomainError: an op has no finite result any more.
    """
    base = original
    tokens = [edit for edit in edits if isinstance(edit, SetToken)]
    if tokens and origin is not None:
        document = origin.document
        for edit in tokens:
            document = edit.document(document)
        base = origin.model.graph(document)
    numbers: dict[int, float] = {}
    for change in edits:
        if not isinstance(change, SetToken):
            numbers |= change.numbers(base, origin)
    return run(base, numbers) if numbers else base
