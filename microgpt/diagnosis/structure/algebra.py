"""What a node is a sum of, and which parameters are multiplied with what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.structure.forms import Arithmetic, Forms, forms_of

PRODUCTS = (Arithmetic.PRODUCT, Arithmetic.DOT, Arithmetic.PAIRS)
MOST_STEPS = 20_000
"""So many nodes are looked at to find what one is a sum of."""
MOST_SHIFTS = 4
"""So many numbers may be added to a score before its softmax."""
INDICES = re.compile(r"\[([^\]]*)\]")


class Sum(NamedTuple):
    """A node as a sum: each of `terms` times its factor, and a number."""

    terms: dict[int, float]
    constant: float


class Entry(NamedTuple):
    """Where a parameter stands."""

    matrix: str
    row: str
    column: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A weighted sum: a row, or a column, of a matrix of parameters times other nodes."""

    matrix: str
    key: str  # of the row, or column
    by_row: bool
    top: int  # the node that is the whole sum
    inputs: frozenset[int]  # constants, which may be made anew for each, by minus a number
    width: int


def entry_of(name: str) -> Entry | None:
    """Where a parameter stands by its name; None if it is in no matrix.

    >>> entry_of("layers[0].w[3][7]")
    Entry(matrix='layers[0].w', row='3', column='7')
    >>> entry_of("layers[0].neurons[2].w[1]")
    Entry(matrix='layers[0].neurons.w', row='2', column='1')
    >>> entry_of("bias[2]") is None
    True
    """
    places = list(INDICES.finditer(name))
    if len(places) < 2 or not name.endswith("]"):
        return None
    row, column = places[-2:]
    matrix = name[: row.start()] + name[row.end() : column.start()]
    return Entry(matrix, row[1], column[1])


