"""Blocks of a residual network: whose results are added to a stream, and whose replace it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from microgpt.diagnosis.structure.algebra import PRODUCTS, Algebra
from microgpt.diagnosis.structure.forms import Arithmetic

MOST_UP = 6
"""So many functions of one number may lie between a weighted sum and where it is added."""


@dataclass(frozen=True, slots=True)
class Join:
    """Where a weighted sum, or a function of it, is added to something computed."""

    node: int  # the addition
    factor: float  # what the other is multiplied with on the way
    is_same: bool  # whether the other is the weighted sum itself
    stream: int  # the other


class Blocks:
    """Of one pass."""

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra

    @cached_property
    def _matrix_of(self) -> list[int]:
        """Which matrix's weighted sum each node is, or is a part of; -1 for none."""
        algebra = self.algebra
        numbers: dict[str, int] = {}
        found = [-1] * len(algebra.data)
        for node in algebra.graph.forward_order.tolist():
            pairs = algebra.products(node)
            if pairs is not None:
                own = {algebra.entries[p].matrix for pair in pairs for p in pair
                       if p in algebra.entries}  # fmt: skip
                if len(own) == 1:
                    (matrix,) = own
                    found[node] = numbers.setdefault(matrix, len(numbers))
                continue
            parts = algebra.parts(node)
            if parts is None:
                continue
            inner = [operand for operand, _ in parts if algebra.form[operand] != Arithmetic.LEAF]
            inside = {found[operand] for operand in inner}
            is_sole = all(len(algebra.consumers[operand]) == 1 for operand in inner)
            if len(inside) == 1 and is_sole and len(set(inner)) == len(inner):
                (found[node],) = inside
        self.names = list(numbers)
        return found

    @cached_property
    def sums(self) -> dict[int, list[int]]:
        """Of each matrix its weighted sums."""
        found: dict[int, list[int]] = defaultdict(list)
        of = self._matrix_of
        for node in self.algebra.graph.forward_order.tolist():
            if of[node] >= 0 and not any(of[u] == of[node] for u in self.algebra.consumers[node]):
                found[of[node]].append(node)
        return found

    @cached_property
    def joins(self) -> dict[int, list[Join]]:
        """Of each matrix where its sums are added to something computed, or to themselves."""
        found: dict[int, list[Join]] = defaultdict(list)
        for matrix, sums in self.sums.items():
            for node in sums:
                join = self._join(node, matrix)
                if join is None:
                    continue
                if not join.is_same and not found[matrix] and not self._is_made_of(node, join):
                    break  # the loss of one example is added to that of others, say
                found[matrix].append(join)
        return {matrix: joins for matrix, joins in found.items() if joins}

    def _is_made_of(self, node: int, join: Join) -> bool:
        """Whether a weighted sum is made of what it is added to."""
        algebra = self.algebra
        waiting, seen = [node], {node}
        while waiting:
            at = waiting.pop()
            if at == join.stream:
                return True
            for edge in range(algebra.start[at], algebra.start[at + 1]):
                operand = algebra.operands[edge]
                if operand >= join.stream and operand not in seen:
                    seen.add(operand)
                    waiting.append(operand)
        return False

    def _join(self, node: int, matrix: int) -> Join | None:
        algebra, at = self.algebra, node
        for _ in range(MOST_UP):
            users = algebra.consumers[at]
            if len(users) != 1:
                return None
            user = users[0]
            parts = algebra.parts(user)
            begin, end = algebra.start[user], algebra.start[user + 1]
            inner = [o for o, _ in parts or () if self._flows(o, matrix)]
            if parts is not None and len(inner) > 1:
                if set(inner) == {at}:
                    return Join(user, 0.0, is_same=True, stream=at)
                return self._added(user, [(o, s) for o, s in parts if o != at], matrix)
            if end - begin > 1 and parts is None:
                return None
            at = user
        return None

    def _added(self, node: int, rest: list[tuple[int, float]], matrix: int) -> Join | None:
        """The stream that a sum is added to, if that is no other matrix's weighted sum alone."""
        algebra, of = self.algebra, self._matrix_of
        factors: dict[int, float] = defaultdict(float)
        for operand, slope in rest:
            inner, factor = operand, slope
            parts = algebra.parts(operand)
            same = {o for o, _ in parts or ()}
            alone = len(algebra.consumers[operand]) == 1
            if parts is not None and alone and len(same) == 1 and len(parts) > 1:
                (inner,), factor = same, slope * sum(s for _, s in parts)
            if self._flows(inner, matrix):
                factors[inner] += factor
        if len(factors) != 1:
            return None
        ((stream, factor),) = factors.items()
        if of[stream] >= 0 and of[stream] != matrix and not self.joins_at(stream):
            # `W x + U h` has no stream, unless the first block adds to a projection of what is read
            return None if len(algebra.consumers[stream]) < 2 else Join(node, factor, False, stream)
        return Join(node, factor, False, stream)

    def _flows(self, node: int, matrix: int) -> bool:
        """Whether a node is computed, or is what the matrix reads: an input of the first block."""
        is_computed = self.algebra.form[node] != Arithmetic.LEAF
        return is_computed or node in self._inputs.get(matrix, ())

    @cached_property
    def _inputs(self) -> dict[int, set[int]]:
        """Of each matrix what it is multiplied with."""
        numbers = {name: number for number, name in enumerate(self.names)}
        found: dict[int, set[int]] = defaultdict(set)
        entries = self.algebra.entries
        for node in self.algebra.forms.nodes(*PRODUCTS).tolist():
            for a, b in self.algebra.products(node) or ():
                for parameter, other in ((a, b), (b, a)):
                    matrix = entries[parameter].matrix if parameter in entries else ""
                    if matrix in numbers:
                        found[numbers[matrix]].add(other)
        return found

    def joins_at(self, node: int) -> bool:
        """Whether a node is an addition of two computed things."""
        parts = self.algebra.parts(node)
        return sum(self.algebra.form[o] != Arithmetic.LEAF for o, _ in parts or ()) > 1

    @cached_property
    def width(self) -> dict[int, int]:
        """Of each matrix how many sums it makes of one input."""
        counts: dict[int, set[str]] = defaultdict(set)
        numbers = {name: number for number, name in enumerate(self.names)}
        for unit in self.algebra.units:
            if unit.matrix in numbers:
                counts[numbers[unit.matrix]].add(unit.key)
        return {matrix: len(keys) for matrix, keys in counts.items()}

    @cached_property
    def inputs_width(self) -> dict[int, int]:
        """Of each matrix how many numbers it is multiplied with at once."""
        numbers = {name: number for number, name in enumerate(self.names)}
        return {numbers[u.matrix]: u.width for u in self.algebra.units if u.matrix in numbers}

    @cached_property
    def only_ways(self) -> list[int]:
        """The matrices through whose sums all goes that was computed before, in order."""
        algebra = self.algebra
        of, sums = self._matrix_of, self.sums
        is_sum = [0] * len(algebra.data)
        for matrix, nodes in sums.items():
            for node in nodes:
                is_sum[node] = 1 << matrix
        past, below = [0] * len(of), [0] * len(of)
        past[algebra.graph.root] = (1 << len(self.names)) - 1
        open_ways = 0
        is_inner = [form != Arithmetic.LEAF for form in algebra.form]
        for node in range(len(of) - 1, -1, -1):
            for user in algebra.consumers[node]:
                past[node] |= past[user] & ~is_sum[user]
                below[node] |= below[user] | is_sum[user]
            if is_inner[node]:
                open_ways |= past[node] & below[node]
        return [m for m in sorted(sums, key=lambda m: sums[m][0]) if not open_ways >> m & 1]
