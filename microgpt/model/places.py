"""The model's vocabulary: what `transformer.py` calls its scopes, and what is found in them.

Everything that reads meaning out of a scope's path asks here, and no other file has a pattern of
one. In a graph of anything else these find nothing. It computes no gradient and names no scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from microgpt.autograd.bindings import ParameterBinding
from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange

_POSITION = re.compile(r"pos(\d+)(?:/|$)")
_LOSS = re.compile(r"pos(\d+)/loss")
_LOGITS = re.compile(r"pos(\d+)/lm_head")
_RESIDUAL_STREAM = re.compile(r"embed|layer\d+/mlp/residual")
_STREAM = re.compile(r"(embed)|(layer\d+/(?:attn|mlp))/residual")
_WRITTEN_BY = {"embed": "embed", "attn": "attn/out", "mlp": "mlp/fc2"}
"""The scope whose outputs a block adds to the stream, by the end of the block's name."""
_BLOCKS = (
    (re.compile(r"(?:^|/)(layer\d+)/attn/(head\d+)(?:/|$)"), "{0}/{1}"),
    (re.compile(r"(?:^|/)(layer\d+)/attn/out$"), "{0}/attn"),
    (re.compile(r"(?:^|/)(layer\d+)/mlp/(?!residual$)"), "{0}/mlp"),
)
RESIDUAL = "residual"
"""What goes by all heads and blocks."""

# -- positions -------------------------------------------------------------------------------------


def position_of(path: str) -> int | None:
    """The position that a scope's path belongs to, None outside any.

    >>> position_of("pos2/layer0/attn"), position_of("loss")
    (2, None)
    """
    match = _POSITION.match(path)
    return int(match[1]) if match else None


def at_any_position(path: str) -> str:
    """A scope's path without its position: what is the same place at all of them.

    >>> at_any_position("pos2/layer0/attn"), at_any_position("loss")
    ('layer0/attn', 'loss')
    """
    return re.sub(r"^pos\d+/", "", path)


def position_number(text: str) -> str:
    """What follows `pos` where someone names a position; the text itself if it begins otherwise.

    >>> position_number("pos2"), position_number("2")
    ('2', '2')
    """
    return text.removeprefix("pos")


def position_name(position: int) -> str:
    """Path of a position's scope.

    >>> position_name(2)
    'pos2'
    """
    return f"pos{position}"


def position_label(graph: Graph, position: int) -> str:
    """The token that a position reads and the one it is to predict, `e → m`; `""` if unknown."""
    path = position_name(position)
    return graph.scopes.find(f"{path}/loss").label or graph.scopes.find(path).label


def branch_name(scope: ScopeRange) -> str:
    """What to call a branch of the scopes: a position by its number and the token that it reads.

    >>> branch_name(ScopeRange(1, "pos1", "e → m", 0, 0, 9))
    '1 e'
    >>> branch_name(ScopeRange(1, "neuron[3]", "", 0, 0, 9))
    'neuron[3]'
    """
    match = _POSITION.fullmatch(scope.path)
    token = scope.label.partition(" → ")[0]
    return f"{match[1]} {token}" if match and token else scope.name


def position_losses(graph: Graph) -> dict[int, int]:
    """The node of each position's loss, by position; none if the graph is not of the model."""
    losses = {}
    for scope in graph.scopes:
        if match := _LOSS.fullmatch(scope.path):
            outputs = graph.outputs_of(scope)
            if len(outputs) == 1:
                losses[int(match[1])] = int(outputs[0])
    return losses


def position_logits(graph: Graph) -> Iterator[tuple[int, Ints]]:
    """Each position with its logits. Shape of these: `[token]`."""
    for scope in graph.scopes:
        if match := _LOGITS.fullmatch(scope.path):
            yield int(match[1]), graph.outputs_of(scope)


def logits_at(graph: Graph, position: int) -> Ints:
    """The logits of a position. Shape: `[token]`.

    Raises:
        GraphError: it has none.
    """
    return graph.outputs_of(graph.scopes.find(f"{position_name(position)}/lm_head"))


