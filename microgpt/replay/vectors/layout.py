"""`NodeLayout`: nodes laid out in order of creation, in arrays, many alike at a time.

Rows of nodes are laid out at once, such as the dot products of a linear layer, a row each. It knows
no model; `blueprint.py` says what is to be laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from microgpt.autograd.ops import op_code
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.scope_tree import ScopeRange

NO_OPERAND = -1
ROOM = 1 << 16
"""Nodes that there is room for at first."""
AFTER_SUMS = 5
"""Place in its row of what follows on a sum, however many terms that has."""
_WITH_NUMBER = ("add", "mul")
"""The ops that may follow with a constant as their second operand."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Running sums, one a row; only the last sum of each is used by others.

    The first adds a constant 0 to the first term.
    """

    terms: Ints  # Shape: `[row][term]`.
    sums: Ints  # Shape: `[row][term]`.
    factors: tuple[Ints, Ints] | None
    """Of the terms, if these are products that are made for it, each just before its sum. Shape of
    both: `[row][term]`."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Nodes of one op."""

    op: str
    ids: Ints  # Shape: `[k]`.
    exponent: float  # of pow, nan otherwise


@dataclass(frozen=True, slots=True)
class Largest:
    """A `max` leaf: minus the largest of some nodes."""

    node: int
    inputs: Ints


LayoutStep = Chains | Alike | Largest


