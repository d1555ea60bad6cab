"""Kinds about single ops: wrong derivatives, forgotten operands, other values than the op means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from microgpt.diagnosis.composites import other_operators
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Finding
from microgpt.diagnosis.kinds.forgotten import forgotten_operands
from microgpt.diagnosis.kinds.kind import FaultKind, said
from microgpt.diagnosis.kinds.order import op_forgotten
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.true_locals import VARIANT, NodeValue
from microgpt.graph.arrays import Floats, Ints

STABLE = "a small number is added to it on purpose, so that nothing divides by 0"
SAME = 1e-6
"""A wrong slope fits a form if all of its visits do, within this part of their size."""


@dataclass(frozen=True, eq=False)
class _Group:
    """The edges of one op into one operand slot, all made by the same code."""

    seen: PassEvidence
    place: int
    op: str
    maker: int
    slot: int
    edges: Ints
    wrong: Ints  # of these

    @property
    def given(self) -> Floats:
        """Local gradients as the program has them."""
        return self.seen.given_slopes[self.edges]

    @property
    def true(self) -> Floats:
        """As they should be."""
        return self.seen.slopes[self.edges]

    def _beside(self, edges: list[int]) -> list[int]:
        """The edges into other slots of the same nodes."""
        graph = self.seen.graph
        consumers = np.unique(graph.edge_consumers[edges])
        return [int(edge) for edge in graph.edges_into(consumers)]

    def line(self, evidence: Evidence) -> tuple[str, int] | None:
        """Where the program computes the slope."""
        graph = self.seen.graph
        maker = graph.makers[self.maker] if self.maker >= 0 else None
        edges = self.wrong[:50].tolist()
        found = map(self.seen.line_of_share, [*edges, *self._beside(edges)])
        shares = [place for place in found if place is not None]
        if maker is not None:
            function = evidence.program.function_at(maker.file, maker.line)
            last = (function.end_lineno or maker.line) if function is not None else maker.line
            for file, line in shares:
                if file == maker.file and maker.line <= line <= last:
                    return file, line  # a closure writes the share
            for share in shares:
                if self.seen.is_line_of_one_op(share):
                    return share  # the pass has a branch for each op
            if function is not None:
                slot = self.slot
                return maker.file, evidence.program.line_of_slopes(maker.file, maker.line, slot)
        if shares:
            return shares[0]
        return (maker.file, maker.line) if maker is not None else None


def _groups(evidence: Evidence, place: int) -> Iterator[_Group]:
    """The ops of a pass with a wrong slope on a way from a parameter to the root."""
    seen = evidence.passes[place]
    graph = seen.graph
    above = seen.above(evidence.parameters(place))
    counts = seen.wrong_slopes & seen.leads_from[graph.edge_consumers] & above[graph.operands]
    stale = np.isin(
        seen.locals.value, [NodeValue.STALE, NodeValue.OTHER_OP, NodeValue.OTHER_FUNCTION]
    )
    counts &= ~stale[graph.edge_consumers]
    if seen.ledger is not None:  # what was put in another's place is a fault of its own
        replaced = np.zeros(len(graph), np.bool_)
        replaced[seen.ledger.node[seen.replaced]] = True
        counts &= ~replaced[graph.operands]
    if not counts.any():
        return
    makers = graph.maker_of if graph.maker_of is not None else np.full(len(graph), -1)
    slots = np.arange(graph.n_edges) - graph.operand_start[graph.edge_consumers]
    keys = np.stack(
        [graph.op_codes[graph.edge_consumers].astype(np.int64), makers[graph.edge_consumers], slots]
    )
    for code, maker, slot in np.unique(keys[:, counts], axis=1).T.tolist():
        same = (keys == np.array([[code], [maker], [slot]])).all(axis=0)
        edges = np.flatnonzero(same & seen.locals.known)
        yield _Group(
            seen, place, graph.op_names[code], maker, slot, edges, np.flatnonzero(same & counts)
        )


def _first_event(seen: PassEvidence, edges: Ints) -> tuple[int, int]:
    """The edge whose consumer is visited first, and in which event; -1 where none is."""
    events = seen.graph.event_of[seen.graph.edge_consumers[edges]]
    events = np.where(events < 0, np.iinfo(np.int64).max, events)
    at = int(np.argmin(events))
    event = int(events[at])
    return int(edges[at]), event if event < np.iinfo(np.int64).max else -1


def _with_share(group: _Group) -> Ints:
    """The wrong edges that should give something, all if none should."""
    graph = group.seen.graph
    shares = group.seen.slopes[group.wrong] * graph.grad[graph.edge_consumers[group.wrong]]
    return group.wrong[shares != 0] if (shares != 0).any() else group.wrong


def _is_skipped(group: _Group) -> bool:
    graph = group.seen.graph
    adjoints = graph.grad[graph.edge_consumers[group.edges]]
    asked = adjoints != 0
    matters = (group.true != 0) & asked
    return bool((group.given[asked] == 0).all() and matters.any())


def _told(evidence: Evidence, group: _Group, kind: str, what: str) -> Finding:
    seen, graph = group.seen, group.seen.graph
    edge, event = _first_event(seen, _with_share(group))
    consumer, operand = int(graph.edge_consumers[edge]), int(graph.operands[edge])
    line = group.line(evidence)
    adjoint = float(graph.grad[consumer])
    return Finding(
        kind=kind, certainty="certain", what=what, mend="",
        place=line,
        op=group.op, nodes=(consumer, operand), pass_number=seen.number,
        event=event if event >= 0 else None,
        was=float(seen.given_slopes[edge]) * adjoint, should=float(seen.slopes[edge]) * adjoint,
        spoils=int(np.count_nonzero(seen.off)),
    )  # fmt: skip


def _is_variant(groups: list[_Group]) -> bool:
    """Whether all slopes are nearly right, as those of `d / (x + 1e-6)` for a logarithm are."""
    off = [np.abs(group.given - group.true) <= VARIANT * np.abs(group.true) for group in groups]
    return all(bool(each.all()) for each in off)


def _drops_adjoint(group: _Group) -> bool:
    """Whether the shares are the right local gradients alone, at every visit."""
    graph = group.seen.graph
    adjoints = graph.grad[graph.edge_consumers[group.edges]]
    tells = (adjoints != 0) & (np.abs(adjoints - 1) > SAME)
    return bool(tells.any()) and _fits((group.given * adjoints)[tells], group.true[tells])


def dropped_adjoints(evidence: Evidence) -> Iterator[Finding]:
    """Ops that give their local gradient alone, of a pass that is known by its sums only."""
    for place in evidence.wrong_passes()[:1]:
        if evidence.passes[place].ledger is not None:
            continue
        for group in _groups(evidence, place):
            if _drops_adjoint(group):
                edge, _ = _first_event(group.seen, group.wrong)
                graph = group.seen.graph
                adjoint = float(graph.grad[graph.edge_consumers[edge]])
                slope = float(group.seen.slopes[edge])
                what = (
                    f"{group.op} gives its local gradient {said(slope)} alone, where the adjoint "
                    f"is {said(adjoint)}: it should give {said(slope * adjoint)}"
                )
                yield _told(evidence, group, "upstream-dropped", what)


def _wrong_local(evidence: Evidence) -> Iterator[Finding]:
    for place in evidence.wrong_passes()[:1]:
        told: dict[tuple[str, int], list[_Group]] = {}
        for group in _groups(evidence, place):
            if not _is_skipped(group) and not _drops_adjoint(group):
                told.setdefault((group.op, group.maker), []).append(group)
        for groups in told.values():
            group = max(groups, key=lambda g: len(g.wrong))
            which = f" by operand {group.slot + 1}" if len(groups) == 1 and _takes(group, 2) else ""
            edge, _ = _first_event(group.seen, group.wrong)
            given, true = float(group.seen.given_slopes[edge]), float(group.seen.slopes[edge])
            if _is_variant(groups):
                what = (
                    f"the derivative of {group.op}{which} is off by "
                    f"{said(abs(given - true) / abs(true))} of its size"
                )
                finding = _told(evidence, group, "wrong-local", what)
                yield replace(finding, certainty="likely", unless=STABLE)
                continue
            what = (
                f"the derivative of {group.op}{which} is wrong: {said(given)} "
                f"where it should be {said(true)}{_form(groups)}"
            )
            yield _told(evidence, group, "wrong-local", what)


def _operand_skipped(evidence: Evidence) -> Iterator[Finding]:
    yield from op_forgotten(evidence)
    yield from forgotten_operands(evidence, with_share=False)
    for place in evidence.wrong_passes()[:1]:
        for group in _groups(evidence, place):
            if not _is_skipped(group):
                continue
            edge, _ = _first_event(group.seen, _with_share(group))
            share = group.seen.slopes[edge] * group.seen.graph.grad[
                int(group.seen.graph.edge_consumers[edge])
            ]  # fmt: skip
            what = (
                f"{group.op} gives its {_nth(group.slot)} operand nothing, "
                f"though its share is {said(float(share))}"
            )
            yield _told(evidence, group, "operand-skipped", what)


def _nth(slot: int) -> str:
    return ("first", "second", "third")[slot] if slot < 3 else f"{slot + 1}th"


def _takes(group: _Group, least: int, most: int | None = None) -> bool:
    """Whether all its nodes have so many operands; those made by one function may differ."""
    start = group.seen.graph.operand_start
    consumers = group.seen.graph.edge_consumers[group.edges]
    arities = start[consumers + 1] - start[consumers]
    return bool((arities >= least).all() and (most is None or (arities <= most).all()))


def _form(groups: list[_Group]) -> str:
    """What fits all visits of an op whose slope is wrong, in words; `""` if nothing known does."""
    if len(groups) == 2 and all(_fits(g.given, _other_slot(g)) for g in groups):
        return "; the two operands are swapped"
    group = groups[0]
    given, true = group.given, group.true
    graph = group.seen.graph
    consumers = graph.edge_consumers[group.edges]
    output, operand = graph.data[consumers], graph.data[graph.operands[group.edges]]
    with np.errstate(all="ignore"):
        for form, words in (
            (-true, "the sign is wrong"),
            (2 * true, "it is twice as large as it should be"),
            (true / 2, "it is half of what it should be"),
            (_other_slot(group), "it is that of the other operand"),
            (np.ones_like(true), "it is always 1"),
            (true * true, "it is the square of the right one"),
            (np.sqrt(true), "it is the root of the right one"),
            (1 / true, "it is one over the right one"),
            (output, "it is what the op gives"),
            (operand, "it is the operand itself"),
            (-operand, "it is minus the operand"),
            (true * output, "it has the output as a factor too many"),
            (true / output, "the output is missing as a factor"),
            (true * operand, "it has the operand as a factor too many"),
            (true / operand, "the operand is missing as a factor"),
            (1 - output, "it is 1 - the output: a square is missing"),
            (1 + output * output, "a sign inside is wrong: it is 1 + the output squared"),
            (1 - operand * operand, "it is taken of the operand where the output belongs"),
            (operand * (1 - operand), "it is taken of the operand where the output belongs"),
        ):
            if _fits(given, form):
                return f"; {words}"
        ratio = given / true
    if np.isfinite(ratio).all() and _fits(ratio, np.full_like(ratio, ratio[0])):
        return f"; it is {said(float(ratio[0]))} times as large"
    if (given == true).any() and np.isin(true[given != true], [0.0]).all():
        return "; a mask is forgotten: it should be 0 in places"
    return ""


def _other_slot(group: _Group) -> Floats:
    """The true slope by the other operand of each node."""
    if not _takes(group, 2, 2):
        return np.full(len(group.edges), np.nan)
    return group.seen.slopes[group.edges + (1 if group.slot == 0 else -1)]


def _fits(given: Floats, form: Floats) -> bool:
    with np.errstate(all="ignore"):
        close: NDArray[np.bool_] = np.abs(given - form) <= SAME * np.maximum(np.abs(form), 1e-12)
    return bool(len(given) and close.all())


def _values(evidence: Evidence, *values: NodeValue) -> Iterator[tuple[PassEvidence, int, Ints]]:
    """The ops of the first pass that has some whose number is no right one."""
    for seen in evidence.passes:
        graph = seen.graph
        nodes = np.flatnonzero(np.isin(seen.locals.value, values))
        if not len(nodes):
            continue
        makers = graph.maker_of if graph.maker_of is not None else np.full(len(graph), -1)
        keys = graph.op_codes[nodes].astype(np.int64) * (len(graph.makers) + 1) + makers[nodes] + 1
        for key in np.unique(keys).tolist():
            own = nodes[keys == key]
            yield seen, int(makers[own[0]]), own
        return


def _other_operators(evidence: Evidence) -> Iterator[Finding]:
    """Operators that are written with others, and come to something else."""
    for file in dict.fromkeys(file for seen in evidence.passes for file in seen.files):
        tree = evidence.program.tree(file)
        for other in other_operators(tree) if tree is not None else ():
            told = " and ".join(map(said, other.numbers))
            yield Finding(
                kind="wrong-forward", certainty="certain",
                what=f"{other.op} of {told} would be {said(other.was)} by this line, and should be "
                f"{said(other.should)}",
                mend="", place=(file, other.line), op=other.op, was=other.was,
                should=other.should,
            )  # fmt: skip


def _wrong_forward(evidence: Evidence) -> Iterator[Finding]:
    yield from _other_operators(evidence)
    for seen, maker, nodes in _values(evidence, NodeValue.OTHER_OP, NodeValue.OTHER_FUNCTION):
        graph = seen.graph
        node = int(nodes[0])
        op = graph.op(node)
        is_operator = seen.locals.value[node] == NodeValue.OTHER_OP
        wrong = np.flatnonzero(seen.wrong_slopes[graph.edges_into(nodes)])
        if not is_operator and not len(wrong):
            continue  # a variant, right in itself
        of_op = np.flatnonzero(graph.op_codes == graph.op_codes[node])
        right = np.count_nonzero(seen.locals.value[of_op] == NodeValue.RIGHT)
        others = seen.locals.value == seen.locals.value[node]
        if is_operator and len(np.unique(graph.op_codes[others])) > 1:
            continue  # two operators at once: a number was changed, rather
        own = seen.locals.known[graph.edges_into(nodes)]
        if is_operator and right > len(nodes) and not own.all():
            continue  # it is right as a rule, and its method does not say this number
        made = graph.makers[maker] if maker >= 0 else None
        line = None
        if made is not None:
            line = (made.file, evidence.program.line_of_result(made.file, made.line))
        expected = float(seen.locals.expected[node])
        numbers = graph.data[graph.operands[graph.edges_into(np.array([node]))]].tolist()
        told = ", ".join(map(said, numbers))
        yield Finding(
            kind="wrong-forward", certainty="certain" if is_operator else "likely",
            what=f"{op} of {told} gives {said(float(graph.data[node]))}, "
            f"which should be {said(expected)}",
            mend="", place=line, op=op,
            nodes=(node,), pass_number=seen.number, was=float(graph.data[node]), should=expected,
            spoils=len(nodes), unless="" if is_operator else f"{op} is meant to be something else",
        )  # fmt: skip


def _not_repeatable(evidence: Evidence) -> Iterator[Finding]:
    for seen, maker, nodes in _values(evidence, NodeValue.NOT_REPEATED):
        op = seen.graph.op(int(nodes[0]))
        made = seen.graph.makers[maker] if maker >= 0 else None
        yield Finding(
            kind="not-repeatable", certainty="note",
            what=f"{op} gives another number each time it is asked: what lies below "
            f"{'it' if len(nodes) == 1 else f'{len(nodes)} of them'} is unchecked",
            mend="", place=(made.file, made.line) if made else None, op=op,
            nodes=(int(nodes[0]),), pass_number=seen.number,
        )  # fmt: skip


KINDS = (
    FaultKind("wrong-forward", "computes another value than the op says",
         "compute what the op's name says", _wrong_forward, frozenset({"changed-after-use"})),
    FaultKind("operand-skipped", "gives one operand nothing",
         "add a share to every operand's gradient", _operand_skipped,
         frozenset({"upstream-dropped", "not-seeded"})),
    FaultKind("wrong-local", "has another derivative",
         "derive the op again, and check it with `gradcheck`", _wrong_local,
         frozenset({"upstream-dropped", "visited-twice", "visited-early", "never-visited"})),
    FaultKind("not-repeatable", "draws anew when asked again",
         "nothing, if it is dropout; keep what was drawn to have it checked", _not_repeatable),
)  # fmt: skip
