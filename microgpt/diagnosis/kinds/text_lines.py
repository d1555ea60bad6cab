"""The lines that kinds about texts name: a mask's, a sum's, the one that picks the targets."""

from __future__ import annotations

import ast

from microgpt.diagnosis.definitions import Definitions
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.program import SourcePlace
from microgpt.diagnosis.structure.algebra import Algebra
from microgpt.diagnosis.structure.forms import Arithmetic
from microgpt.diagnosis.structure.places import common_scope, line_beside, line_within
from microgpt.diagnosis.structure.text_model import Readings, ScoredRow, TextModel

MOST_UP = 12
"""So many nodes above a score its softmax is looked for."""
SHIFT = 1e-12


def leak_line(
    evidence: Evidence, model: TextModel, readings: Readings, output: int, own: int,
    ahead: int,
) -> SourcePlace | None:  # fmt: skip
    """Where a position takes in a later one: its mask, or what reads too far.

    Args:
        own: the reading of the position.
        ahead: the later one.
    """
    algebra, graph = model.algebra, model.algebra.graph
    first: dict[int, int] = {}
    for reading, bit in (*((reading, 1) for reading in range(own + 1)), (ahead, 2)):
        for user in readings.all[reading].users:
            first[user] = first.get(user, 0) | bit
    reached = model.spread(first)
    leads = model.leads_to(model.scored[output].tops)
    crossing = [node for node in graph.forward_order.tolist() if leads[node] and reached[node] == 3]
    if not crossing:
        crossing = [n for n in graph.forward_order.tolist() if leads[n] and reached[n] & 2]
    if not crossing:
        return None
    node = crossing[0]
    weights = _softmax_above(algebra, node)
    if weights is not None:
        return _mask_line(evidence, algebra, node, weights)
    users = (*readings.all[ahead].users[:1], *readings.all[own].users[:1])
    return line_beside(graph, node, users)


def _softmax_above(algebra: Algebra, node: int) -> int | None:
    """The node in whose exp, or softmax, a score ends."""
    at = node
    for _ in range(MOST_UP * 100):
        users = algebra.consumers[at]
        soft = [
            u
            for u in users
            if algebra.form[u] in (Arithmetic.EXP, Arithmetic.SOFTMAX, Arithmetic.LOG_SOFTMAX)
        ]
        if soft:
            return soft[0]
        linear = [u for u in users if algebra.parts(u) is not None]
        if len(linear) != 1:
            return None
        at = linear[0]
    return None


def _mask_line(
    evidence: Evidence, algebra: Algebra, score: int, weights: int
) -> SourcePlace | None:
    """The line of what is added to a score to shut it out, else of what a softmax is taken of."""
    graph = algebra.graph
    scope = common_scope(graph, (score, weights))
    siblings = _siblings(algebra, weights)
    shift = _shared_constants(algebra, siblings)
    mine = [c for c in _constants_on_the_way(algebra, score, weights) if c[1] not in shift]
    for _, leaf in mine:
        if graph.data[leaf] > -1e3:
            return graph.line(leaf)
    for sibling in siblings:
        for added, leaf in _constants_below(algebra, sibling):
            if leaf not in shift and graph.data[leaf] < -1e3:
                return line_within(graph, added, common_scope(graph, (added, score, weights)))
    called = line_within(graph, weights, scope)
    if called is not None:
        origins = Definitions(evidence.program, called[0])
        for name in origins.calls_argument(called[1]):
            defined = origins.definition(name.id, called[1])
            if defined is not None and defined[0] < called[1]:
                return called[0], defined[0]
    return line_within(graph, score, scope)


def _siblings(algebra: Algebra, weights: int) -> list[int]:
    """What one softmax is taken of: the operands of one op, or of all exps that are added up."""
    start, operands = algebra.start, algebra.operands
    if algebra.form[weights] != Arithmetic.EXP:
        return operands[start[weights] : start[weights + 1]]
    for user in algebra.consumers[weights]:
        if algebra.form[user] == Arithmetic.LINEAR:
            terms = algebra.sum_of(algebra.tops[user]).terms
            exps = [at for at in terms if algebra.form[at] == Arithmetic.EXP]
            if len(exps) > 1:
                return [operands[start[at]] for at in exps]
    return [operands[start[weights]]]