class NodeLayout:
    """What was laid out so far."""

    def __init__(self, n_leaves: int, kept: Callable[[str], bool] | None = None) -> None:
        """The first nodes are leaves that others describe.

        Args:
            kept: of a scope's path, whether what is laid out in it is wanted. All else is only
                counted, and so are the leaves; if not given, everything is wanted.
        """
        self.size = n_leaves
        self._kept, self._keeps = kept, kept is None
        self._n_kept = 0 if kept else n_leaves
        self.runs: list[tuple[int, int]] = []
        """The ids of what is kept where not everything is, as ranges `[start, stop)`."""
        self.outputs: dict[str, Ints] = {}
        """The last row of each scope, by its path: what others read of it."""
        self.read_elsewhere: list[Ints] = []
        """Kept nodes that are operands of nodes that are not."""
        self._op_codes = np.zeros(ROOM, np.uint8)
        self._operands = np.full((ROOM, 2), NO_OPERAND)
        self._numbers = np.full(ROOM, np.nan)
        self._kinds = np.zeros(ROOM, np.int16)
        self._scope_of = np.zeros(ROOM, np.int64)
        # Where nodes are made, by scope (at any position, layer, head), part of it and place there.
        self.kinds: dict[tuple[str, str, int], int] = {}
        self.scopes = [ScopeRange(0, "", "", -1, 0, 0)]
        self._open = 0  # index of the innermost open scope
        self.steps: list[tuple[int, LayoutStep]] = []
        """What computes the nodes, in order, each with its stage: all that it needs has a lower
        one. Positions go through the same stages."""
        self._stage = 0
        self.names: dict[int, str] = {}  # of nodes that are not leaves

    # Of each node that is kept. Shape: `[node]`, of the operands `[node][2]`.

    @property
    def op_codes(self) -> NDArray[np.uint8]:
        """As in a `Graph`; of the first leaves 0."""
        return self._op_codes[: self._n_kept]

    @property
    def operands(self) -> Ints:
        """In slot order, `NO_OPERAND` where there is none."""
        return self._operands[: self._n_kept]

    @property
    def numbers(self) -> Floats:
        """A constant's number, a pow's exponent, nan elsewhere."""
        return self._numbers[: self._n_kept]

    @property
    def kind_of(self) -> NDArray[np.int16]:
        """One of `kinds`; of the first leaves 0."""
        return self._kinds[: self._n_kept]

    @property
    def scope_of(self) -> Ints:
        """Index of its scope."""
        return self._scope_of[: self._n_kept]

    @contextmanager
    def scope(self, name: str, label: str = "") -> Iterator[None]:
        """What is laid out while it is open lies in it."""
        outer = self.scopes[self._open]
        path = f"{outer.path}/{name}" if outer.path else name
        index = self._open = len(self.scopes)
        self.scopes.append(ScopeRange(index, path, label, outer.index, self.size, self.size))
        kept_outside = self._keeps
        self._keeps = kept_outside or (self._kept is not None and self._kept(path))
        yield
        self._keeps = kept_outside
        self.close(index)
        self._open = outer.index

    def close(self, index: int) -> None:
        """All that was laid out since it was opened lies in the scope."""
        s = self.scopes[index]
        self.scopes[index] = ScopeRange(index, s.path, s.label, s.parent, s.start, self.size)

    def begin_stages(self, first: int = 0) -> None:
        """What is computed from here on goes through the stages after this one."""
        self._stage = first

    # -- rows of nodes -----------------------------------------------------------------------------

    def products(self, part: str, x: Ints, y: Ints, *then: tuple[str, float]) -> Ints:
        """The sum of x * y in each row; returns each row's last node. Shape: `[row][term]` both.

        Args:
            part: tells it apart from other parts of the scope.
            then: what each sum goes through: `("mul", 0.5)`, `("pow", -0.5)`.
        """
        k = x.shape[1]
        if not self._keeps:
            return self._counted(len(x), 2 * k + 1, then, x, y)
        ops = ["mul", "const", "add", *("mul", "add") * (k - 1)]
        ids = self._rows(part, ops, [0, 1, 2, *(3, 4) * (k - 1)], x.shape[0], then)
        terms, sums = ids[:, [0, *range(3, 2 * k + 1, 2)]], ids[:, 2 : 2 * k + 2 : 2]
        operands = self._operands_of(ids)
        for slot, factors in enumerate((x, y)):
            operands[:, 0, slot], operands[:, 3 : 2 * k + 1 : 2, slot] = (
                factors[:, 0],
                factors[:, 1:],
            )
        _sum(operands[:, 2 : 2 * k + 2 : 2], terms, sums, ids[:, 1])
        self._set_numbers(ids[:, 1], 0.0)
        self._step(Chains(terms, sums, (x, y)))
        return self._then(ids[:, 2 * k :], then)

    def sums(self, part: str, terms: Ints, *then: tuple[str, float]) -> Ints:
        """The sum of the terms in each row; see `products`. Shape: `[row][term]`."""
        k = terms.shape[1]
        if not self._keeps:
            return self._counted(len(terms), k + 1, then, terms)
        ids = self._rows(
            part, ["const", *["add"] * k], [0, 1, *[2] * (k - 1)], terms.shape[0], then
        )
        _sum(self._operands_of(ids)[:, 1 : k + 1], terms, ids[:, 1 : k + 1], ids[:, 0])
        self._set_numbers(ids[:, 0], 0.0)
        self._step(Chains(terms, ids[:, 1 : k + 1], None))
        return self._then(ids[:, k:], then)

    def each(
        self, part: str, op: str, a: Ints, b: Ints | None = None, *then: tuple[str, float]
    ) -> Ints:
        """An op of a, or of a and b, in each row; see `products`. Shape: `[row]`."""
        if not self._keeps:
            return self._counted(len(a), 1, then, a, *([] if b is None else [b]))
        ids = self._rows(part, [op], [0], len(a), then)
        self._set_operands(ids[:, 0], a, b)
        self._step(Alike(op, ids[:, 0], np.nan))
        return self._then(ids, then)

    def divided(self, part: str, a: Ints, by: int) -> Ints:
        """In each row a times `by` to the power of -1, which is made in each. Shape: `[row]`."""
        if not self._keeps:
            return self._counted(len(a), 2, (), a, np.array([by]))
        ids = self._rows(part, ["pow", "mul"], [0, 1], len(a), ())
        self._set_operands(ids[:, 0], by)
        self._set_numbers(ids[:, 0], -1.0)
        self._set_operands(ids[:, 1], a, ids[:, 0])
        self._step(Alike("pow", ids[:, 0], -1.0))
        self._step(Alike("mul", ids[:, 1], np.nan))
        return self._read_of(ids[:, 1])

    def largest(self, inputs: Ints) -> Ints:
        """Minus the largest of some nodes, as a leaf. Shape: `[1]`."""
        if not self._keeps:
            return self._counted(1, 1, ())
        ids = self._rows("max", ["max"], [0], 1, ())[:, 0]
        self._step(Largest(int(ids[0]), inputs))
        return ids

    def _then(self, ids: Ints, then: tuple[tuple[str, float], ...]) -> Ints:
        """Ops with a constant, on what the first column has. Shape: `[row][k]`."""
        last, k = ids[:, 0], 1
        for op, number in then:
            if op in _WITH_NUMBER:
                self._set_numbers(ids[:, k], number)
                k += 1
                self._set_operands(ids[:, k], last, ids[:, k - 1])
            else:
                if op == "pow":
                    self._set_numbers(ids[:, k], number)
                self._set_operands(ids[:, k], last)
            self._step(Alike(op, ids[:, k], number if op == "pow" else np.nan))
            last, k = ids[:, k], k + 1
        return self._read_of(last)

    def _read_of(self, ids: Ints) -> Ints:
        if self._kept is not None:
            self.outputs[self.scopes[self._open].path] = ids
        return ids

    # -- what is only counted ----------------------------------------------------------------------

    def _counted(
        self, rows: int, length: int, then: tuple[tuple[str, float], ...], *operands: Ints
    ) -> Ints:
        """Rows of nodes that are not kept; returns each row's last node. Shape: `[row]`."""
        length += sum(2 if op in _WITH_NUMBER else 1 for op, _ in then)
        first = self.size
        self.size += rows * length
        for ids in operands:
            self._note_read(ids)
        return self._read_of(first + length * np.arange(1, rows + 1) - 1)

    def _note_read(self, ids: Ints) -> None:
        if not self.runs or ids.size == 0:
            return
        each = ids[0] if ids.ndim == 2 and ids.strides[0] == 0 else ids  # one row, broadcast
        each = each[(each >= self.runs[0][0]) & (each < self.runs[-1][1])]
        if len(each):
            starts, stops = np.array(self.runs).T
            inside = each < stops[np.searchsorted(starts, each, side="right") - 1]
            if inside.any():
                self.read_elsewhere.append(np.unique(each[inside]))

    # -- what is kept ------------------------------------------------------------------------------

    def _kept_at(self, ids: Ints) -> Ints:
        """Where the nodes that are being made are kept."""
        return ids - (self.size - self._n_kept)

    def _set_numbers(self, ids: Ints, number: float) -> None:
        self._numbers[self._kept_at(ids)] = number

    def _set_operands(self, ids: Ints, a: Ints | int, b: Ints | None = None) -> None:
        at = self._kept_at(ids)
        self._operands[at, 0] = a
        if b is not None:
            self._operands[at, 1] = b

    def _rows(
        self,
        part: str,
        ops: list[str],
        places: list[int],
        rows: int,
        then: tuple[tuple[str, float], ...],
    ) -> Ints:
        """Makes rows of nodes, their operands to be set. Shape of the ids: `[row][op]`.

        Args:
            places: of each op in its row; those that one line of the program makes are one place.
        """
        after = [
            name for op, _ in then for name in (("const", op) if op in _WITH_NUMBER else (op,))
        ]
        ops = ops + after
        places = places + list(range(AFTER_SUMS, AFTER_SUMS + len(after)))
        ids = self.size + np.arange(rows * len(ops)).reshape(rows, len(ops))
        here = slice(self._n_kept, self._n_kept + ids.size)
        self._make_room(here.stop)
        if self._kept is not None:
            self._lengthen_runs(ids.size)
        self.size += ids.size
        self._n_kept += ids.size
        codes = {op: op_code(op) for op in set(ops)}
        self._op_codes[here].reshape(ids.shape)[:] = [codes[op] for op in ops]
        path = self.scopes[self._open].path
        where = "/".join(name.rstrip("0123456789") for name in path.split("/"))
        kinds = [self.kinds.setdefault((where, part, p), len(self.kinds)) for p in places]
        self._kinds[here].reshape(ids.shape)[:] = kinds
        self._scope_of[here] = self._open
        return ids

    def _operands_of(self, ids: Ints) -> Ints:
        """A view of rows of operands. Shape: `[row][op][2]`."""
        first = ids[0, 0] - (self.size - self._n_kept)
        return self._operands[first : first + ids.size].reshape(*ids.shape, 2)

    def _lengthen_runs(self, count: int) -> None:
        start = self.size
        if self.runs and self.runs[-1][1] == start:
            start, _ = self.runs.pop()
        self.runs.append((start, self.size + count))

    def _make_room(self, size: int) -> None:
        if size <= len(self._op_codes):
            return
        more = 2 * size
        for name, empty in (("_op_codes", 0), ("_operands", NO_OPERAND), ("_numbers", np.nan),
                            ("_kinds", 0), ("_scope_of", 0)):  # fmt: skip
            old = getattr(self, name)
            new = np.full((more, *old.shape[1:]), empty, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

    def _step(self, instruction: LayoutStep) -> None:
        self._stage += 1
        self.steps.append((self._stage, instruction))


def _sum(operands: Ints, terms: Ints, sums: Ints, zeros: Ints) -> None:
    """Sets the operands of running sums. Shape: `[row][sum][2]`."""
    operands[:, 0, 0], operands[:, 0, 1] = terms[:, 0], zeros
    operands[:, 1:, 0], operands[:, 1:, 1] = sums[:, :-1], terms[:, 1:]
