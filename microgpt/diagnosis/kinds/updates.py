"""Kinds about what comes between passes: zeroing, updates, parameters forgotten or replaced."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence, Interval
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, matrix_of, said
from microgpt.diagnosis.kinds.telling import (
    Move,
    called,
    finding_between,
    leaf_id,
    line_of_leaf,
    moves_of,
    update_line,
)
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.update_lines import line_that_names, line_that_scales_in_vain
from microgpt.graph.debuggee import LeafUpdate, LeafWrite

ALIKE = 1e-12
"""Rows are the same within this part of the largest number in them."""
PLAIN = frozenset({0.5, 1.0, 2.0, 3.0, 4.0})
"""Numbers of formulas: a node of its own with such a one may be a constant, and is a note alone."""
SHUTS_OUT = -1e3
"""A matrix that holds so low a number is an additive mask."""


def _ascent(evidence: Evidence) -> Iterator[Finding]:
    """Updates along the gradient, while the loss rises."""
    along = against = 0.0
    sample: tuple[Interval, Move] | None = None
    groups: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for interval in evidence.intervals:
        for move in moves_of(interval):
            product = move.by * move.leaf.grad
            along += max(product, 0.0)
            against += max(-product, 0.0)
            groups[matrix_of(move.leaf.name)][product < 0] += abs(product)
            if product > 0 and sample is None:
                sample = (interval, move)
    losses = [seen.loss for seen in evidence.passes]
    if sample is None or len(losses) < 3 or along <= 10 * against:
        return
    half = len(losses) // 2
    if not np.mean(losses[-half:]) > np.mean(losses[:half]) and not _all_climb(evidence):
        return
    interval, move = sample
    line = update_line(interval, move.leaf, move.place)
    what = (
        f"updates go along the gradient: {called(move.leaf)} moved by {said(move.by)} where its "
        f"gradient was {said(move.leaf.grad)}, which makes the loss larger: {said(losses[0])} "
        f"first and {said(losses[-1])} at last"
    )
    yield finding_between(
        evidence, interval, "ascent", "likely", what, line,
        (leaf_id(evidence, interval, move.place),), was=move.by, should=-move.by,
        spoils=len(moves_of(interval)), unless="the objective is to be made large",
    )  # fmt: skip


def _all_climb(evidence: Evidence) -> bool:
    """Whether each update, and a tenth of it, makes the loss of its own data larger."""
    found = [evidence.losses_around(interval) for interval in evidence.intervals[:4]]
    known = [each for each in found if each is not None]
    return len(known) > 1 and all(whole > here < tenth for here, whole, tenth in known)


def _not_updated(evidence: Evidence) -> Iterator[Finding]:
    if len(evidence.intervals) < 2 or not evidence.moved:
        return
    held: dict[int, list[tuple[Interval, int, LeafUpdate]]] = defaultdict(list)
    for interval in evidence.intervals:
        for place, (who, leaf) in enumerate(interval.rows()):
            if who not in evidence.moved and who in evidence.lasting:
                held[who].append((interval, place, leaf))
    idle = [
        rows for rows in held.values()
        if len(rows) == len(evidence.intervals) and all(leaf.grad != 0 for _, _, leaf in rows)
    ]  # fmt: skip
    idle = [rows for rows in idle if _is_parameter(evidence, *rows[0])]
    learn = {leaf.flags for i in evidence.intervals for _, leaf in i.rows()
             if leaf.before != leaf.after}  # fmt: skip
    idle = [rows for rows in idle if rows[0][2].flags in learn]  # else it says that it is frozen
    groups: dict[str, list[list[tuple[Interval, int, LeafUpdate]]]] = defaultdict(list)
    for rows in idle:
        groups[matrix_of(called(rows[0][2]))].append(rows)
    for group, members in groups.items():
        interval, place, leaf = members[0][0]
        node = leaf_id(evidence, interval, place)
        graph = evidence.passes[interval.after].graph
        line = line_of_leaf(graph, node)
        if line is not None:
            line = line_that_names(evidence.program, line, called(leaf)) or line
        many = f" and {len(members) - 1} more of {group}" if len(members) > 1 else ""
        what = (
            f"{called(leaf)}{many} has gradients that are not 0, {said(leaf.grad)} say, and is "
            "moved by no update, while others are"
        )
        is_plain = "[" not in leaf.name and "." not in leaf.name and abs(leaf.before) in PLAIN
        yield finding_between(
            evidence, interval, "not-updated", "note" if is_plain else "likely", what, line,
            (node,), was=leaf.after, spoils=len(members),
            unless="it is a constant of the formula" if is_plain else "it is frozen on purpose",
        )  # fmt: skip


def _is_parameter(evidence: Evidence, interval: Interval, place: int, leaf: LeafUpdate) -> bool:
    """Whether a leaf that lasts is a parameter, and no input: by its neighbours among the moved.

    One of a list, or of an object, of which others are moved, or made on the same line as these;
    else one that results are combined with, and not the parameters themselves.
    """
    graph = evidence.passes[interval.after].graph
    who = evidence.who(interval.after)
    node = leaf_id(evidence, interval, place)
    moved = np.flatnonzero(np.isin(who, list(evidence.moved)) & (who >= 0)).tolist()
    if graph.line_of[node] >= 0 and graph.line_of[node] in graph.line_of[moved]:
        return True
    root = _root(leaf.name)
    leads_to_all = any(
        _root(name) == root for n, name in graph.names.items() if not graph.is_leaf(n)
    )
    if root and not leads_to_all and any(_root(graph.names.get(m, "")) == root for m in moved):
        return True
    is_moved = set(moved)
    uses = graph.consumers_of(node)
    if len(uses) < 2:
        return False  # a target is used once
    own = {n for n, name in graph.names.items() if matrix_of(name) == matrix_of(leaf.name)}
    if min(graph.data[list(own)], default=0.0) <= SHUTS_OUT:
        return False
    own.add(node)
    meets = [{edge.operand for edge in graph.operands_of(use.consumer)} - own for use in uses]
    return not all(others and others <= is_moved for others in meets)


def _root(name: str) -> str:
    """The variable that a name begins with."""
    return name.partition("[")[0].partition(".")[0]


def _updated_twice(evidence: Evidence) -> Iterator[Finding]:
    for interval in evidence.intervals:
        counts: Counter[tuple[int, SourcePlace]] = Counter(
            (write.leaf, write.line) for write in interval.updates.writes if not write.is_grad
        )
        by_line: dict[SourcePlace, dict[int, int]] = defaultdict(dict)
        for (at, line), n in counts.items():
            by_line[line][at] = n
        for line, times in by_line.items():
            usual = min(times.values())
            more = [at for at, n in times.items() if n > usual]
            if usual > 1 and not more and _is_listed_twice(interval, line):
                more, usual = list(times), 1
            if not more or len(times) < 2:
                continue
            is_all = len(more) == len(times)
            rows = [*interval.updates.leaves, *interval.updates.others]
            leaf = rows[more[0]]
            others = "once" if usual == 1 else f"{usual} times"
            what = f"{called(leaf)} is updated {times[more[0]]} times in one update, " + (
                "as all are: each is in the list more than once"
                if is_all
                else f"where others are {others}: it is in the list more often"
            )
            node = (leaf_id(evidence, interval, more[0])
                    if more[0] < len(interval.updates.leaves) else None)  # fmt: skip
            yield finding_between(
                evidence, interval, "updated-twice", "likely" if is_all else "certain", what,
                line, (node,), was=float(times[more[0]]), should=float(usual), spoils=len(more),
                unless="two steps along one gradient are meant" if is_all else "",
            )  # fmt: skip
            return


def _is_listed_twice(interval: Interval, line: SourcePlace) -> bool:
    """Whether a line goes through all numbers again, each time changing them anew."""
    numbers = {place: leaf.before for place, leaf in enumerate(interval.updates.leaves)}
    changes: Counter[int] = Counter()
    for write in interval.updates.writes:
        if write.is_grad or write.leaf not in numbers:
            continue
        if write.line == line:
            changes[write.leaf] += numbers[write.leaf] != write.new
        numbers[write.leaf] = write.new
    return len(changes) > 1 and min(changes.values()) > 1


def _clip_misplaced(evidence: Evidence) -> Iterator[Finding]:
    """Gradients are scaled where nobody uses them: after the update."""
    for interval in evidence.intervals:
        late: list[tuple[int, LeafWrite]] = []
        n = len(interval.updates.leaves)
        grads = {place: leaf.grad for place, (_, leaf) in enumerate(interval.rows())}
        done: set[int] = set()
        for write in interval.updates.writes:
            if write.leaf >= n or write.leaf < 0:
                continue
            if not write.is_grad:
                done.add(write.leaf)
                continue
            old = grads[write.leaf]
            grads[write.leaf] = write.new
            if write.leaf in done and write.new not in (0.0, old) and old:
                late.append((write.leaf, write))
        unused = [
            (place, write) for place, write in late
            if interval.updates.leaves[place].grad_now == 0
            or _zeroed_by_pass(evidence, interval, place)
        ]  # fmt: skip
        if unused and len(unused) > 1 and len(unused) == len(late):
            ratios = [w.new / interval.updates.leaves[p].grad for p, w in unused
                      if interval.updates.leaves[p].grad]  # fmt: skip
            if not all(abs(ratio) <= 1 for ratio in ratios):
                continue
            place, write = unused[0]
            leaf = interval.updates.leaves[place]
            what = (
                f"gradients are scaled after the update has used them: that of {called(leaf)} "
                f"from {said(leaf.grad)} to {said(write.new)}"
            )
            yield finding_between(
                evidence, interval, "clip-misplaced", "certain", what, write.line,
                (leaf_id(evidence, interval, place),), was=leaf.grad, should=write.new,
                spoils=len(unused),
            )  # fmt: skip
            return
    yield from _scaled_in_vain(evidence)


def _scaled_in_vain(evidence: Evidence) -> Iterator[Finding]:
    """The text scales gradients before the pass that they come from."""
    place = evidence.passes[0].place if evidence.passes else None
    line = line_that_scales_in_vain(evidence.program, place) if place is not None else None
    if line is not None:
        yield Finding(
            kind="clip-misplaced", certainty="likely",
            what="gradients are scaled, and then set to 0 before the pass makes new ones: no "
            "update uses what was scaled",
            mend="", place=line, pass_number=evidence.passes[0].number,
            unless="something else reads them in between",
        )  # fmt: skip


def _zeroed_by_pass(evidence: Evidence, interval: Interval, place: int) -> bool:
    node = interval.updates.leaves[place].node
    seen = evidence.passes[interval.after + 1]
    return node is not None and seen.before[node] == 0


FEW_UNITS = 3
"""Fewer numbers of one vector may be added to the same sum, which makes them alike."""


def _are_alike(tables: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> bool:
    """Whether numbers and gradients of all rows are the same, but for the order of sums."""
    if len({len(numbers) for numbers, _ in tables}) != 1:
        return False
    for which in (0, 1):
        rows = np.array([table[which] for table in tables])
        size = np.abs(rows).max()
        if not (np.abs(rows - rows[0]) <= ALIKE * size).all():
            return False
    return True


def _symmetric(evidence: Evidence) -> Iterator[Finding]:
    """Rows of one matrix that are equal, with equal gradients that are not 0, at every pass."""
    alike: dict[str, int] = {}
    first: dict[str, tuple[int, int]] = {}
    learns: set[str] = set()
    for place, seen in enumerate(evidence.passes):
        graph = seen.graph
        rows: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        params = evidence.parameters(place)
        # Biases may begin alike where there are matrices; where all are vectors, each number is of
        # a unit.
        names = {node: name for node, name in graph.names.items() if params[node]}
        has_matrices = any(name.count("[") > 1 for name in names.values())
        for node, name in names.items():
            row, _, _ = name.rpartition("[")
            matrix, _, _ = row.rpartition("[")
            if matrix:
                rows[matrix][row].append(node)
            elif row and not has_matrices:
                rows[row][name].append(node)
        for matrix, by_row in rows.items():
            tables = [
                (tuple(graph.data[nodes].tolist()), tuple(graph.grad[nodes].tolist()))
                for nodes in by_row.values()
            ]
            least = 2 if len(tables[0][0]) > 1 else FEW_UNITS
            if len(tables) >= least and _are_alike(tables):
                alike[matrix] = alike.get(matrix, 0) + 1
                learns |= {matrix} if any(tables[0][1]) else set()
                first.setdefault(matrix, (place, next(iter(by_row.values()))[0]))
    for matrix, n in alike.items():
        if n < len(evidence.passes) or n < 2 or matrix not in learns:
            continue
        place, node = first[matrix]
        graph = evidence.passes[place].graph
        line = line_of_leaf(graph, node)
        yield Finding(
            kind="symmetric", certainty="certain",
            what=f"all rows of {matrix} are equal, and so are their gradients, at each of {n} "
            "passes: its units stay copies of one another",
            mend="", place=line,
            nodes=(node,), pass_number=evidence.passes[place].number,
        )  # fmt: skip


KINDS = (
    FaultKind("not-updated", "forgets parameters in its list",
         "put them into the list that updates go through", _not_updated,
         frozenset({"rebound", "never-visited", "operand-skipped", "update-mixed"})),
    FaultKind("updated-twice", "has a parameter twice in its list",
         "put it into the list once", _updated_twice, frozenset({"aliased-parameters"})),
    FaultKind("ascent", "adds the gradient", "subtract the gradient", _ascent,
         frozenset({"wrong-local", "overwritten", "upstream-dropped", "visited-early",
                    "update-mixed"})),
    FaultKind("clip-misplaced", "clips gradients before the pass or after the update",
         "clip between the pass and the update", _clip_misplaced),
    FaultKind("symmetric", "starts all units alike",
         "draw the first numbers at random", _symmetric),
)  # fmt: skip
