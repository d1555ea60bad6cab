"""What of a text a pass reads and scores: which rows of a table, in which order, and which targets.

A reading is known by the nodes that take a row's numbers, so that equal tokens, which share their
leaves, are told apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import cos, gcd, log2

from microgpt.diagnosis.structure.algebra import Algebra, Unit
from microgpt.diagnosis.structure.forms import Arithmetic

MOST_READINGS = 5_000
"""Of a table at one line; more are no text's."""
ENOUGH_BITS = 5.0
"""So much must the order of tokens tell until it is no accident that a text is scored by it."""
ADDS_UP = 1e-6
"""The slopes of a softmax's loss by its scores add up to 0 within this part of their sizes."""


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """The scores of one position, of which the loss wants one to be large."""

    target: str  # key of the row of the output's matrix
    tops: tuple[int, ...]  # the scores
    top: int  # the target's
    matrix: str


@dataclass(frozen=True, slots=True)
class TokenReading:
    """One row of a table as it is read at one place."""

    key: str
    users: tuple[int, ...]  # the nodes that take its numbers
    edges: tuple[int, ...]  # from those to these


@dataclass(frozen=True, slots=True)
class Readings:
    """All that one line reads of a table, in order."""

    table: str
    line: int  # place in the graph's `source_lines`, -1 for none
    by_row: bool
    all: tuple[TokenReading, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The rows that are read."""
        return tuple(reading.key for reading in self.all)


class TextModel:
    """Of one pass."""

    def __init__(self, algebra: Algebra) -> None:
        self.algebra = algebra

    # -- what is scored ----------------------------------------------------------------------------

    @cached_property
    def output_rows(self) -> list[dict[str, Unit]]:
        """The units of the last layers: those of one input by the rows of their matrix."""
        algebra = self.algebra
        rows: dict[tuple[str, frozenset[int], int], dict[str, Unit]] = defaultdict(dict)
        often: Counter[tuple[str, frozenset[int], str]] = Counter()
        for unit in algebra.units:
            if not algebra.has_parameters_above[unit.top]:
                which = (unit.matrix, unit.inputs, unit.key)  # equal tokens may share their inputs
                rows[unit.matrix, unit.inputs, often[which]][unit.key] = unit
                often[which] += 1
        return [units for units in rows.values() if len(units) > 1]

    @cached_property
    def scored(self) -> tuple[ScoredRow, ...]:
        """The rows of scores that the loss reads, in order."""
        grad = self.algebra.seen.true_grad
        found = []
        for units in self.output_rows:
            tops = [unit.top for unit in units.values()]
            slopes = {key: float(grad[unit.top]) for key, unit in units.items()}
            size = sum(map(abs, slopes.values()))
            if len(set(tops)) < len(tops) or not 0 < size < float("inf"):
                continue
            if abs(sum(slopes.values())) > ADDS_UP * size:
                continue
            target = max(slopes, key=lambda key: (abs(slopes[key]), -slopes[key]))
            if len(slopes) == 2:
                target = min(slopes, key=lambda key: slopes[key])
            unit = units[target]
            found.append(ScoredRow(target, tuple(tops), unit.top, unit.matrix))
        return tuple(sorted(found, key=lambda row: min(row.tops)))

    # -- what is read ------------------------------------------------------------------------------

    @cached_property
    def readings(self) -> tuple[Readings, ...]:
        """All that may be readings of a text: rows of a table that a line reads one by one."""
        algebra, graph = self.algebra, self.algebra.graph
        scoring = {row.matrix for row in self.scored}
        keys = {unit.key for units in self.output_rows for unit in units.values()
                if unit.matrix in scoring}  # fmt: skip
        uses: dict[tuple[str, int, int], list[tuple[int, int, int]]] = defaultdict(list)
        tables: dict[str, set[str]] = defaultdict(set)
        for entry in algebra.entries.values():
            tables[entry.matrix].update((entry.row, entry.column))
        wanted = {matrix for matrix, own in tables.items() if len(own & keys) > 1}
        lines, codes = graph.line_of.tolist(), graph.op_codes.tolist()
        for user in graph.forward_order.tolist():
            for edge in range(algebra.start[user], algebra.start[user + 1]):
                leaf = algebra.operands[edge]
                own_place = algebra.entries.get(leaf)
                if own_place is None or own_place.matrix not in wanted or not algebra.slopes[edge]:
                    continue
                if not self._is_weight(user, leaf):
                    uses[own_place.matrix, lines[user], codes[user]].append((user, edge, leaf))
        found: list[Readings] = []
        for (matrix, line, _), taken in uses.items():
            for by_row in (True, False):
                found += self._readings(matrix, line, taken, by_row=by_row)
        return tuple(found)

    def _is_weight(self, user: int, leaf: int) -> bool:
        """Whether a node multiplies a parameter with something computed, or makes a score of it."""
        algebra = self.algebra
        pairs = algebra.products(user)
        if pairs is None:
            return False
        if algebra.entries[leaf].matrix in self._scoring.get(algebra.tops[user], ()):
            return True
        others = (a if b == leaf else b for a, b in pairs if leaf in (a, b))
        return any(algebra.form[other] != Arithmetic.LEAF for other in others)

    @cached_property
    def _scoring(self) -> dict[int, set[str]]:
        """The matrices whose units each scored node is."""
        found: dict[int, set[str]] = defaultdict(set)
        for row in self.scored:
            for top in row.tops:
                found[top].add(row.matrix)
        return found

    def _readings(
        self, matrix: str, line: int, uses: list[tuple[int, int, int]], *, by_row: bool
    ) -> Iterator[Readings]:
        """The uses of a table's rows, or columns, put together to readings, however that fits."""
        entries = self.algebra.entries
        by_leaf: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for user, edge, leaf in uses:
            if not by_leaf[leaf] or by_leaf[leaf][-1][0] != user:
                by_leaf[leaf].append((user, edge))
        by_key: dict[str, list[int]] = defaultdict(list)
        for leaf in by_leaf:
            by_key[entries[leaf].row if by_row else entries[leaf].column].append(leaf)
        counts = {key: {len(by_leaf[leaf]) for leaf in leaves} for key, leaves in by_key.items()}
        if any(len(own) > 1 for own in counts.values()):
            return
        often = {key: next(iter(own)) for key, own in counts.items()}
        if sum(often.values()) > MOST_READINGS or len(often) < 2:
            return
        shared = gcd(*often.values())
        for at_once in [n for n in range(1, shared + 1) if shared % n == 0]:
            found = []
            for key, leaves in by_key.items():
                for begin in range(0, often[key], at_once):
                    end = begin + at_once
                    part = [use for leaf in leaves for use in by_leaf[leaf][begin:end]]
                    users, edges = zip(*part, strict=True)
                    found.append(TokenReading(key, users, edges))
            found.sort(key=lambda reading: min(reading.users))
            yield Readings(matrix, line, by_row, tuple(found))

    # -- who depends on what -----------------------------------------------------------------------

    def reached_by(self, readings: Readings) -> list[int]:
        """Which readings each scored row depends on, as bits, by ways of slopes that are not 0."""
        first: dict[int, int] = defaultdict(int)
        for place, reading in enumerate(readings.all):
            for user in reading.users:
                first[user] |= 1 << place
        reached = self.spread(first)
        found = []
        for row in self.scored:
            bits = 0
            for top in row.tops:
                bits |= reached[top]
            found.append(bits)
        return found

    def spread(self, first: dict[int, int]) -> list[int]:
        """Bits of some nodes handed on to all that depends on them."""
        algebra = self.algebra
        start, operands, slopes = algebra.start, algebra.operands, algebra.slopes
        reached = [0] * len(start)
        for node, bits in first.items():
            reached[node] = bits
        for node in algebra.graph.forward_order.tolist():
            bits = reached[node]
            for edge in range(start[node], start[node + 1]):
                below = reached[operands[edge]]
                if below and slopes[edge] != 0:
                    bits |= below
            reached[node] = bits
        return reached

    def leads_to(self, tops: tuple[int, ...]) -> list[bool]:
        """The nodes that some nodes depend on, these included, by slopes that are not 0."""
        algebra = self.algebra
        start, operands, slopes = algebra.start, algebra.operands, algebra.slopes
        found = [False] * (len(start) - 1)
        for top in tops:
            found[top] = True
        for node in range(max(tops), -1, -1):
            if found[node]:
                for edge in range(start[node], start[node + 1]):
                    if slopes[edge] != 0:
                        found[operands[edge]] = True
        return found

    def derivative(
        self, edges: tuple[int, ...], tops: tuple[int, ...]
    ) -> tuple[list[float], list[float]]:
        """The slopes of nodes by what goes through some edges, and the sizes of their shares.

        The operand of the k-th edge is moved by the cosine of k, so that no two are alike.
        """
        algebra = self.algebra
        start, operands, slopes = algebra.start, algebra.operands, algebra.slopes
        moved, sizes = [0.0] * len(algebra.data), [0.0] * len(algebra.data)
        pushed = {edge: cos(k) for k, edge in enumerate(edges)}
        for node in algebra.graph.forward_order.tolist():
            by, size = 0.0, 0.0
            for edge in range(start[node], start[node + 1]):
                slope = slopes[edge]
                push = pushed.get(edge, 0.0)
                below, below_size = moved[operands[edge]] + push, sizes[operands[edge]] + abs(push)
                if below_size and slope:
                    by += slope * below
                    size += abs(slope) * below_size
            moved[node], sizes[node] = by, size
        return [moved[top] for top in tops], [sizes[top] for top in tops]


def bits_of(keys: list[str]) -> float:
    """How much it tells that so many keys were right."""
    return len(keys) * log2(max(len(set(keys)), 1)) if len(set(keys)) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Order:
    """Readings beside the scored rows that they lead to."""

    readings: Readings
    own: dict[int, int]  # of a scored row the place of its own reading
    following: dict[int, int]  # and of the one after it, where there is one
    reached: tuple[int, ...]  # which readings each scored row depends on, as bits
    in_texts: bool  # whether several scored rows share readings
    n_right: int  # targets that are the key of the following reading
    n_same: int  # those that are the key of their own
    n_following: int  # all that have one
    told: tuple[str, ...]  # the targets of these


def orders_of(model: TextModel) -> Iterator[Order]:
    """In which orders a pass may read a text whose tokens it scores."""
    targets = [row.target for row in model.scored]
    if len(targets) < 2 or len(set(targets)) < 2:
        return
    for readings in model.readings:
        if len(readings.all) < len(targets) or not _may_fit(readings.keys, targets):
            continue
        reached = model.reached_by(readings)
        texts = texts_of(reached)
        if any(len(outputs) > 1 for outputs, _ in texts):
            yield from _in_texts(readings, reached, texts, targets)
        else:
            yield from _alone(readings, reached, texts, targets)


def _may_fit(keys: tuple[str, ...], targets: list[str]) -> bool:
    """Whether half of the targets are in the readings in their order, whatever lies between."""
    at, found = 0, 0
    for target in targets:
        later = next((i for i in range(at, len(keys)) if keys[i] == target), None)
        if later is not None:
            at, found = later + 1, found + 1
    return 2 * found >= len(targets) or set(keys) >= set(targets)


def texts_of(reached: list[int]) -> list[tuple[list[int], list[int]]]:
    """Scored rows that share readings, together with all of these, in order."""
    groups: list[tuple[int, list[int]]] = []
    for output, bits in enumerate(reached):
        if not bits:
            continue
        shared, outputs, rest = bits, [output], []
        for other in groups:
            if other[0] & shared:
                shared, outputs = shared | other[0], [*other[1], *outputs]
            else:
                rest.append(other)
        groups = [*rest, (shared, outputs)]
    return sorted((sorted(outputs), _places(bits)) for bits, outputs in groups)


def _places(bits: int) -> list[int]:
    return [place for place in range(bits.bit_length()) if bits >> place & 1]


def _in_texts(
    readings: Readings, reached: list[int], texts: list[tuple[list[int], list[int]]],
    targets: list[str],
) -> Iterator[Order]:  # fmt: skip
    """Each text's rows stand one after the other; it may begin anywhere in what it reads."""
    keys = readings.keys
    most = max(len(places) - len(outputs) for outputs, places in texts)
    for from_end in (False, True) if most > 0 else (False,):
        for offset in range(min(most, 64) + 1):
            own: dict[int, int] = {}
            following: dict[int, int] = {}
            for outputs, places in texts:
                spare = len(places) - len(outputs)
                begin = spare - offset if from_end else offset
                if not 0 <= begin <= spare:
                    continue
                for i, output in enumerate(outputs):
                    own[output] = places[begin + i]
                    if begin + i + 1 < len(places):
                        following[output] = places[begin + i + 1]
            yield _order(readings, keys, own, following, reached, targets, in_texts=True)


def _alone(
    readings: Readings, reached: list[int], texts: list[tuple[list[int], list[int]]],
    targets: list[str],
) -> Iterator[Order]:  # fmt: skip
    """Each row has readings of its own, equally many: slots of a window."""
    widths = {len(places) for _, places in texts}
    if len(widths) != 1:
        return
    (width,) = widths
    for slot in range(width):
        own = {outputs[0]: places[slot] for outputs, places in texts}
        following = {a[0][0]: b[1][slot] for a, b in pairwise(texts)}
        yield _order(readings, readings.keys, own, following, reached, targets, in_texts=False)


def _order(
    readings: Readings, keys: tuple[str, ...], own: dict[int, int], following: dict[int, int],
    reached: list[int], targets: list[str], *, in_texts: bool,
) -> Order:  # fmt: skip
    return Order(
        readings, own, following, tuple(reached), in_texts,
        n_right=sum(keys[place] == targets[output] for output, place in following.items()),
        n_same=sum(keys[place] == targets[output] for output, place in own.items()),
        n_following=len(following),
        told=tuple(targets[output] for output in following),
    )  # fmt: skip