class Algebra:
    """Of one pass.

    Args:
        seen: the pass.
        parameters: the leaves that are parameters. Shape: `[node]`.
    """

    def __init__(self, seen: PassEvidence, parameters: NDArray[np.bool_]) -> None:
        self.seen, self.graph = seen, seen.graph
        self.is_parameter = parameters
        self.start: list[int] = seen.graph.operand_start.tolist()
        self.operands: list[int] = seen.graph.operands.tolist()
        self.slopes: list[float] = seen.slopes.tolist()
        self.data: list[float] = seen.graph.data.tolist()

    @cached_property
    def forms(self) -> Forms:
        """What each node does."""
        return forms_of(self.graph, self.seen.slopes)

    @cached_property
    def form(self) -> list[int]:
        """The same, as a list."""
        found: list[int] = self.forms.of.tolist()
        return found

    @cached_property
    def is_constant(self) -> list[bool]:
        """The nodes that no parameter is in: inputs, and what is made of them. Shape: `[node]`."""
        found: list[bool] = (~self.seen.above(self.is_parameter)).tolist()
        return found

    @cached_property
    def consumers(self) -> list[list[int]]:
        """Who uses each node by a slope that is not 0, once each."""
        found: list[list[int]] = [[] for _ in self.data]
        for node in self.graph.forward_order.tolist():
            for edge in range(self.start[node], self.start[node + 1]):
                mine = found[self.operands[edge]]
                if self.slopes[edge] != 0 and (not mine or mine[-1] != node):
                    mine.append(node)
        return found

    # -- sums --------------------------------------------------------------------------------------

    def sum_of(self, node: int) -> Sum:
        """What a node is a sum of, through all that is linear in one operand.

        Of more than `MOST_STEPS` steps the rest stays as it is.
        """
        terms: dict[int, float] = defaultdict(float)
        constant, steps = 0.0, 0
        waiting = [(node, 1.0)]
        while waiting:
            at, factor = waiting.pop()
            steps += 1
            if self.is_constant[at]:
                constant += factor * self.data[at]
                continue
            parts = self.parts(at) if steps < MOST_STEPS else None
            if parts is None:
                terms[at] += factor
                continue
            for operand, slope in parts:
                waiting.append((operand, factor * slope))
            if self.form[at] == Arithmetic.LINEAR:
                rest = self.data[at] - sum(s * self.data[o] for o, s in parts)
                if abs(rest) > 1e-12 * max(abs(self.data[at]), abs(rest), 1e-300):
                    constant += factor * rest
        return Sum({at: f for at, f in terms.items() if f != 0}, constant)

    def parts(self, node: int) -> list[tuple[int, float]] | None:
        """The operands of a node that is linear in them, with their factors; None of another."""
        begin, end = self.start[node], self.start[node + 1]
        form = self.form[node]
        if form == Arithmetic.LINEAR:
            return [
                (self.operands[e], self.slopes[e]) for e in range(begin, end) if self.slopes[e] != 0
            ]
        if form in (Arithmetic.PRODUCT, Arithmetic.QUOTIENT):
            a, b = self.operands[begin : begin + 2]
            if self.is_constant[b] and not self.is_constant[a]:
                return [(a, self.slopes[begin])]
            if form == Arithmetic.PRODUCT and self.is_constant[a] and not self.is_constant[b]:
                return [(b, self.slopes[begin + 1])]
        return None

    def products(self, node: int) -> list[tuple[int, int]] | None:
        """The pairs of operands that a node multiplies and adds up; None of another node."""
        begin, end = self.start[node], self.start[node + 1]
        form = self.form[node]
        if form == Arithmetic.PRODUCT:
            return [(self.operands[begin], self.operands[begin + 1])]
        if form == Arithmetic.DOT:
            half = (end - begin) // 2
            return [(self.operands[e], self.operands[e + half]) for e in range(begin, begin + half)]
        if form == Arithmetic.PAIRS:
            return [(self.operands[e], self.operands[e + 1]) for e in range(begin, end - 1, 2)]
        return None

    # -- parameters --------------------------------------------------------------------------------

    @cached_property
    def entries(self) -> dict[int, Entry]:
        """Where each parameter stands that is in a matrix."""
        found = {}
        for node, name in self.graph.names.items():
            if self.is_parameter[node] and (entry := entry_of(name)) is not None:
                found[node] = entry
        return found

    @cached_property
    def tops(self) -> list[int]:
        """Of each node the sum that it goes into, and only into; itself if there is none."""
        top = list(range(len(self.data)))
        for node in range(len(top) - 1, -1, -1):
            users = self.consumers[node]
            if len(users) == 1 and self.form[users[0]] == Arithmetic.LINEAR:
                top[node] = top[users[0]]
        return top

    @cached_property
    def units(self) -> list[Unit]:
        """All weighted sums, in order."""
        used: dict[tuple[str, int], list[tuple[Entry, int]]] = defaultdict(list)
        for node in self.forms.nodes(*PRODUCTS).tolist():
            for a, b in self.products(node) or ():
                for p, x in ((a, b), (b, a)):
                    entry = self.entries.get(p)
                    if entry is not None and self._is_other(entry, x):
                        used[entry.matrix, self.tops[node]].append((entry, x))
        found = []
        numbers: dict[tuple[float, str], int] = {}
        for (matrix, top), pairs in used.items():
            rows, columns = {e.row for e, _ in pairs}, {e.column for e, _ in pairs}
            if min(len(rows), len(columns)) > 1:
                continue
            by_row = len(rows) == 1 and (len(columns) > 1 or self._is_by_row[matrix])
            key = next(iter(rows if by_row else columns))
            inputs = frozenset(
                numbers.setdefault((self.data[x], e.column if by_row else e.row), -1 - len(numbers))
                if self.is_constant[x] else x
                for e, x in pairs
            )  # fmt: skip
            if len(inputs) != len(pairs):
                continue
            found.append(Unit(matrix, key, by_row, top, inputs, len(pairs)))
        return sorted(found, key=lambda unit: unit.top)

    def _is_other(self, entry: Entry, node: int) -> bool:
        """Whether a node is no number of the same matrix."""
        other = self.entries.get(node)
        return other is None or other.matrix != entry.matrix

    @cached_property
    def _is_by_row(self) -> dict[str, bool]:
        """Of matrices with one number in each row: whether rows are what a unit has."""
        rows: dict[str, set[str]] = defaultdict(set)
        columns: dict[str, set[str]] = defaultdict(set)
        for entry in self.entries.values():
            rows[entry.matrix].add(entry.row)
            columns[entry.matrix].add(entry.column)
        return {matrix: len(columns[matrix]) <= len(rows[matrix]) for matrix in rows}

    @cached_property
    def has_parameters_above(self) -> list[bool]:
        """Whether what is made of a node is multiplied with a matrix's parameters."""
        above = [False] * len(self.data)
        for node in range(len(above) - 1, -1, -1):
            for user in self.consumers[node]:
                if above[user] or self._multiplies[user]:
                    above[node] = True
                    break
        return above

    @cached_property
    def _multiplies(self) -> list[bool]:
        found = [False] * len(self.data)
        for node in self.graph.forward_order.tolist():
            if self.form[node] not in (Arithmetic.LINEAR, Arithmetic.LEAF):
                inside = self.operands[self.start[node] : self.start[node + 1]]
                found[node] = any(o in self.entries for o in inside)
        return found

    def score_of(self, node: int, among: Container[int]) -> int:
        """The first of some nodes that a node is, but for numbers added; else the node itself."""
        at = node
        for _ in range(MOST_SHIFTS):
            if at in among:
                return at
            linear = [user for user in self.consumers[at] if self.parts(user) is not None]
            if not linear:
                break
            at = linear[0]
        return node
