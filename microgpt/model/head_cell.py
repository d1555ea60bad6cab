"""One weight of a head: what it comes from and what it leads to, read from the graph of a document.

What it adds to the logits goes straight down the residual stream: no norm stands before `lm_head`.
What later blocks make of it is not in that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from microgpt.errors import GraphError
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.model.logit_lens import HEAD_MATRIX
from microgpt.model.places import head_nodes, matrix_rows, position_name


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
    node: int  # id of the weight


def head_cell(graph: Graph, layer: int, head: int, position: int, source: int) -> HeadCell:
    """Reads one weight.

    Raises:
        GraphError: the graph has no such head, position or source.
    """
    scores = head_nodes(graph, position, layer, head, "scores")
    weights = head_nodes(graph, position, layer, head, "softmax")
    head_dim = len(head_nodes(graph, position, layer, head, "mix"))
    if not source < len(weights) == len(scores):
        raise GraphError(f"{position_name(position)} reads no source {source}")
    own = slice(head * head_dim, (head + 1) * head_dim)

    def vector(of: int, part: str) -> tuple[float, ...]:
        scope = graph.scopes.find(f"{position_name(of)}/layer{layer}/attn/{part}")
        return tuple(graph.data[graph.outputs_of(scope)[own]].tolist())

    q, k, v = vector(position, "q"), vector(source, "k"), vector(source, "v")
    products = tuple(a * b for a, b in zip(q, k, strict=True))
    weight = float(graph.data[weights[source]])
    carried = tuple(weight * number for number in v)
    out = matrix_rows(graph, f"layer{layer}.attn_wo")
    added = [_dot(row[own], carried) for row in out]
    return HeadCell(
        position, source, q, k, products, _dot(q, k), head_dim**0.5,
        float(graph.data[scores[source]]), tuple(graph.data[scores].tolist()), weight,
        float(graph.grad[weights[source]]), float(graph.grad[scores[source]]), v, carried,
        tuple(_dot(row, added) for row in matrix_rows(graph, HEAD_MATRIX)), int(weights[source]),
    )  # fmt: skip


def head_matrix(
    graph: Graph, layer: int, head: int, part: Literal["scores", "softmax"], n_positions: int
) -> list[Ints]:
    """The nodes of a head's scores or weights. Shape: `[position][source]`.

    Raises:
        GraphError: the graph has no such head.
    """
    return [head_nodes(graph, at, layer, head, part) for at in range(n_positions)]


def _dot(row: tuple[float, ...] | list[float], vector: tuple[float, ...] | list[float]) -> float:
    total = 0.0
    for a, b in zip(row, vector, strict=True):
        total += a * b
    return total