def _constants_below(algebra: Algebra, node: int) -> list[tuple[int, int]]:
    """Constants that are added to make a node, each with the node that adds it."""
    found: list[tuple[int, int]] = []
    waiting = [node]
    while waiting and len(found) < MOST_UP:
        at = waiting.pop()
        if algebra.form[at] != Arithmetic.LINEAR:
            continue
        for edge in range(algebra.start[at], algebra.start[at + 1]):
            operand = algebra.operands[edge]
            if algebra.is_constant[operand]:
                found.append((at, operand))
            elif algebra.form[operand] == Arithmetic.LINEAR:
                waiting.append(operand)
    return found


def _constants_on_the_way(algebra: Algebra, score: int, weights: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = score
    while at != weights:
        users = [u for u in algebra.consumers[at] if u == weights or algebra.parts(u) is not None]
        if not users:
            break
        at = weights if weights in users else users[0]
        if algebra.form[at] == Arithmetic.LINEAR:
            inside = algebra.operands[algebra.start[at] : algebra.start[at + 1]]
            found += [(at, o) for o in inside if algebra.is_constant[o]]
    return found


def _shared_constants(algebra: Algebra, siblings: list[int]) -> set[int]:
    """The constants by which all arguments of a softmax are shifted: minus the largest."""
    found: set[int] = set()
    largest = max((algebra.data[s] for s in siblings), default=0.0)
    if abs(largest) > SHIFT:
        return found
    for sibling in siblings:
        own = _constants_below(algebra, sibling)
        found |= {leaf for added, leaf in own if added == sibling and algebra.data[leaf] != 0}
    return found


def target_line(
    evidence: Evidence, model: TextModel, row: ScoredRow
) -> tuple[SourcePlace | None, bool]:
    """Where the targets are picked, and whether that is in a text which is cut, or shifted, by one.

    Followed from what the loss takes of a row of scores.
    """
    algebra, graph = model.algebra, model.algebra.graph
    ways = _ways_of_target(algebra, row)
    made = set(graph.source_lines)
    for node in ways:
        line = graph.line(node)
        if line is None:
            continue
        origins = Definitions(evidence.program, line[0])
        selects = algebra.form[node] == Arithmetic.LINEAR and len(algebra.parts(node) or ()) == 1
        if origins.picks_directly(line[1]) or (selects and origins.cuts(line[1])):
            return line, origins.cuts(line[1])
        names = origins.indexing(line[1])
        if (
            not names
            and algebra.form[node] == Arithmetic.PRODUCT
            and algebra.parts(node) is not None
        ):
            names = origins.names(line[1])
        for name in names:
            loop = origins.loop_of(name, line[1])
            if loop is not None and origins.cuts(loop.lineno):
                if origins.leaves_unused(loop, name):
                    return line, True  # the loop has the right one, too
                return (line[0], loop.lineno), True
            found = origins.follow(name, line[1], made)
            if found is not None and not origins.is_plain(found[1], name):
                return found, origins.cuts(found[1])
    line = graph.line(ways[-1]) or graph.line(row.top)
    return line, line is not None and Definitions(evidence.program, line[0]).cuts(line[1])


def _ways_of_target(algebra: Algebra, row: ScoredRow) -> list[int]:
    """The nodes by which most of the loss's slope reaches the target's score, from the score up."""
    grad = algebra.seen.true_grad
    found, at = [row.top], row.top
    for _ in range(MOST_UP):
        users = algebra.consumers[at]
        if not users:
            break
        at = max(users, key=lambda user: abs(grad[user]) * _slope_between(algebra, found[-1], user))
        found.append(at)
    return found


def _slope_between(algebra: Algebra, node: int, user: int) -> float:
    return sum(
        abs(algebra.slopes[edge])
        for edge in range(algebra.start[user], algebra.start[user + 1])
        if algebra.operands[edge] == node
    )


def scoring_line(evidence: Evidence, model: TextModel, row: ScoredRow) -> SourcePlace | None:
    """Where the loss takes some of what is computed: a slice or a place of it, or a bare sum."""
    algebra, graph = model.algebra, model.algebra.graph
    ways = _ways_of_target(algebra, row)
    lines = [line for node in ways if (line := graph.line(node)) is not None]
    if not lines:
        return None
    definitions = Definitions(evidence.program, lines[-1][0])
    function = definitions.function_around(lines[-1][1])
    found = definitions.part_taken(function, [at for _, at in lines])
    if found is not None:
        return lines[-1][0], found
    scope = int(graph.scope_of[ways[-1]])
    own = next(node for node in ways if graph.scope_of[node] == scope)
    line = graph.line(own)
    if line is not None and not isinstance(definitions.statement_at(line[1]), ast.Return):
        return line
    return line_within(graph, ways[0], scope) or lines[-1]
