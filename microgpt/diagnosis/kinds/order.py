"""Kinds about the order of a pass: who was visited too early, twice or never."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.forgotten import forgotten_operands
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.order_lines import OrderLines
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.pass_lines import (
    line_of_dispatch,
    line_that_compares_values,
    ops_asked_for,
)
from microgpt.diagnosis.program import Function, SourcePlace

LINES: Mapping[str, Callable[[OrderLines], SourcePlace | None]] = {
    "visited-twice": lambda lines: lines.visited_twice,
    "visited-early": lambda lines: lines.visited_early,
    "never-visited": lambda lines: lines.never_visited,
}
"""Where each fault of order is to be mended; walks of the program's text, so only one is asked."""


def _ordered(evidence: Evidence) -> Iterator[tuple[int, PassEvidence]]:
    for place in evidence.wrong_passes()[:1]:
        seen = evidence.passes[place]
        if seen.ledger is not None and len(seen.graph.visit_order):
            yield place, seen


def _finding(evidence: Evidence, seen: PassEvidence, kind: str, node: int, event: int | None,
             what: str) -> Finding:  # fmt: skip
    lines = OrderLines(evidence.program, seen.place, seen.files)
    line = LINES[kind](lines) or _line(evidence, seen)
    shown = node
    if not seen.off[node] and (off := np.flatnonzero(seen.off)).size:
        shown = int(off[-1])  # the newest: errors flow from there to operands
    return Finding(
        kind=kind, certainty="certain", what=what, mend="",
        place=line,
        op=seen.graph.op(node), nodes=tuple(dict.fromkeys((node, shown))),
        pass_number=seen.number, event=event,
        was=float(seen.graph.grad[shown]), should=float(seen.true_grad[shown]),
        spoils=int(np.count_nonzero(seen.off)),
    )  # fmt: skip


def _line(evidence: Evidence, seen: PassEvidence) -> SourcePlace | None:
    """The line that writes, where the pass itself does; else where it calls what writes."""
    ledger, program = seen.ledger, evidence.program
    assert ledger is not None
    function = program.pass_function(seen.place, seen.files)
    lines = {
        seen.line_of_write(write) for write in np.flatnonzero(ledger.edge >= 0)[:1000].tolist()
    }
    own = [line for line in lines if line is not None
           and (function is None or function.holds(*line))]  # fmt: skip
    if len(own) == len(lines) == 1:
        return own[0]
    return program.line_of_visits(seen.place, seen.files) or seen.place


def _gives(seen: PassEvidence) -> list[bool]:
    """Whether each node has a share to give, to a node below it."""
    graph = seen.graph
    gives = np.zeros(len(graph), np.bool_)
    gives[graph.edge_consumers[seen.slopes != 0]] = True
    return [bool(each) for each in gives]


def _visited_twice(evidence: Evidence) -> Iterator[Finding]:
    for _, seen in _ordered(evidence):
        graph, gives = seen.graph, _gives(seen)
        for event, node in enumerate(graph.visit_order.tolist(), 1):
            nth = int(graph.visit_numbers[event - 1])
            if nth > 1 and gives[node] and graph.adjoints[event - 1] != 0:
                what = (
                    f"{graph.name(node)}, a {graph.op(node)}, is visited {_times(nth)} in one "
                    f"pass, and gives shares for {said(float(graph.adjoints[event - 1]))} again"
                )
                yield _finding(evidence, seen, "visited-twice", node, event, what)
                return


def _times(n: int) -> str:
    return "a second time" if n == 2 else f"for the {n}th time"


def _visited_early(evidence: Evidence) -> Iterator[Finding]:
    for place, seen in _ordered(evidence):
        graph, ledger, gives = seen.graph, seen.ledger, _gives(seen)
        assert ledger is not None
        idle = [n for n in _missed_nodes(evidence, place) if _was_visited_idly(evidence, seen, n)]
        if idle:
            what = (
                f"{graph.name(idle[0])}, a {graph.op(idle[0])}, is visited before anything that it "
                f"was used for: its gradient was 0 then, and is "
                f"{said(float(graph.grad[idle[0]]))} in the end"
            )
            yield _finding(evidence, seen, "visited-early", idle[0], None, what)
            return
        visits = enumerate(graph.visit_order.tolist(), 1)
        last: dict[int, int] = {node: event for event, node in visits}
        changed = np.flatnonzero(ledger.changed())
        for write in changed.tolist():
            node, event = int(ledger.node[write]), int(ledger.event[write])
            visited = last.get(node)
            if visited is None or visited >= event or not gives[node]:
                continue
            what = (
                f"{graph.name(node)}, a {graph.op(node)}, is visited before all that it was used "
                f"for: its gradient was {said(float(graph.adjoints[visited - 1]))} then, and is "
                f"{said(float(ledger.new[write]))} after event {event}"
            )
            yield _finding(evidence, seen, "visited-early", node, visited, what)
            return


