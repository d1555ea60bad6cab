"""What nodes are called in a page: their names, and the words for their places.

Places are words about a scope's inside, so scopes that are made alike, as those of all positions
are, share them: of "emma" a fifth of all nodes has to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from microgpt.graph.arrays import Ints
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange
from microgpt.model.places import branch_name
from viz.page.escaping import printable

NO_WORDS = -1


@dataclass(frozen=True, eq=False)
class NodeWords:
    """Words of all nodes; a node's are its scope's path, its phrase, and who shares it."""

    phrases: tuple[tuple[str, str], ...]  # ` term 7`, and `, shared by 3 of 16` or ""
    phrase_of: Ints  # place among these, -1 of a node that has a name or lies in no scope
    short_paths: tuple[str, ...]  # of each scope, within its branch
    branches: tuple[str, ...]  # of each scope, "" of a branch itself


def node_words(graph: Graph) -> NodeWords:
    """The words of a graph's nodes."""
    phrase_of = np.full(len(graph), NO_WORDS)
    numbers: dict[tuple[str, str], int] = {}
    of_shape: dict[bytes, Ints] = {}
    named = np.zeros(len(graph), np.bool_)
    named[list(graph.names)] = True
    for scope in graph.scopes:
        if not scope.path:
            continue
        inside = np.arange(scope.start, scope.stop)
        own = inside[graph.scope_of[inside] == scope.index]
        if not len(own):
            continue
        key = _shape(graph, scope)
        if key not in of_shape:
            of_shape[key] = np.array(
                [_number(graph, node, numbers) for node in own.tolist()], np.int64
            )
        phrase_of[own] = of_shape[key]
    phrase_of[named] = NO_WORDS
    paths, branches = [], []
    for scope in graph.scopes:
        branch = graph.scopes.branch(scope)
        paths.append(printable(graph.scopes.short_path(scope)) if scope.path else "")
        branches.append("" if branch is scope else printable(branch_name(branch)))
    return NodeWords(tuple(numbers), phrase_of, tuple(paths), tuple(branches))


def _number(graph: Graph, node: int, numbers: dict[tuple[str, str], int]) -> int:
    place = graph.places.of(node)
    if place is None:
        return NO_WORDS
    alone = place.phrase("", users=False)
    phrase = (alone, place.phrase("").removeprefix(alone))
    return numbers.setdefault(phrase, len(numbers))


def _shape(graph: Graph, scope: ScopeRange) -> bytes:
    """What two scopes have in common whose nodes have the same places in them."""
    start, stop = scope.start, scope.stop
    first, last = int(graph.operand_start[start]), int(graph.operand_start[stop])
    operands = graph.operands[first:last] - start
    operands[operands < 0] = -1
    is_output = np.zeros(stop - start, np.bool_)
    is_output[graph.outputs_of(scope) - start] = True
    constants = np.isin(graph.op_codes[start:stop], _constant_code(graph))
    is_zero = constants & (graph.data[start:stop] == 0)  # a sum begins there, and no term is it
    digest = blake2b(digest_size=16)
    for part in (
        operands,
        np.diff(graph.operand_start[start : stop + 1]),
        graph.op_codes[start:stop],
        is_zero,
        graph.scope_of[start:stop] == scope.index,
        is_output,
    ):
        digest.update(np.ascontiguousarray(part).tobytes())
        digest.update(b"|")
    return digest.digest()


def _constant_code(graph: Graph) -> list[int]:
    return [code for code, op in enumerate(graph.op_names) if op == "const"]
