"""What nodes are called in a page: their names, and the words for their places.

Places are words about a scope's inside, so scopes that are made alike, as those of all positions
are, share them, and so do the outputs of a matrix product: few nodes have to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from microgpt.graph.arrays import Ints, Mask
from microgpt.graph.graph import Graph
from microgpt.graph.scope_tree import ScopeRange
from microgpt.model.places import branch_name
from microgpt.printable import printable

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
            phrases = _by_output(graph, scope, own) or [
                _phrase(graph, node) for node in own.tolist()
            ]
            of_shape[key] = np.array(
                [NO_WORDS if each is None else numbers.setdefault(each, len(numbers))
                 for each in phrases]
            )  # fmt: skip
        phrase_of[own] = of_shape[key]
    phrase_of[named] = NO_WORDS
    paths, branches = [], []
    for scope in graph.scopes:
        branch = graph.scopes.branch(scope)
        paths.append(printable(graph.scopes.short_path(scope)) if scope.path else "")
        branches.append("" if branch is scope else printable(branch_name(branch)))
    return NodeWords(tuple(numbers), phrase_of, tuple(paths), tuple(branches))


def _phrase(graph: Graph, node: int) -> tuple[str, str] | None:
    """The words for a node's place, without its scope: what it is, and who shares it."""
    place = graph.places.of(node)
    if place is None:
        return None
    alone = place.phrase("", users=False)
    return alone, place.phrase("").removeprefix(alone)


def _by_output(graph: Graph, scope: ScopeRange, own: Ints) -> list[tuple[str, str] | None] | None:
    """The phrases of a scope whose outputs are made one after the other, and all alike.

    As a matrix product's are: one output's are asked, and the others differ in its number. None of
    a scope of another kind.
    """
    n_outputs = len(graph.outputs_of(scope))
    if n_outputs < 2 or len(own) != len(scope) or len(scope) % n_outputs:
        return None
    size = len(scope) // n_outputs
    if not _repeats(graph, scope, size):
        return None
    first = [_phrase(graph, node) for node in range(scope.start, scope.start + size)]
    if not all(phrase and phrase[0].startswith("[0]") for phrase in first):
        return None
    return [
        (f"[{output}]{phrase[0][3:]}", phrase[1])
        for output in range(n_outputs)
        for phrase in first
        if phrase
    ]


def _repeats(graph: Graph, scope: ScopeRange, size: int) -> bool:
    """Whether each so many nodes of a scope are made as those before, of themselves and others."""
    start, stop = scope.start, scope.stop
    arity = np.diff(graph.operand_start[start : stop + 1]).reshape(-1, size)
    edges = slice(int(graph.operand_start[start]), int(graph.operand_start[stop]))
    if not (arity == arity[0]).all():
        return False
    operands = graph.operands[edges].reshape(len(arity), -1)
    outside = operands < start
    within = operands - (start + size * np.arange(len(arity)))[:, None]
    within[outside] = -1
    is_output = np.zeros(stop - start, np.bool_)
    is_output[graph.outputs_of(scope) - start] = True
    alike = (
        within,
        graph.op_codes[start:stop].reshape(-1, size),
        _zeros(graph, scope).reshape(-1, size),
        is_output.reshape(-1, size),
    )
    return bool((within[~outside] >= 0).all() and all((each == each[0]).all() for each in alike))


def _shape(graph: Graph, scope: ScopeRange) -> bytes:
    """What two scopes have in common whose nodes have the same places in them."""
    start, stop = scope.start, scope.stop
    first, last = int(graph.operand_start[start]), int(graph.operand_start[stop])
    operands = graph.operands[first:last] - start
    operands[operands < 0] = -1
    is_output = np.zeros(stop - start, np.bool_)
    is_output[graph.outputs_of(scope) - start] = True
    digest = blake2b(digest_size=16)
    for part in (
        operands,
        np.diff(graph.operand_start[start : stop + 1]),
        graph.op_codes[start:stop],
        _zeros(graph, scope),
        graph.scope_of[start:stop] == scope.index,
        is_output,
    ):
        digest.update(np.ascontiguousarray(part).tobytes())
        digest.update(b"|")
    return digest.digest()


def _zeros(graph: Graph, scope: ScopeRange) -> Mask:
    """The constants 0 of a scope: a sum begins there, and they are no term of it."""
    codes = [code for code, op in enumerate(graph.op_names) if op == "const"]
    inside = slice(scope.start, scope.stop)
    is_zero: Mask = np.isin(graph.op_codes[inside], codes) & (graph.data[inside] == 0)
    return is_zero
