"""Kinds about what is computed and reaches no loss."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.definitions import Definitions
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind
from microgpt.diagnosis.kinds.tables import rows_known
from microgpt.diagnosis.kinds.text_lines import scoring_line
from microgpt.diagnosis.part_readings import leaving, part_readings
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.structure.text_model import Readings, TextModel


def _computed_unused(evidence: Evidence) -> Iterator[Finding]:
    counts: Counter[SourcePlace] = Counter()
    used: set[SourcePlace] = set()
    for seen in evidence.passes:
        counts.update(dict.fromkeys(seen.graph.unused_lines, 1))
        used.update(seen.graph.source_lines)
        if seen.place is not None:
            used.add(seen.place)
        places = (scope.place for scope in seen.graph.scopes)
        used.update((place.filename, place.line) for place in places if place is not None)
    idle = [line for line in counts if line not in used]
    own = {line for line in idle if _is_beside_the_loss(evidence, line, used)}
    for file, line in sorted(own):
        if any((file, inner) in own for inner in _inside(evidence, file, line)):
            continue
        seen = next(s for s in evidence.passes if (file, line) in s.graph.unused_lines)
        yield Finding(
            kind="computed-unused", certainty="note",
            what=f"what this line computes is in no graph of {len(evidence.passes)} passes: it "
            "reaches no loss",
            mend="", place=(file, line), pass_number=seen.number,
        )  # fmt: skip


def _is_beside_the_loss(evidence: Evidence, line: SourcePlace, used: set[SourcePlace]) -> bool:
    """Whether a line stands among those that make the graph, and is no update or evaluation."""
    file, number = line
    if not evidence.program.text(file, number):
        return False
    origins = Definitions(evidence.program, file)
    statement = origins.statement_at(number)
    if statement is None or not isinstance(statement, ast.Assign | ast.AugAssign | ast.Expr):
        return False
    if evidence.program.reads_gradients(file, number):
        return False
    value = statement.value
    if any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"
           for n in ast.walk(value)):  # fmt: skip
        return False
    function = origins.function_around(number)
    begin, end = getattr(function, "lineno", 0), getattr(function, "end_lineno", None)
    return any(
        other == file and begin <= at and (end is None or at <= end) and at != number
        and origins.function_around(at) is function
        for other, at in used
    )  # fmt: skip


def _inside(evidence: Evidence, file: str, line: int) -> list[int]:
    """The later lines of the statement that begins at a line."""
    statement = Definitions(evidence.program, file).statement_at(line)
    end = getattr(statement, "end_lineno", line) or line
    return list(range(line + 1, end + 1))


# -- output-unused ---------------------------------------------------------------------------------


def _output_unused(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.passes:
        return
    cut = list(_lists_cut(evidence))
    if cut:
        yield from cut
        return
    model = evidence.text_model(0)
    yield from _rows_without_slopes(evidence, model)
    if not model.scored:
        return
    classes = _classes(model)
    known = rows_known(evidence)
    for readings in model.readings:
        rows = known[readings.table] if readings.by_row else set(readings.keys)
        if not classes <= rows or (readings.by_row and rows != classes):
            continue
        reached = model.reached_by(readings)
        together = 0
        for bits in reached:
            together |= bits
        n_read = together.bit_count()
        n_scored = len(model.scored)
        if n_scored >= n_read or len(set(readings.keys)) < 2:
            continue
        if not _goes_alone(model, readings, n_read):
            continue
        yield _left_out(evidence, model, n_read, n_scored)
        return


def _lists_cut(evidence: Evidence) -> Iterator[Finding]:
    """Sums over a part of a list that a loop has filled, whose other entries nothing reads."""
    seen = evidence.passes[0]
    graph = seen.graph
    lines = {line: at for at, line in enumerate(graph.source_lines)}
    for file in dict.fromkeys(file for file, _ in graph.source_lines):
        tree = evidence.program.tree(file)
        for part in part_readings(tree) if tree is not None else ():
            made_at, read_at = lines.get((file, part.filled)), lines.get((file, part.read))
            if made_at is None or read_at is None or made_at == read_at:
                continue
            entries = leaving(graph, made_at)
            into = graph.line_of[graph.edge_consumers]
            taken = np.unique(graph.operands[into == read_at])
            if len(entries) > 1 and np.isin(entries, taken).all():
                yield Finding(
                    kind="output-unused", certainty="note",
                    what=f"the loss has {len(entries)} of the entries of {part.name}, and nothing "
                    f"reads those that {part.text} leaves out",
                    mend="", place=(file, part.read), nodes=(int(entries[0]),),
                    pass_number=seen.number,
                )  # fmt: skip
                return


def _classes(model: TextModel) -> set[str]:
    matrix = model.scored[0].matrix
    return {unit.key for units in model.output_rows for unit in units.values()
            if unit.matrix == matrix}  # fmt: skip


def _goes_alone(model: TextModel, readings: Readings, n_read: int) -> bool:
    """Whether what was read up to each place goes through one matrix, place by place."""
    first: dict[int, int] = {}
    for place, reading in enumerate(readings.all):
        for user in reading.users:
            first[user] = first.get(user, 0) | 1 << place
    reached = model.spread(first)
    latest: dict[str, set[int]] = {}
    for unit in model.algebra.units:
        bits = 0
        for node in unit.inputs:
            bits |= reached[node] if node >= 0 else 0
        if bits:
            latest.setdefault(unit.matrix, set()).add(bits.bit_length())
    return any(len(places) >= n_read - 1 > 1 for places in latest.values())


def _rows_without_slopes(evidence: Evidence, model: TextModel) -> Iterator[Finding]:
    """Rows of scores that are computed and have no slope, beside such as have."""
    grad = evidence.passes[0].true_grad
    matrices = {row.matrix for row in model.scored}
    idle = [
        units for units in model.output_rows
        if next(iter(units.values())).matrix in matrices
        and all(grad[unit.top] == 0 for unit in units.values())
    ]  # fmt: skip
    if idle:
        yield _left_out(evidence, model, len(model.scored) + len(idle), len(model.scored))


def _left_out(evidence: Evidence, model: TextModel, n_all: int, n_scored: int) -> Finding:
    seen = evidence.passes[0]
    row = model.scored[0]
    line = scoring_line(evidence, model, row)
    return Finding(
        kind="output-unused", certainty="note",
        what=f"of {n_all} positions that are computed the loss has {n_scored}",
        mend="", place=line,
        nodes=(row.top,), pass_number=seen.number, was=float(n_scored), should=float(n_all),
    )  # fmt: skip


KINDS = (
    FaultKind("output-unused", "leaves positions out of the loss",
         "add the losses of all positions", _output_unused,
         frozenset({"future-leak", "target-not-shifted"})),
    FaultKind("computed-unused", "computes what reaches no loss",
         "use it in the loss, or leave it out", _computed_unused,
         frozenset({"detached", "rebound"})),
)  # fmt: skip
