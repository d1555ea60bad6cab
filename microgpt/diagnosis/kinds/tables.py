"""Kinds about tables of parameters that are read row by row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from microgpt.diagnosis.definitions import Definitions
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.structure.algebra import Algebra, entry_of
from microgpt.diagnosis.structure.forms import Arithmetic
from microgpt.diagnosis.structure.text_model import texts_of

MOST_TERMS = 8
"""So many tables at most are added up for a token."""
MOST_PASSES = 6
"""So many passes are looked at."""


@dataclass(slots=True)
class _Table:
    """A table that is added to another, over the passes."""

    rows: list[tuple[str, ...]] = field(default_factory=list)  # read in each pass, in order
    beside: list[set[str]] = field(default_factory=list)  # which tables it is added to
    node: int = -1  # one of the sums
    place: int = 0


def _sums_of_tables(algebra: Algebra) -> Iterator[tuple[int, dict[str, tuple[str, str]]]]:
    """Each node that is a sum of numbers of several tables: of each table the row and column."""
    leaves: list[dict[str, int] | None] = [None] * len(algebra.data)
    for leaf, entry in algebra.entries.items():
        leaves[leaf] = {entry.matrix: leaf}
    for node in algebra.graph.forward_order.tolist():
        parts = algebra.parts(node)
        if parts is None or algebra.form[node] != Arithmetic.LINEAR or len(parts) > MOST_TERMS:
            continue
        own: dict[str, int] | None = {}
        for operand, _ in parts:
            below = leaves[operand]
            if own is None or (below is None and not algebra.is_constant[operand]):
                own = None
                break
            if below:
                own = None if own.keys() & below.keys() else own | below
        leaves[node] = own
    for node in algebra.graph.forward_order.tolist():
        mine = leaves[node]
        if not mine or len(mine) < 2 or any(leaves[user] for user in algebra.consumers[node]):
            continue
        found = {matrix: algebra.entries[leaf] for matrix, leaf in mine.items()}
        yield node, {matrix: (entry.row, entry.column) for matrix, entry in found.items()}


def _tables(evidence: Evidence, n: int) -> dict[str, _Table]:
    found: dict[str, _Table] = defaultdict(_Table)
    for place in range(n):
        rows: dict[str, list[str]] = defaultdict(list)
        beside: dict[str, set[str]] = defaultdict(set)
        first: dict[str, str] = {}
        for node, entries in _sums_of_tables(evidence.algebra(place)):
            for table, (row, column) in entries.items():
                if column == first.setdefault(table, column):
                    rows[table].append(row)
                    beside[table] |= entries.keys() - {table}
                if found[table].node < 0:
                    found[table].node, found[table].place = node, place
        for table, own in rows.items():
            found[table].rows.append(tuple(own))
            found[table].beside.append(beside[table])
    return found


def rows_known(evidence: Evidence) -> dict[str, set[str]]:
    """All rows of each table that any graph or update has."""
    names: set[str] = set()
    for seen in evidence.passes:
        names.update(seen.graph.names.values())
    for interval in evidence.intervals:
        names.update(leaf.name for leaf in interval.updates.others)
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        entry = entry_of(name)
        if entry is not None:
            found[entry.matrix].add(entry.row)
    return found


def _position_unused(evidence: Evidence) -> Iterator[Finding]:
    n = min(len(evidence.passes), MOST_PASSES)
    tables = _tables(evidence, n)
    known = rows_known(evidence) if tables else {}
    tells_places = {name for name, table in tables.items() if _tells_places(table)}
    for name, table in tables.items():
        rows = {row for own in table.rows for row in own}
        longest = max(map(len, table.rows), default=0)
        changing = [
            other for other in tables
            if all(other in beside for beside in table.beside)
            and any(len(set(own)) > 1 for own in tables[other].rows)
        ]  # fmt: skip
        n_rows = len(known[name])
        if len(rows) != 1 or longest < 2 or n_rows < 2 or not changing:
            continue
        if longest > n_rows and longest % n_rows:  # of several texts at once it is a multiple
            in_one = _longest_text(evidence, table.place, changing)
            if not 1 < in_one <= n_rows:
                continue
        if tells_places - {*changing[:1]} or len(table.rows) < n:
            continue
        seen = evidence.passes[table.place]
        line = _line_of_row(evidence, name, seen.graph.line(table.node))
        row = next(iter(rows))
        yield Finding(
            kind="position-unused", certainty="likely", mend="",
            what=f"of {name}, which has {n_rows} rows, row {row} alone is read, at each "
            f"of {longest} places and in {len(table.rows)} passes, where the rows of {changing[0]} "
            "change: positions are not told apart",
            place=line, nodes=(table.node,),
            pass_number=seen.number, unless="its rows do not stand for positions",
        )  # fmt: skip
        return


def _longest_text(evidence: Evidence, place: int, tables: list[str]) -> int:
    """How many rows of some tables a pass reads for its longest text; 0 where that is not known."""
    model = evidence.text_model(place)
    texts = [text for readings in model.readings if readings.by_row and readings.table in tables
             for text in texts_of(model.reached_by(readings))]  # fmt: skip
    return max((len(places) for _, places in texts), default=0)


def _tells_places(table: _Table) -> bool:
    """Whether another row is read at each place, the same ones in each pass, as of positions."""
    longest = max(table.rows, key=len, default=())
    return len(longest) > 1 and len(set(longest)) == len(longest) and all(
        longest[: len(own)] == own for own in table.rows
    ) and len(set(table.rows)) > 1  # fmt: skip


def _line_of_row(evidence: Evidence, table: str, near: SourcePlace | None) -> SourcePlace | None:
    """Where a row of a table is chosen: the place that reads it nearest before its sum."""
    words = re.findall(r"\w+", table)
    if near is None or not words:
        return near
    lines = Definitions(evidence.program, near[0]).readings_of(words[-1])
    before = [line for line in lines if line <= near[1]]
    return (near[0], max(before)) if before else near


KINDS = (
    FaultKind("position-unused", "reads one row of a table of positions at all of them",
         "read the row of the position", _position_unused, frozenset({"future-leak"})),
)  # fmt: skip