def logit_name(position: int, token: int) -> str:
    """What a logit can be found by.

    >>> logit_name(2, 5)
    'pos2/lm_head[5]'
    """
    return f"{position_name(position)}/lm_head[{token}]"


# -- attention -------------------------------------------------------------------------------------


def head_path(position: int, layer: int, head: int) -> str:
    """Path of a head's scope at one position.

    >>> head_path(2, 0, 3)
    'pos2/layer0/attn/head3'
    """
    return f"{position_name(position)}/layer{layer}/attn/head{head}"


def head_nodes(
    graph: Graph, position: int, layer: int, head: int, part: Literal["scores", "softmax", "mix"]
) -> Ints:
    """What a part of a head gives: a score or a weight for each source, or what is read of them.

    Raises:
        GraphError: there is no such head.
    """
    return graph.outputs_of(graph.scopes.find(f"{head_path(position, layer, head)}/{part}"))


# -- blocks ----------------------------------------------------------------------------------------


def block_of(path: str) -> str:
    """The head or block that a scope belongs to, `""` for those between them.

    >>> block_of("pos1/layer0/attn/head2/mix"), block_of("pos1/layer0/attn/out")
    ('layer0/head2', 'layer0/attn')
    >>> block_of("pos1/layer0/mlp/fc1"), block_of("pos1/layer0/mlp/residual")
    ('layer0/mlp', '')
    """
    for pattern, label in _BLOCKS:
        if match := pattern.search(path):
            return label.format(*match.groups())
    return ""


def residual_stream(graph: Graph) -> dict[str, list[ScopeRange]]:
    """The places along it, first to last, `embed`, `layer0/mlp/residual`, ...: at all positions."""
    places: dict[str, list[ScopeRange]] = {}
    for scope in graph.scopes:
        place = at_any_position(scope.path)
        if place != scope.path and _RESIDUAL_STREAM.fullmatch(place):
            places.setdefault(place, []).append(scope)
    return places


def stream_scopes(graph: Graph) -> dict[str, list[tuple[ScopeRange, ScopeRange]]]:
    """Of `embed`, `layer0/attn`, `layer0/mlp`, ..., first to last, two scopes at each position.

    The outputs of the first are what the block adds to the residual stream, those of the second are
    the stream after it.
    """
    found: dict[str, list[tuple[ScopeRange, ScopeRange]]] = {}
    for scope in graph.scopes:
        place = at_any_position(scope.path)
        if place == scope.path or not (match := _STREAM.fullmatch(place)):
            continue
        block = match[1] or match[2]
        around, _, kind = block.rpartition("/")
        writer = "/".join(filter(None, (around, _WRITTEN_BY[kind])))
        before = graph.scopes.find(scope.path.removesuffix(place) + writer)
        found.setdefault(block, []).append((before, scope))
    return found


def softmaxes(graph: Graph) -> Iterator[ScopeRange]:
    """Where scores become shares: attention's, and the predictions'."""
    return (scope for scope in graph.scopes if scope.name == "softmax")


# -- parameters ------------------------------------------------------------------------------------


def matrix_of(graph: Graph, node: int) -> str:
    """The matrix that a parameter is an entry of, `layer0.attn_wq`; `""` if it is of none."""
    binding = graph.bindings.get(node)
    return binding.matrix if isinstance(binding, ParameterBinding) else ""


def matrix_rows(graph: Graph, matrix: str) -> list[list[float]]:
    """A matrix's numbers as the graph has them, of the rows that it reads. Shape: `[row][col]`."""
    rows: dict[int, dict[int, float]] = {}
    for node, binding in graph.bindings.items():
        if isinstance(binding, ParameterBinding) and binding.matrix == matrix:
            rows.setdefault(binding.row, {})[binding.col] = float(graph.data[node])
    return [[row[col] for col in sorted(row)] for _, row in sorted(rows.items())]
