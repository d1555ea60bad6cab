"""Kinds about the writes of a pass: what replaces, what forgets the adjoint, what begins wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Certainty, Finding
from microgpt.diagnosis.kinds.kind import FaultKind, said, said_apart
from microgpt.diagnosis.kinds.slopes import SAME, dropped_adjoints
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Function, SourcePlace
from microgpt.graph.arrays import Floats, Ints
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import REPLACED, ZEROED


def _close(a: Floats, b: Floats) -> NDArray[np.bool_]:
    with np.errstate(all="ignore"):
        close: NDArray[np.bool_] = np.abs(a - b) <= SAME * np.maximum(np.abs(a), np.abs(b))
    return close


def _ledgers(evidence: Evidence) -> Iterator[tuple[int, PassEvidence]]:
    """The first pass with a wrong gradient of a parameter, if it has a ledger."""
    for place in evidence.wrong_passes()[:1]:
        seen = evidence.passes[place]
        if seen.ledger is not None and len(seen.graph.visit_order):
            yield place, seen


def _at_write(
    seen: PassEvidence, kind: str, write: int, what: str, op: str | None = None
) -> Finding:
    ledger, graph = seen.ledger, seen.graph
    assert ledger is not None
    node, line = int(ledger.node[write]), seen.line_of_write(write)
    edge = int(ledger.edge[write])
    nodes = (node,) if edge < 0 else (node, int(graph.edge_consumers[edge]))
    return Finding(
        kind=kind, certainty="certain", what=what, mend="",
        place=line, op=op, nodes=nodes,
        pass_number=seen.number, event=int(ledger.event[write]),
        was=float(graph.grad[node]), should=float(seen.true_grad[node]),
        spoils=int(np.count_nonzero(seen.off)),
    )  # fmt: skip


def _overwritten(evidence: Evidence) -> Iterator[Finding]:
    for _, seen in _ledgers(evidence):
        ledger, graph = seen.ledger, seen.graph
        assert ledger is not None
        # Also where the last share is as large as the one it replaces, as of x * x.
        replaced = np.flatnonzero(ledger.kind == REPLACED)
        alone = _close(ledger.new[replaced], seen.given_shares[replaced])
        alone |= _close(ledger.new[replaced], seen.expected_shares[replaced])
        totals = [seen.total_beside(int(edge)) if edge >= 0 else np.nan
                  for edge in ledger.edge[replaced]]  # fmt: skip
        alone |= _close(ledger.new[replaced], np.array(totals))
        taken = [w for w in replaced[alone].tolist() if _was_given(seen, w)]
        by_line: dict[object, list[int]] = {}
        for write in taken:
            by_line.setdefault(seen.line_of_write(write), []).append(write)
        for writes in by_line.values():
            write = writes[0]
            node = int(ledger.node[write])
            new, old = said_apart(float(ledger.new[write]), float(ledger.old[write]))
            what = (
                f"the gradient of {graph.name(node)} is only its last share: {new} was written in "
                f"the place of {old}, where it should have been added"
            )
            yield _at_write(seen, "overwritten", write, what, _op_of(seen, write))


def _was_given(seen: PassEvidence, write: int) -> bool:
    """Whether the number that a write replaces was written in this pass by another share."""
    ledger = seen.ledger
    assert ledger is not None
    earlier = ledger.writes_to(int(ledger.node[write]))
    earlier = earlier[earlier < write]
    if not len(earlier) or float(ledger.old[write]) == 0:
        return False
    changes = ledger.new[write] != ledger.old[write]
    return bool(changes or ledger.edge[earlier[-1]] != ledger.edge[write])


def _op_of(seen: PassEvidence, write: int) -> str | None:
    assert seen.ledger is not None
    edge = int(seen.ledger.edge[write])
    return None if edge < 0 else seen.graph.op(int(seen.graph.edge_consumers[edge]))


def _dropped(seen: PassEvidence) -> Ints:
    """Places of the writes that add the local gradient without the adjoint."""
    ledger = seen.ledger
    assert ledger is not None
    along = np.flatnonzero((ledger.edge >= 0) & (ledger.event > 0))
    edges, adjoints = ledger.edge[along], seen.write_adjoints[along]
    shares = ledger.new[along] - ledger.old[along]
    locals_ = seen.graph.local_grads[edges]
    is_bare = _close(shares, locals_) | _close(shares, seen.slopes[edges])
    tells = (~_close(adjoints, np.ones(len(along)))) & (locals_ != 0) & ledger.changed()[along]
    ops = seen.graph.op_codes[seen.graph.edge_consumers[edges]]
    slots = edges - seen.graph.operand_start[seen.graph.edge_consumers[edges]]
    keys = ops.astype(np.int64) * 64 + np.minimum(slots, 63)
    found = np.zeros(len(along), np.bool_)
    for key in np.unique(keys[tells & is_bare]).tolist():
        own = keys == key
        if is_bare[own & tells].all():
            found |= own & tells
    return along[found]


def _upstream_dropped(evidence: Evidence) -> Iterator[Finding]:
    yield from dropped_adjoints(evidence)
    for _, seen in _ledgers(evidence):
        ledger = seen.ledger
        assert ledger is not None
        by_line: dict[object, list[int]] = {}
        for write in _dropped(seen).tolist():
            by_line.setdefault(seen.line_of_write(write), []).append(write)
        for writes in by_line.values():
            write = writes[0]
            op = _op_of(seen, write)
            share = float(ledger.new[write] - ledger.old[write])
            what = (
                f"{op} adds its local gradient {said(share)} alone, where the adjoint is "
                f"{said(float(seen.write_adjoints[write]))}: it should add "
                f"{said(float(seen.expected_shares[write]))}"
            )
            told = _at_write(seen, "upstream-dropped", write, what, op)
            yield _at_op(evidence, seen, told, writes)


def _at_op(
    evidence: Evidence, seen: PassEvidence, finding: Finding, dropped: list[int]
) -> Finding:  # fmt: skip
    """The same at the op's own line, where that of the write serves others that are right."""
    write = dropped[0]
    ledger, graph, line = seen.ledger, seen.graph, seen.line_of_write(write)
    assert ledger is not None
    along = np.flatnonzero((ledger.line == ledger.line[write]) & (ledger.edge >= 0))
    along = along[~_close(seen.write_adjoints[along], np.ones(len(along)))]
    ops = graph.op_codes[graph.edge_consumers[ledger.edge]]
    if set(ops[along].tolist()) == set(ops[dropped].tolist()):
        return finding
    edge = int(ledger.edge[write])
    consumer = int(graph.edge_consumers[edge])
    maker = graph.makers[graph.maker_of[consumer]] if graph.maker_of is not None else None
    if maker is None or line is None or seen.is_line_of_one_op(line):
        return finding
    function = evidence.program.function_at(maker.file, maker.line)
    if function is None or Function(maker.file, function).holds(*line):
        return finding
    slot = edge - int(graph.operand_start[consumer])
    own = evidence.program.line_of_slopes(maker.file, maker.line, slot)
    return replace(finding, place=(maker.file, own))


