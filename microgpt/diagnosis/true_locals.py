"""What each local gradient should be: by what the op means, else by moving its operands.

Values are looked at on the way: whether each node is what its op gives for its operands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.moved_slopes import slopes_of_moves, step_for
from microgpt.diagnosis.recognising import TOTALS, exactness, recognised, slope_beside_number
from microgpt.diagnosis.true_math import (
    ROUNDING,
    Meaning,
    computed,
    meaning_of,
    power_by,
    slopes_at,
)
from microgpt.errors import InputError
from microgpt.graph.arrays import Floats, Ints, frozen
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator

VARIANT = 1e-5
"""A function that is so near to what its name says is a variant of it, `log(x + 1e-9)` say."""
MOST_MOVED = 200_000
"""So many operand slots are moved; of larger graphs the rest is unchecked."""
LEAST_DIFFERENT = 3
"""An op is recognised by its numbers if they are so many different ones."""


class NodeValue(IntEnum):
    """What a node's number is, beside what its op means."""

    UNKNOWN = 0
    RIGHT = 1
    OTHER_OP = 2  # an operator that computes something else
    OTHER_FUNCTION = 3  # a function of a known name that does
    STALE = 4  # no longer what its op gives for its operands
    NOT_REPEATED = 5  # its method gives another number each time


@dataclass(frozen=True, eq=False)
class TrueLocals:
    """The local gradients of a graph's edges as they should be."""

    low: Floats
    """The least slope that is right. Shape: `[edge]`, as of all these."""
    high: Floats  # the largest
    error: Floats  # how far off either may be
    known: NDArray[np.bool_]
    value: NDArray[np.uint8]  # a `NodeValue` of each node. Shape: `[node]`
    expected: Floats
    """What the op gives for the operands there are, nan where that is not known. `[node]`"""
    exact: float  # within this part of their size slopes are the same

    def nearest(self, given: Floats) -> Floats:
        """The right slope that is nearest to each that the program has; that itself if unknown.

        What a program has is nan where nothing could be asked for it.
        """
        clipped = np.where(np.isnan(given), self.low, np.clip(given, self.low, self.high))
        is_right = self.known & (np.abs(clipped - given) <= self.tolerance)
        return np.where(self.known & ~is_right, clipped, given)

    @property
    def tolerance(self) -> Floats:
        """Within this a slope counts as the same. Shape: `[edge]`."""
        size = np.maximum(np.abs(self.low), np.abs(self.high))
        return np.maximum(self.exact * size, self.error)

    def wrong(self, given: Floats) -> NDArray[np.bool_]:
        """The edges whose local gradient is known to be another. Shape: `[edge]`."""
        clipped = np.clip(given, self.low, self.high)
        with np.errstate(invalid="ignore"):
            off: NDArray[np.bool_] = ~(np.abs(clipped - given) <= self.tolerance)
        return self.known & off & ~np.isnan(given)


def true_locals(graph: Graph, methods: OpEvaluator | None) -> TrueLocals:
    """Looks at every op of a graph.

    Args:
        methods: compute nodes for other operands, where the program can be asked.
    """
    return _Looking(graph, methods).found()


