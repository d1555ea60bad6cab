"""Which node of one graph is which of another: by scope, op and place where they are not alike."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

import numpy as np

from microgpt.graph.arrays import Floats, Ints, Mask, frozen, stably_sorted
from microgpt.graph.graph import Graph

NOBODY = -1

MOST_COMPARED = 300_000
"""Pairs of nodes of one scope up to which what was put in between is looked for. Beyond that the
first of an op is paired with the first, the second with the second."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """The nodes of two graphs in pairs; each is in one pair at most.

    >>> from microgpt import Graph, Value
    >>> a, b = Value(2.0) * Value(3.0), (Value(2.0) * Value(3.0)).exp()
    >>> aligned = Alignment.of(Graph.from_value(a), Graph.from_value(b))
    >>> aligned.of_a.tolist(), aligned.of_b.tolist()
    ([0, 1, 2], [0, 1, 2, -1])
    """

    of_a: Ints
    """Node of B that each node of A is, -1 for none. Shape: `[node of A]`."""
    of_b: Ints
    """The other way round. Shape: `[node of B]`."""
    is_same: bool  # whether both are the same ops of the same operands, with the same ids

    @classmethod
    def of(cls, a: Graph, b: Graph) -> Alignment:
        """Aligns two graphs.

        Ids mean the same where the ops and operands are the same. Else named nodes are who has
        their name, and the others are compared scope by scope of the same path, in order of
        creation.
        """
        if _is_same(a, b):
            itself = np.arange(len(a))
            return cls(frozen(itself), frozen(itself), is_same=True)
        of_a = np.full(len(a), NOBODY)
        kinds_a, kinds_b = kinds_of(a, b)
        named_a, named_b = _by_name(a, b)
        of_a[named_a] = named_b
        rest_a = _by_scope(a, np.isin(np.arange(len(a)), named_a, invert=True))
        rest_b = _by_scope(b, np.isin(np.arange(len(b)), named_b, invert=True))
        for path, nodes in rest_a.items():
            if (others := rest_b.get(path)) is not None:
                in_a, in_b = _aligned(kinds_a[nodes], kinds_b[others])
                of_a[nodes[in_a]] = others[in_b]
        of_b = np.full(len(b), NOBODY)
        paired = np.flatnonzero(of_a >= 0)
        of_b[of_a[paired]] = paired
        return cls(frozen(of_a), frozen(of_b), is_same=False)

    @cached_property
    def paired(self) -> Ints:
        """The nodes of A that are some of B, ascending."""
        return frozen(np.flatnonzero(self.of_a >= 0))

    @cached_property
    def only_in_a(self) -> Ints:
        """The nodes of A that B has not, ascending."""
        return frozen(np.flatnonzero(self.of_a < 0))

    @cached_property
    def only_in_b(self) -> Ints:
        """The nodes of B that A has not, ascending."""
        return frozen(np.flatnonzero(self.of_b < 0))

    def at_places_of_b(self, numbers: Floats) -> Floats:
        """Numbers of A's nodes where B has these nodes; 0 elsewhere. Shape: `[node of B]`."""
        return np.where(self.of_b >= 0, numbers[self.of_b], 0.0)


def _is_same(a: Graph, b: Graph) -> bool:
    return (
        len(a) == len(b)
        and np.array_equal(a.operand_start, b.operand_start)
        and np.array_equal(a.operands, b.operands)
        and np.array_equal(*kinds_of(a, b))
    )


def kinds_of(a: Graph, b: Graph) -> tuple[Ints, Ints]:
    """The op of each node as a number that both graphs share."""
    codes = {op: code for code, op in enumerate(dict.fromkeys((*a.op_names, *b.op_names)))}
    of_a, of_b = (
        np.array([codes[op] for op in graph.op_names], np.int64)[graph.op_codes] for graph in (a, b)
    )
    return of_a, of_b


def _by_name(a: Graph, b: Graph) -> tuple[Ints, Ints]:
    """Nodes of A and of B that have one name, if each has it once."""
    in_a, in_b = _places_of_names(a), _places_of_names(b)
    both = [name for name, node in in_a.items() if node >= 0 and in_b.get(name, NOBODY) >= 0]
    return (
        np.array([in_a[name] for name in both], np.int64),
        np.array([in_b[name] for name in both], np.int64),
    )


def _places_of_names(graph: Graph) -> dict[str, int]:
    """The node of each name, -1 if there are several."""
    found: dict[str, int] = {}
    for node, name in graph.names.items():
        found[name] = NOBODY if name in found else node
    return found


def _by_scope(graph: Graph, wanted: Mask) -> dict[str, Ints]:
    """Those of the wanted nodes that each scope made itself, by its path, ascending."""
    nodes = np.flatnonzero(wanted)
    scopes = graph.scope_of[nodes]
    nodes = nodes[stably_sorted(scopes)]
    counts = np.bincount(scopes, minlength=len(graph.scopes))
    parts = np.split(nodes, np.cumsum(counts)[:-1])
    return {scope.path: part for scope, part in zip(graph.scopes, parts, strict=True) if len(part)}


def _aligned(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Places in two rows of ops that belong together, ascending in both where order decides."""
    shorter = min(len(a), len(b))
    before = _n_alike(a[:shorter], b[:shorter])
    shorter -= before
    after = _n_alike(a[len(a) - shorter :][::-1], b[len(b) - shorter :][::-1])
    middle_a, middle_b = a[before : len(a) - after], b[before : len(b) - after]
    if len(middle_a) * len(middle_b) <= MOST_COMPARED:
        in_a, in_b = _in_blocks(middle_a, middle_b)
    else:
        in_a, in_b = _by_turns(middle_a, middle_b)
    return (
        np.concatenate((np.arange(before), before + in_a, np.arange(len(a) - after, len(a)))),
        np.concatenate((np.arange(before), before + in_b, np.arange(len(b) - after, len(b)))),
    )


def _n_alike(a: Ints, b: Ints) -> int:
    """How many numbers two rows of one length begin with alike."""
    differs = a != b
    return int(differs.argmax()) if differs.any() else len(a)


def _in_blocks(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """The longest stretches that both rows have, and what is between two of them if as long."""
    matcher = SequenceMatcher(None, a.tolist(), b.tolist(), autojunk=False)
    in_a, in_b = list[Ints](), list[Ints]()
    for tag, start_a, stop_a, start_b, stop_b in matcher.get_opcodes():
        # One op in another's place is a pair, which differs in its op.
        if tag in {"equal", "replace"} and stop_a - start_a == stop_b - start_b:
            in_a.append(np.arange(start_a, stop_a))
            in_b.append(np.arange(start_b, stop_b))
    nothing = np.empty(0, np.int64)
    return np.concatenate([nothing, *in_a]), np.concatenate([nothing, *in_b])


def _by_turns(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """The n-th of an op in one row with the n-th of it in the other."""
    turns_a, turns_b = _turns(a), _turns(b)
    most = int(max(turns_a.max(initial=0), turns_b.max(initial=0))) + 1
    _, in_a, in_b = np.intersect1d(a * most + turns_a, b * most + turns_b, return_indices=True)
    order = np.argsort(in_a)
    return in_a[order], in_b[order]


def _turns(ops: Ints) -> Ints:
    """How many of the same op stand before each."""
    order = stably_sorted(ops)
    sorted_ops = ops[order]
    begins = np.searchsorted(sorted_ops, sorted_ops)
    turns = np.empty(len(ops), np.int64)
    turns[order] = np.arange(len(ops)) - begins
    return turns