def _forgotten_op(evidence: Evidence, seen: PassEvidence, missed: list[int]) -> str | None:
    """The op that a pass has no code for, if that is why nodes were not visited.

    All that are missed are of one op, no other node of that op was visited, and the pass asks for
    ops by name and does not for this one.
    """
    graph = seen.graph
    codes = {int(graph.op_codes[node]) for node in missed}
    if len(codes) != 1:
        return None
    of_op = np.flatnonzero(graph.op_codes == codes.pop())
    op, asked = graph.op(missed[0]), ops_asked_for(evidence.program, seen.place, seen.files)
    is_asked = not asked or op.rstrip("0123456789") in {name.strip("_") for name in asked}
    return op if (graph.event_of[of_op] < 0).all() and not is_asked else None


def _missed_nodes(evidence: Evidence, place: int) -> list[int]:
    """Nodes with something to give that were never visited, the newest first."""
    seen = evidence.passes[place]
    graph, gives = seen.graph, _gives(seen)
    above = seen.above(evidence.parameters(place))
    return [
        node
        for node in graph.forward_order[::-1].tolist()
        if graph.event_of[node] < 0 and gives[node] and above[node]
        and graph.grad[node] != 0 and seen.true_grad[node] != 0
    ]  # fmt: skip


def _was_visited_idly(evidence: Evidence, seen: PassEvidence, node: int) -> bool:
    """Whether all operands of a node were given nothing by its own code before it had a gradient.

    A pass that reads gradients alone is seen to visit where it changes something.
    """
    graph, ledger = seen.graph, seen.ledger
    if ledger is None or graph.maker_of is None or graph.maker_of[node] < 0:
        return False
    own = ledger.writes_to(node)
    own = own[ledger.changed()[own]]
    if not len(own):
        return False
    operands = graph.operands[graph.edges_into(np.array([node]))].tolist()
    given = [ledger.writes_to(operand) for operand in operands]
    made = graph.makers[graph.maker_of[node]]
    function = evidence.program.function_at(made.file, made.line)
    if function is None:
        return False
    inside = [Function(made.file, function).holds(*place) for place in graph.source_lines]
    is_idle = ~ledger.changed() & np.array([*inside, False])[ledger.line]
    idle = [writes[(writes < own[0]) & is_idle[writes]] for writes in given]
    return bool(idle) and all(len(writes) > 0 for writes in idle)


def op_forgotten(evidence: Evidence) -> Iterator[Finding]:
    """The op that a pass has no code for, which gives all of its operands nothing."""
    for place, seen in _ordered(evidence):
        missed = _missed_nodes(evidence, place)
        op = _forgotten_op(evidence, seen, missed) if missed else None
        if op is None:
            continue
        graph, node = seen.graph, missed[0]
        line = line_of_dispatch(evidence.program, seen.place, seen.files) or _line(evidence, seen)
        edge = int(graph.operand_start[node])
        share = float(seen.slopes[edge] * graph.grad[node])
        yield Finding(
            kind="operand-skipped", certainty="certain",
            what=f"the pass has nothing for {op}: none of its {len(missed)} nodes gives its "
            f"operands anything, {graph.name(node)} for one, whose first share is {said(share)}",
            mend="", place=line, op=op,
            nodes=(node, int(graph.operands[edge])), pass_number=seen.number, was=0.0,
            should=share, spoils=int(np.count_nonzero(seen.off)),
        )  # fmt: skip


def _never_visited(evidence: Evidence) -> Iterator[Finding]:
    yield from forgotten_operands(evidence, with_share=True)
    for place, seen in _ordered(evidence):
        graph = seen.graph
        # Of a node that nothing has come to, the fault lies with its consumers.
        missed = _missed_nodes(evidence, place)
        if any(_was_visited_idly(evidence, seen, node) for node in missed):
            continue
        if not missed or _forgotten_op(evidence, seen, missed) is not None:
            continue
        node = missed[0]
        what = (
            f"{graph.name(node)}, a {graph.op(node)}, is never visited: its gradient "
            f"{said(float(graph.grad[node]))} goes no further"
        )
        if len(missed) > 1:
            what += f", nor that of {len(missed) - 1} more"
        found = _finding(evidence, seen, "never-visited", node, None, what)
        by_value = line_that_compares_values(evidence.program, seen.place, seen.files)
        if by_value is not None:
            found = replace(found, place=by_value)
        yield found


KINDS = (
    FaultKind("never-visited", "leaves nodes out",
         "tell nodes apart by identity, not by value, and follow all operands", _never_visited,
         frozenset({"not-seeded", "upstream-dropped"})),
    FaultKind("visited-twice", "visits a node again in one pass",
         "visit each node once, after all that was made of it", _visited_twice),
    FaultKind("visited-early", "visits a node before all its consumers",
         "sort the graph: consumers first, by a depth-first walk, reversed", _visited_early,
         frozenset({"visited-twice"})),
)  # fmt: skip
