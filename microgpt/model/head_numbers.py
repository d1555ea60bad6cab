"""A head's numbers, read from the graph of a document: scores, weights, gradients, one weight.

What a weight adds to the logits goes straight down the residual stream: no norm stands before
`lm_head`. What later blocks make of it is not in that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.model.logit_lens import HEAD_MATRIX, dot
from microgpt.model.places import head_path, matrix_rows, position_losses, position_name

PositionRows: TypeAlias = tuple[tuple[float, ...], ...]
"""Shape: `[position][source]`."""


@dataclass(frozen=True, slots=True)
class HeadCell:
    """How one position reads one source by one head."""

    position: int
    source: int
    q: tuple[float, ...]  # the position's query in this head. Shape: `[head_dim]`.
    k: tuple[float, ...]  # the source's key
    products: tuple[float, ...]  # term by term
    total: float  # of the products, added from left to right
    scale: float  # what the total is divided by: the root of head_dim
    score: float  # before the softmax
    scores: tuple[float, ...]  # of all sources. Shape: `[source]`.
    weight: float  # after it
    weight_grad: float
    score_grad: float
    v: tuple[float, ...]  # the source's value in this head. Shape: `[head_dim]`.
    carried: tuple[float, ...]  # weight times v
    logits: tuple[float, ...]  # what that adds to the position's logits. Shape: `[token]`.


@dataclass(frozen=True, eq=False)
class HeadNumbers:
    """The heads of a graph of the model, with what-ifs or without."""

    graph: Graph  # whose numbers are meant
    unedited: Graph  # the same without what-ifs: where they cut a head off, it is still found here
    ids: Ints | None = None
    """Id in `graph` of each node of `unedited`; None if they are one. Shape: `[node]`."""

    @classmethod
    def of(cls, graph: Graph) -> HeadNumbers:
        """Of a graph without what-ifs."""
        return cls(graph, graph)

    @property
    def n_positions(self) -> int:
        """How many tokens are read."""
        return len(position_losses(self.unedited))

    def nodes(self, path: str) -> Ints:
        """What a scope gives, as ids in `graph`.

        Raises:
            GraphError: there is no such scope.
        """
        found = self.unedited.outputs_of(self.unedited.scopes.find(path))
        return found if self.ids is None else self.ids[found]

    def part(self, layer: int, head: int, part: Literal["scores", "softmax"]) -> list[Ints]:
        """The nodes of a head's scores or weights. Shape: `[position][source]`.

        Raises:
            GraphError: there is no such head.
        """
        positions = range(self.n_positions)
        return [self.nodes(f"{head_path(at, layer, head)}/{part}") for at in positions]

    def weights(self, layer: int, head: int) -> PositionRows:
        """After the softmax."""
        return self._data(self.part(layer, head, "softmax"))

    def scores(self, layer: int, head: int) -> PositionRows:
        """Before the softmax."""
        return self._data(self.part(layer, head, "scores"))

    def weight_grads(self, layer: int, head: int) -> PositionRows:
        """d loss / d weight."""
        grad = self.graph.grad
        return tuple(tuple(grad[nodes].tolist()) for nodes in self.part(layer, head, "softmax"))

    def attention(self, n_layer: int, n_head: int) -> list[list[PositionRows]]:
        """The weights of all heads. Shape: `[n_layer][n_head][position][source]`."""
        return [[self.weights(layer, head) for head in range(n_head)] for layer in range(n_layer)]

    def _data(self, nodes: list[Ints]) -> PositionRows:
        return tuple(tuple(self.graph.data[row].tolist()) for row in nodes)

    def cell(self, layer: int, head: int, position: int, source: int) -> HeadCell:
        """Reads one weight.

        Raises:
            GraphError: there is no such head, position or source.
        """
        graph, path = self.graph, head_path(position, layer, head)
        scores, weights = self.nodes(f"{path}/scores"), self.nodes(f"{path}/softmax")
        head_dim = len(self.nodes(f"{path}/mix"))
        if not source < len(weights) == len(scores):
            raise GraphError(f"{position_name(position)} reads no source {source}")
        own = slice(head * head_dim, (head + 1) * head_dim)

        def vector(of: int, part: str) -> tuple[float, ...]:
            nodes = self.nodes(f"{position_name(of)}/layer{layer}/attn/{part}")
            return tuple(graph.data[nodes[own]].tolist())

        q, k, v = vector(position, "q"), vector(source, "k"), vector(source, "v")
        weight = float(graph.data[weights[source]])
        carried = tuple(weight * number for number in v)
        out = matrix_rows(graph, f"layer{layer}.attn_wo")
        added = [dot(row[own], carried) for row in out]
        return HeadCell(
            position, source, q, k, tuple(a * b for a, b in zip(q, k, strict=True)), dot(q, k),
            head_dim**0.5, float(graph.data[scores[source]]), tuple(graph.data[scores].tolist()),
            weight, float(graph.grad[weights[source]]), float(graph.grad[scores[source]]), v,
            carried, tuple(dot(row, added) for row in matrix_rows(graph, HEAD_MATRIX)),
        )  # fmt: skip