class _Looking:
    """One graph, op by op."""

    def __init__(self, graph: Graph, methods: OpEvaluator | None) -> None:
        n, n_edges = len(graph), graph.n_edges
        self.graph, self.methods = graph, methods
        self.low, self.high = np.full(n_edges, np.nan), np.full(n_edges, np.nan)
        self.error = np.zeros(n_edges)
        self.value = np.zeros(n, np.uint8)
        self.expected = np.full(n, np.nan)
        self.arity = np.diff(graph.operand_start)
        self.exact = exactness(graph)

    def found(self) -> TrueLocals:
        graph = self.graph
        to_move: list[int] = []
        for code in np.unique(graph.op_codes).tolist():
            of_op = np.flatnonzero((graph.op_codes == code) & (self.arity > 0))
            for arity in np.unique(self.arity[of_op]).tolist():
                nodes = of_op[self.arity[of_op] == arity]
                to_move += self._by_meaning(nodes, graph.op_names[code], arity)
        rest = self._recognise(np.array(to_move, np.int64))
        self._move(rest.tolist())
        self._with_plain_numbers(rest)
        self._behind_infinity()
        known = ~(np.isnan(self.low) | np.isnan(self.high))
        return TrueLocals(
            frozen(np.where(known, self.low, 0.0)),
            frozen(np.where(known, self.high, 0.0)),
            frozen(self.error),
            frozen(known),
            frozen(self.value),
            frozen(self.expected),
            self.exact,
        )

    def _by_meaning(self, nodes: NDArray[np.int64], name: str, arity: int) -> list[int]:
        """Takes the nodes that are what their op means; gives those that are to be moved."""
        graph = self.graph
        edges = graph.operand_start[nodes][:, None] + np.arange(arity)
        numbers = graph.data[graph.operands[edges]]
        meanings = self._meanings(nodes, name, arity)
        if meanings is None:
            return [int(node) for node in nodes]
        expected, low, high = _fast(meanings, name, numbers)
        composite = self._composite(nodes, edges)
        self.expected[nodes] = expected
        with np.errstate(all="ignore"):
            off = np.abs(expected - graph.data[nodes])
            size = np.maximum(np.abs(expected), np.abs(numbers).max(axis=1, initial=0.0))
        same = (off <= self.exact * size) | (expected == graph.data[nodes])
        unlike = ~same & ~np.isnan(expected)
        self.low[edges[same]], self.high[edges[same]] = low[same], high[same]
        self.error[edges[same]] = meanings[0].rounding
        self.value[nodes[same]] = NodeValue.RIGHT
        if unlike.any():
            near = unlike & (off <= VARIANT * np.maximum(size, 1.0))
            kind = NodeValue.OTHER_OP if meanings[0].is_operator else NodeValue.OTHER_FUNCTION
            self.value[nodes[unlike & ~near & ~composite]] = kind
        return [int(node) for node in nodes[~same]]

    def _meanings(self, nodes: NDArray[np.int64], name: str, arity: int) -> list[Meaning] | None:
        if name in {"pow", "ipow"} and arity == 1:
            exponents = self.graph.immediate[nodes]
            if np.isnan(exponents).any():
                return None
            return [power_by(float(n)) for n in exponents]
        found = meaning_of(name, arity)
        return None if found is None else [found] * len(nodes)

    def _composite(self, nodes: Ints, edges: Ints) -> NDArray[np.bool_]:
        """The nodes one of whose operands the same call has made: a `-` of `+` and minus, say."""
        graph = self.graph
        if graph.maker_of is None:
            return np.zeros(len(nodes), np.bool_)
        operands = graph.operands[edges]
        own = graph.maker_of[nodes][:, None]
        near = (nodes[:, None] - operands <= 3) & (self.arity[operands] > 0)
        near &= graph.op_codes[operands] != graph.op_codes[nodes][:, None]  # that is a chain
        same: NDArray[np.bool_] = ((graph.maker_of[operands] == own) & near & (own >= 0)).any(
            axis=1
        )
        return same

    def _recognise(self, nodes: Ints) -> Ints:
        """Takes ops of unknown names for what all of their numbers say that they are.

        Gives those that are to be moved, as no other way tells their slopes.
        """
        graph, start = self.graph, self.graph.operand_start
        rest = nodes[self.value[nodes] == NodeValue.UNKNOWN]
        columns = [graph.op_codes[rest].astype(np.int64), self.arity[rest], self._slots(rest)]
        for by in (columns, [*columns, graph.line_of[rest].astype(np.int64)]):
            left = np.isnan(self.low[start[rest]])
            keys = np.stack([column[left] for column in by])
            for key in np.unique(keys, axis=1).T.tolist():
                own = rest[left][(keys == np.array(key)[:, None]).all(axis=0)]
                edges = start[own][:, None] + np.arange(key[1])
                numbers = graph.data[graph.operands[edges]]
                is_named = graph.op_names[key[0]] in TOTALS
                if len(np.unique(numbers, axis=0)) < LEAST_DIFFERENT and not is_named:
                    continue
                found = recognised(numbers, graph.data[own], self.exact)
                if found is not None:
                    self.low[edges], self.high[edges] = found
                    self.error[edges] = ROUNDING
                    self.value[own] = NodeValue.RIGHT
        unknown: NDArray[np.bool_] = np.isnan(self.low[start[nodes]])
        return frozen(nodes[unknown])

    def _slots(self, nodes: Ints) -> Ints:
        """What tells apart the nodes of one function: how many of its operands it has made."""
        graph = self.graph
        if graph.maker_of is None or not len(nodes):
            return np.zeros(len(nodes), np.int64)
        counts = [
            int(np.count_nonzero(graph.maker_of[graph.operands[graph.edges_into(np.array([n]))]]
                                 == graph.maker_of[n]))
            for n in nodes.tolist()
        ]  # fmt: skip
        return np.array(counts, np.int64)

    def _with_plain_numbers(self, nodes: Ints) -> None:
        """Operators with a plain number, which no other way tells: it follows from their value.

        What is the square of its operand is a product with a number just as large, or by itself.
        """
        graph, start = self.graph, self.graph.operand_start
        for node in nodes[(self.arity[nodes] == 1) & np.isnan(self.low[start[nodes]])].tolist():
            edge = int(start[node])
            operand, value = float(graph.data[graph.operands[edge]]), float(graph.data[node])
            slope = slope_beside_number(graph.op(node), operand, value)
            if slope is None or self.value[node] != NodeValue.UNKNOWN:
                continue
            is_square = (
                "mul" in graph.op(node) and abs(operand * operand - value) <= self.exact * value
            )
            itself = 2 * operand if is_square else slope
            self.low[edge], self.high[edge] = min(slope, itself), max(slope, itself)

    def _behind_infinity(self) -> None:
        """An op that gives a number for an operand of minus infinity does not depend on it."""
        graph = self.graph
        unknown = np.isnan(self.low) & (graph.data[graph.operands] == -np.inf)
        unknown &= np.isfinite(graph.data[graph.edge_consumers])
        self.low[unknown] = self.high[unknown] = 0.0

    # -- moving operands -----------------------------------------------------------------------

    def _move(self, nodes: list[int]) -> None:
        """Finds slopes by asking the program's own methods for moved operands."""
        methods, start = self.methods, self.graph.operand_start
        if methods is None or not nodes:
            return
        total = np.cumsum(self.arity[nodes])
        nodes = nodes[: int(np.searchsorted(total, MOST_MOVED, side="right"))]
        if not nodes:
            return
        try:
            numbers = [self._numbers(node) for node in nodes]
            again, once_more = self._asked(nodes, numbers), self._asked(nodes, numbers)
            drawn = self._drawn(nodes, again, once_more)
            nodes = [
                node for node, now in zip(nodes, again, strict=True)
                if node not in drawn and self._is_own(node, now)
            ]  # fmt: skip
            questions = list(self._questions(nodes))
            answers = self._asked([q[0] for q in questions], [q[3] for q in questions])
        except InputError:  # the script has gone on
            return
        by_slot: dict[tuple[int, int], dict[float, float]] = {}
        for (node, slot, move, _), answer in zip(questions, answers, strict=True):
            by_slot.setdefault((node, slot), {})[move] = answer
        for (node, slot), moved in by_slot.items():
            found = slopes_of_moves(float(self.graph.data[node]), moved, self.graph.eps)
            if found is not None:
                self._put(int(start[node]), int(start[node + 1]), slot, found)

    def _put(self, begin: int, end: int, slot: int, found: tuple[float, float, float]) -> None:
        """The slope by an operand, which may stand in several slots, moved together.

        Then nothing tells them apart: where their local gradients add up to it they are right.
        """
        operands, (low, high, error) = self.graph.operands[begin:end], found
        edges = begin + np.flatnonzero(operands == operands[slot])
        self.error[edges] = error
        given = self.graph.local_grads[edges]
        total, room = float(given.sum()), max(self.exact * max(abs(low), abs(high)), error)
        if len(edges) > 1 and low - room <= total <= high + room:
            self.low[edges] = self.high[edges] = given
        else:
            self.low[edges], self.high[edges] = low / len(edges), high / len(edges)

    def _drawn(self, nodes: list[int], first: list[float], second: list[float]) -> set[int]:
        """The nodes of ops that draw anew when they are asked: one that differs tells for all."""
        graph = self.graph
        makers = graph.maker_of if graph.maker_of is not None else np.full(len(graph), -1)

        def op_of(node: int) -> tuple[int, int]:
            return int(graph.op_codes[node]), int(makers[node])

        ops = {
            op_of(node) for node, one, other in zip(nodes, first, second, strict=True)
            if one != other and not (math.isnan(one) and math.isnan(other))
        }  # fmt: skip
        drawn = {node for node in nodes if op_of(node) in ops}
        self.value[list(drawn)] = NodeValue.NOT_REPEATED
        return drawn

    def _numbers(self, node: int) -> list[float]:
        graph = self.graph
        own = slice(int(graph.operand_start[node]), int(graph.operand_start[node + 1]))
        numbers: list[float] = graph.data[graph.operands[own]].tolist()
        return numbers

    def _is_own(self, node: int, now: float) -> bool:
        """Whether its method gives what the node has, so that moving it says something."""
        was = float(self.graph.data[node])
        if now == was or abs(now - was) <= self.exact * max(abs(now), abs(was)):
            if self.value[node] == NodeValue.UNKNOWN:
                self.value[node] = NodeValue.RIGHT
            return True
        if not math.isnan(now):
            twice = self._asked([node, node], [self._numbers(node)] * 2)
            is_repeated = twice[0] == twice[1] == now
            self.value[node] = NodeValue.STALE if is_repeated else NodeValue.NOT_REPEATED
            if is_repeated:
                self.expected[node] = now
        return False

    def _questions(self, nodes: list[int]) -> Iterator[tuple[int, int, float, list[float]]]:
        """Node, slot, move and operands, of everything that is asked."""
        operands = self.graph.operands
        for node in nodes:
            numbers, start = self._numbers(node), int(self.graph.operand_start[node])
            own = operands[start : start + len(numbers)].tolist()
            for slot, number in enumerate(numbers):
                if own.index(own[slot]) != slot:  # the same operand again: moved with the first
                    continue
                step = step_for(self.graph.eps) * max(abs(number), 1.0)
                if number > 0:
                    step = min(step, number / 4)  # a logarithm is not asked below 0
                for part in (1.0, 0.5, 0.25, -0.25, -0.5, -1.0):
                    moved = [n + part * step if o == own[slot] else n
                             for n, o in zip(numbers, own, strict=True)]  # fmt: skip
                    yield node, slot, moved[slot] - number, moved

    def _asked(self, nodes: Sequence[int], operands: Sequence[Sequence[float]]) -> list[float]:
        assert self.methods is not None
        if not nodes:
            return []
        flat = [number for row in operands for number in row]
        return list(self.methods.evaluate(nodes, flat).data)


def _fast(meanings: list[Meaning], name: str, numbers: Floats) -> tuple[Floats, Floats, Floats]:
    """Values, and slopes on both sides, of nodes of one op; sums and products all at once."""
    base = name.lstrip("r")
    if base in {"add", "mul"} and numbers.shape[1] == 2:
        with np.errstate(all="ignore"):
            a, b = numbers.T
            if base == "add":
                return a + b, np.ones_like(numbers), np.ones_like(numbers)
            slopes = numbers[:, ::-1].copy()
            return a * b, slopes, slopes
    rows = [(computed(meaning, row), *slopes_at(meaning, row))
            for meaning, row in zip(meanings, numbers.tolist(), strict=True)]  # fmt: skip
    values = np.array([value for value, _, _ in rows])
    one, other = (np.array([row[i] for row in rows]).reshape(numbers.shape) for i in (1, 2))
    return values, np.minimum(one, other), np.maximum(one, other)
