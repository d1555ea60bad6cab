"""Of parameters that updates write to and no pass reads."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, matrix_of
from microgpt.diagnosis.kinds.telling import finding_between, writes_to_parameters
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.update_lines import line_that_names
from microgpt.graph.debuggee import LeafUpdate, LeafWrite

PLACES = re.compile(r"\[(\d+)\]")
ROW = re.compile(r"\w+\[\d+\]")
TABLE = 8
"""So many groups of one line are the rows of a table, of which a text need not read all."""


def _not_in_graph(evidence: Evidence) -> Iterator[Finding]:
    """A whole matrix that updates write to, and that is in no pass's graph."""
    in_graphs: set[str] = set()
    own = _own_matrix(evidence)
    made: dict[SourcePlace | None, set[str]] = defaultdict(set)  # rows read, by where they are made
    for seen in evidence.passes:
        in_graphs |= {own(name) for name in seen.graph.names.values()}
        for leaf in seen.leaves.tolist():
            made[seen.graph.line(leaf)] |= _row(seen.graph.names.get(leaf, ""), f"#{leaf}")
    groups: dict[str, list[tuple[Interval, LeafUpdate, LeafWrite]]] = defaultdict(list)
    for interval in evidence.intervals:
        n = len(interval.updates.leaves)
        moves = any(not write.is_grad for write in interval.updates.writes)
        for write in writes_to_parameters(evidence, interval):
            if write.leaf >= n and not (write.is_grad and moves):  # or it may be another model's
                leaf = interval.updates.others[write.leaf - n]
                is_entry = bool(_row(leaf.name, "#")) and len(made.get(leaf.made, ())) >= TABLE
                if leaf.node is None and leaf.grad == 0 and not is_entry:
                    groups[own(leaf.name)].append((interval, leaf, write))
    for group, rows in groups.items():
        intervals = {interval.after for interval, _, _ in rows}
        if group in in_graphs or len(intervals) < len(evidence.intervals):
            continue
        interval, leaf, write = rows[0]
        done = "zeroed" if write.is_grad else "updated"
        line = leaf.made
        if line is not None:
            line = line_that_names(evidence.program, line, leaf.name) or line
        what = (
            f"{group or 'a parameter'} is {done} with the others, and is in the graph of none of "
            f"the {len(evidence.passes)} passes: the loss does not use it"
        )
        yield finding_between(
            evidence, interval, "not-in-graph", "certain", what, line or write.line,
            was=leaf.after, spoils=len({row[1].name for row in rows}),
        )  # fmt: skip


def _row(name: str, unnamed: str) -> set[str]:
    """The row of a table that a number may be of, as of one that is kept by letters; or none."""
    if not name:
        return {unnamed}
    return {name.partition("[")[0]} if ROW.fullmatch(name) else set()


def _own_matrix(evidence: Evidence) -> Callable[[str], str]:
    """What tells of a name which matrix it is of: of a list of matrices of several shapes its own.

    Matrices of one shape in a list may be alternatives, of which a pass reads some.
    """
    shapes: dict[str, dict[str, tuple[int, ...]]] = defaultdict(dict)
    names = {name for seen in evidence.passes for name in seen.graph.names.values()}
    names |= {leaf.name for interval in evidence.intervals for leaf in interval.updates.others}
    for name in names:
        places = [int(n) for n in PLACES.findall(name[len(matrix_of(name)) :])]
        if len(places) > 2:
            listed = f"{matrix_of(name)}[{places[0]}]"
            old = shapes[matrix_of(name)].get(listed, (0,) * (len(places) - 1))
            shapes[matrix_of(name)][listed] = tuple(map(max, old, places[1:]))
    mixed = {group for group, each in shapes.items() if len(set(each.values())) > 1}

    def own(name: str) -> str:
        group = matrix_of(name)
        if group not in mixed:
            return group
        return group + name[len(group) :].partition("]")[0] + "]"

    return own


KINDS = (
    FaultKind("not-in-graph", "updates parameters that the loss does not use",
         "use them in the forward pass, or take them out of the list", _not_in_graph,
         frozenset({"rebound", "detached", "operand-skipped", "never-visited"})),
)  # fmt: skip
