"""Kinds about ways that are cut or missing: detached numbers, no gradient, objects put in place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.kind import FaultKind, matrix_of, said
from microgpt.diagnosis.kinds.telling import writes_to_parameters
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.update_lines import line_that_rebinds, line_that_repeats

NOTHING = 1e-12
"""A gradient is 0 within this part of the sizes of its shares."""
MOST_FOLLOWED = 10_000
"""So many nodes are looked at for the place where the ways up from a leaf end."""


def _lost(evidence: Evidence) -> list[str]:
    """Matrices that updates write to, whose numbers have no gradient, and that no graph has."""
    in_graphs = {matrix_of(name) for s in evidence.passes for name in s.graph.names.values()}
    lost: dict[str, None] = {}
    for interval in evidence.intervals:
        updates = interval.updates
        n = len(updates.leaves)
        known = {id(write) for write in writes_to_parameters(evidence, interval)}
        moves = any(not write.is_grad for write in updates.writes)
        for write in updates.writes:
            if write.leaf < n or (write.is_grad and (moves or id(write) not in known)):
                continue  # what is only zeroed while others move may be another model's
            leaf = updates.others[write.leaf - n]
            is_update = id(write) in known or evidence.program.reads_gradients(*write.line)
            is_lost = leaf.node is None and leaf.grad == 0
            if is_update and is_lost and matrix_of(leaf.name) not in in_graphs:
                lost[matrix_of(leaf.name) or "a parameter"] = None
    return list(lost)


def _cut_leaves(evidence: Evidence, place: int) -> dict[SourcePlace, list[int]]:
    """Leaves that are made of the numbers of other nodes, by the line that makes them."""
    seen = evidence.passes[place]
    graph, who = seen.graph, evidence.who(place)
    found: dict[SourcePlace, list[int]] = defaultdict(list)
    for node in np.flatnonzero(who >= 0).tolist():
        line = graph.line(node)
        if line is None or int(who[node]) in evidence.lasting or int(who[node]) in evidence.moved:
            continue
        if evidence.program.makes_of_numbers(*line):
            found[line].append(node)
    return found


def _detached(evidence: Evidence) -> Iterator[Finding]:
    lost = _lost(evidence)
    told = False
    for place, seen in enumerate(evidence.passes[:1]):
        for line, leaves in _cut_leaves(evidence, place).items():
            slope = float(seen.true_grad[leaves].sum())
            size = float(np.abs(seen.true_grad[leaves]).sum())
            if len(leaves) and abs(slope) <= 1e-9 * size:
                continue  # a softmax's shift: the constants of one call move nothing together
            leaf = leaves[0]
            if lost:
                told = True
                many = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
                yield _at_line(
                    seen, "detached", "likely", line, leaf,
                    f"a number is taken out of the graph here, {said(seen.graph.data[leaf])}, "
                    f"and put back as a constant: {lost[0]}{many} has no way to the loss any more",
                    "nothing is to be learnt through it",
                )  # fmt: skip
            else:
                yield _at_line(
                    seen, "detached", "note", line, leaf,
                    "a number is taken out of the graph here and put back as a constant; every "
                    "parameter keeps another way to the loss",
                )  # fmt: skip

    if lost and not told and evidence.passes:
        seen = evidence.passes[0]
        lines = [
            line
            for line in evidence.program.reads_of_numbers(seen.file)
            if _is_forward(evidence, seen, line)
        ]
        if seen.file is not None and lines:
            many = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
            yield _at_line(
                seen, "detached", "likely", (seen.file, lines[0]), seen.graph.root,
                f"a number is taken out of the graph here: {lost[0]}{many} is updated, and has no "
                "way to the loss", "nothing is to be learnt through it",
            )  # fmt: skip


def _is_forward(evidence: Evidence, seen: PassEvidence, line: int) -> bool:
    """Whether a line may be a formula of the model, and no code of ops, updates or reports.

    A line of a function, or of a loop, in which nodes of the graph are made by ops; or of a small
    function that makes none and writes to nothing.
    """
    if seen.file is None:
        return False
    graph, program = seen.graph, evidence.program
    function = program.function_around(seen.file, line)
    if function is not None and graph.maker_of is not None:
        ops = np.unique(graph.maker_of[graph.forward_order]).tolist()
        if any(graph.makers[op][1:] == (seen.file, function.lineno) for op in ops if op >= 0):
            return False
    around = function or program.loop_around(seen.file, line)
    if around is None:
        return False
    used = np.unique(graph.line_of[graph.forward_order]).tolist()
    lines = {graph.source_lines[at] for at in used if at >= 0}
    last = around.end_lineno or around.lineno
    if any(file == seen.file and around.lineno <= at <= last for file, at in lines):
        return True
    return function is not None and program.only_computes(seen.file, function)


def _at_line(
    seen: PassEvidence, kind: str, certainty: str, line: SourcePlace | None, node: int, what: str,
    unless: str = "",
) -> Finding:  # fmt: skip
    return Finding(
        kind=kind, certainty=certainty, what=what, mend="",  # type: ignore[arg-type]
        place=line, nodes=(node,),
        op=seen.graph.op(node), pass_number=seen.number, unless=unless,
    )  # fmt: skip


def _no_gradient(evidence: Evidence) -> Iterator[Finding]:
    """Matrices whose true gradients are 0 at every pass watched."""
    zero: dict[str, int] = {}
    seen_in: dict[str, int] = {}
    example: dict[str, tuple[PassEvidence, int]] = {}
    for seen in evidence.passes:
        graph = seen.graph
        by_matrix: dict[str, list[int]] = defaultdict(list)
        for node, name in graph.names.items():
            if graph.is_leaf(node) and "[" in name:
                by_matrix[matrix_of(name)].append(node)
        for matrix, nodes in by_matrix.items():
            if len(nodes) < 2:
                continue
            seen_in[matrix] = seen_in.get(matrix, 0) + 1
            sizes = seen.sizes[nodes]
            is_zero = np.abs(seen.true_grad[nodes] - seen.before[nodes]) <= NOTHING * sizes
            given = np.abs(graph.grad[nodes] - graph.grad_before[nodes]) <= NOTHING * sizes
            if is_zero.all() and given.all():
                zero[matrix] = zero.get(matrix, 0) + 1
                example.setdefault(matrix, (seen, nodes[0]))
    for matrix, n in zero.items():
        if n < seen_in[matrix] or n < 2 or not _is_lasting(evidence, matrix):
            continue
        seen, node = example[matrix]
        if _is_never_chosen(seen, node):
            continue
        reason, at = _why_nothing(seen, node)
        what = f"{matrix} has no gradient at any of {n} passes: {reason}"
        yield _at_line(seen, "no-gradient", "likely", at, node, what, "it is not meant to learn")


def _is_lasting(evidence: Evidence, matrix: str) -> bool:
    """Whether a matrix is the model's: its objects live on to the next pass, as others do.

    Where none do, the program makes all anew at each step, and a name is what lasts.
    """
    leaves = [leaf for interval in evidence.intervals for _, leaf in interval.rows()]
    if any(leaf.node is not None for leaf in leaves):
        return any(leaf.node is not None for leaf in leaves if matrix_of(leaf.name) == matrix)
    who, graph = evidence.who(0), evidence.passes[0].graph
    return any(
        int(who[node]) in evidence.lasting
        for node, name in graph.names.items()
        if matrix_of(name) == matrix and who[node] >= 0
    )


def _is_never_chosen(seen: PassEvidence, leaf: int) -> bool:
    """Whether its ways up end where one of several is chosen, as by a largest: another was.

    What chooses has the very number of one operand, with the slope 1, and 0 by all others.
    """
    graph = seen.graph
    frontier, reached = [leaf], {leaf}
    while frontier and len(reached) < MOST_FOLLOWED:
        for edge in graph.consumers_of(frontier.pop()):
            begin, end = graph.operand_start[edge.consumer : edge.consumer + 2].tolist()
            slopes = seen.slopes[begin:end]
            if slopes[edge.slot] == 0:
                chosen = np.flatnonzero(slopes)
                return bool(
                    "mul" not in graph.op(edge.consumer)  # a product with 0
                    and len(slopes) > 1 and len(chosen) == 1 and slopes[chosen[0]] == 1
                    and graph.data[graph.operands[begin + chosen[0]]] == graph.data[edge.consumer]
                )  # fmt: skip
            if edge.consumer not in reached:
                reached.add(edge.consumer)
                frontier.append(edge.consumer)
    return False


def _why_nothing(seen: PassEvidence, leaf: int) -> tuple[str, SourcePlace | None]:
    """Where the ways up from a leaf end, in words, and the line."""
    graph = seen.graph
    frontier, reached = [leaf], {leaf}
    cancel: list[int] = []
    while frontier and len(reached) < MOST_FOLLOWED:
        node = frontier.pop()
        arrives = []
        for edge in graph.consumers_of(node):
            slope = float(seen.slopes[graph.operand_start[edge.consumer] + edge.slot])
            if slope == 0:
                op = graph.op(edge.consumer)
                told = "relus that are off" if "relu" in op else f"{op} with slope 0"
                return f"it ends at {told}", graph.line(edge.consumer)
            if abs(seen.true_grad[edge.consumer]) > NOTHING * seen.sizes[edge.consumer]:
                arrives.append(edge.consumer)
            elif edge.consumer not in reached:
                reached.add(edge.consumer)
                frontier.append(edge.consumer)
        if len(arrives) > 1:
            cancel += arrives
    return "its shares cancel", graph.line(max(cancel) if cancel else leaf)


def _rebound(evidence: Evidence) -> Iterator[Finding]:
    for place, seen in enumerate(evidence.passes[1:], 1):
        graph, before = seen.graph, evidence.passes[place - 1].graph
        leaves = {name for node, name in before.names.items() if before.is_leaf(node)}
        for node, name in graph.names.items():
            if name in leaves and not graph.is_leaf(node) and "[" in name:
                what = (
                    f"{name} was a parameter, and stands for a {graph.op(node)} of it now: the "
                    "update has put a node in its place"
                )
                yield _at_line(seen, "rebound", "certain", graph.line(node), node, what)
                return
    for interval in evidence.intervals:
        names = set(interval.updates.rebound)
        still = [
            leaf for _, leaf in interval.rows() if leaf.name in names and leaf.node is not None
        ]
        if still:
            seen = evidence.passes[interval.after + 1]
            line = line_that_rebinds(evidence.program, seen.file)
            what = (
                f"{still[0].name} stands for another object now, while the model goes on with the "
                "old one: the update reaches nothing"
            )
            yield _at_line(seen, "rebound", "certain", line, still[0].node or 0, what)
            return
    yield from _rebound_unseen(evidence)


def _rebound_unseen(evidence: Evidence) -> Iterator[Finding]:
    """Nothing moves, though a line makes new objects of numbers and gradients."""
    if len(evidence.intervals) < 2 or not evidence.passes:
        return
    moved = sum(
        leaf.before != leaf.after for interval in evidence.intervals for _, leaf in interval.rows()
    )
    moved += sum(
        not write.is_grad and write.leaf < len(interval.updates.leaves)
        for interval in evidence.intervals for write in interval.updates.writes
    )  # fmt: skip
    seen = evidence.passes[0]
    line = line_that_rebinds(evidence.program, seen.file)
    if moved or line is None or _changes_by_name(evidence):
        return
    held = [
        leaf for _, leaf in evidence.intervals[0].rows() if leaf.node is not None and leaf.grad != 0
    ]
    if not held:
        return
    leaf = held[0]
    what = (
        f"the update makes new objects, while the model goes on with the old ones: "
        f"{leaf.name or f'#{leaf.node}'} has the gradient {said(leaf.grad)} and never moves"
    )
    yield _at_line(seen, "rebound", "certain", line, leaf.node or 0, what)


def _changes_by_name(evidence: Evidence) -> bool:
    """Whether leaves of one name have other numbers from pass to pass: new objects are used."""
    known: dict[str, float] = {}
    for seen in evidence.passes:
        graph = seen.graph
        for node in seen.leaves.tolist():
            name = graph.names.get(node)
            if name and known.setdefault(name, float(graph.data[node])) != graph.data[node]:
                return True
    return False


def _aliased_parameters(evidence: Evidence) -> Iterator[Finding]:
    for place, seen in enumerate(evidence.passes[:1]):
        graph = seen.graph
        told: set[SourcePlace] = set()
        for node in np.flatnonzero(evidence.parameters(place)).tolist():
            line = graph.line(node)
            if line is None or line in told:
                continue
            told.add(line)
            repeats = line_that_repeats(evidence.program, *line)
            if repeats is None:
                continue
            what = (
                f"{graph.name(node)} is one object at many places: a list that is repeated repeats "
                "its objects, it does not make new ones"
            )
            yield _at_line(seen, "aliased-parameters", "certain", (line[0], repeats), node, what)


KINDS = (
    FaultKind("detached", "takes a number out of the graph and puts it back as a constant",
         "go on with the node, not with its number", _detached,
         frozenset({"rebound", "operand-skipped", "never-visited"})),
    FaultKind("rebound", "makes new objects for parameters, while the model keeps the old",
         "write to the parameter's number, instead of making a new one", _rebound),
    FaultKind("aliased-parameters", "makes a matrix of one object",
         "make a new one for each place, in a comprehension", _aliased_parameters),
    FaultKind("no-gradient", "has a matrix of parameters whose gradients are 0 at every pass",
         "see where its way to the loss ends", _no_gradient,
         frozenset({"operand-skipped", "wrong-local", "overwritten", "never-visited", "not-seeded",
                    "upstream-dropped", "wrong-forward", "visited-early", "visited-twice",
                    "not-normalised"})),
)  # fmt: skip