def _not_seeded(evidence: Evidence) -> Iterator[Finding]:
    for seen in evidence.passes:
        graph, seed = seen.graph, seen.seed
        is_idle = seen.ledger is not None and len(seen.ledger) and not graph.grad.any()
        if seed == 1.0 or not (len(graph.visit_order) or is_idle):
            continue
        value = float(graph.data[graph.root])
        base = Finding(
            kind="not-seeded", certainty="note", what="", mend="",
            place=_line_of_seed(evidence, seen),
            nodes=(graph.root,), pass_number=seen.number, event=0, was=seed, should=1.0,
        )  # fmt: skip
        if seed == 0 and not graph.grad[graph.root]:
            if _gives_more_than_zero(graph):
                continue  # it hands on what it keeps nowhere
            yield _with(
                base, "certain", "the gradient of the root is 0 when the pass begins, so that all "
                "others come to 0: nothing sets it to 1", len(graph),
            )  # fmt: skip
        elif seed == value:
            yield _with(
                base, "likely", f"the pass begins with the root's own number, {said(seed)}, as its "
                "gradient, where the derivative of a number by itself is 1", None,
                "the square of the root, halved, is what is to be made small",
            )  # fmt: skip
        else:
            yield _with(
                base, "note", f"the pass begins with {said(seed)} as the root's gradient", None
            )
        return


def _gives_more_than_zero(graph: Graph) -> bool:
    """Whether the root's operands get something in a pass, whatever the root has."""
    operands = [edge.operand for edge in graph.operands_of(graph.root)]
    return bool((graph.grad[operands] != graph.grad_before[operands]).any())


def _line_of_seed(evidence: Evidence, seen: PassEvidence) -> SourcePlace | None:
    """The line that wrote the root's gradient, else where the program would."""
    ledger, root = seen.ledger, seen.graph.root
    function = evidence.program.pass_function(seen.place, seen.files)
    if ledger is not None:
        own = [
            (write, line) for write in ledger.writes_to(root).tolist()
            if ledger.event[write] == 0 and (line := seen.line_of_write(write)) is not None
            and (function is None or function.holds(*line))
        ]  # fmt: skip
        own = [(write, line) for write, line in own if ledger.kind[write] != ZEROED] or own
        if own:
            return own[-1][1]
    return evidence.program.line_of_seed(seen.place, seen.files) or seen.place


def _with(
    base: Finding, certainty: Certainty, what: str, spoils: int | None, unless: str = ""
) -> Finding:
    return replace(base, certainty=certainty, what=what, spoils=spoils, unless=unless)


KINDS = (
    FaultKind("not-seeded", "does not set the root's gradient to 1",
         "set the root's gradient to 1 before the first visit", _not_seeded),
    FaultKind("overwritten", "writes a gradient instead of adding to it",
         "write `+=` where `=` stands", _overwritten, frozenset({"visited-twice"})),
    FaultKind("upstream-dropped", "adds the local gradient without the adjoint",
         "multiply by the gradient of what the op gave", _upstream_dropped),
)  # fmt: skip
