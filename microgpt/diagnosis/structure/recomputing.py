"""What a pass's graph comes to for other numbers of its leaves."""

from __future__ import annotations

import math

from microgpt.diagnosis.structure.algebra import Algebra
from microgpt.diagnosis.structure.forms import Arithmetic
from microgpt.diagnosis.true_math import computed, meaning_of


def recomputed(algebra: Algebra, numbers: dict[int, float]) -> float:
    """The root for other numbers of some leaves, nan where an op on the way is not known.

    What depends on none of them stays as the program has it.
    """
    graph, start, operands = algebra.graph, algebra.start, algebra.operands
    data, is_other = list(algebra.data), [False] * len(algebra.data)
    for leaf, number in numbers.items():
        data[leaf], is_other[leaf] = number, True
    for node in graph.forward_order.tolist():
        edges = range(start[node], start[node + 1])
        if any(is_other[operands[edge]] for edge in edges):
            is_other[node] = True
            try:
                data[node] = _computed(algebra, node, [data[operands[edge]] for edge in edges])
            except (ArithmeticError, ValueError):
                data[node] = math.nan
    return data[graph.root]


def _computed(algebra: Algebra, node: int, row: list[float]) -> float:
    """A node for other numbers of its operands."""
    form, number = algebra.form[node], algebra.data[node]
    begin, end = algebra.start[node], algebra.start[node + 1]
    before = [algebra.data[operand] for operand in algebra.operands[begin:end]]
    slopes = algebra.slopes[begin:end]
    if form == Arithmetic.LINEAR:
        moves = zip(slopes, row, before, strict=True)
        return number + sum(slope * (now - was) for slope, now, was in moves if slope)
    if form == Arithmetic.PRODUCT:
        return row[0] * row[1]
    if form == Arithmetic.QUOTIENT:
        return row[0] / row[1]
    if form == Arithmetic.RECIPROCAL:
        return 1 / row[0]
    if form == Arithmetic.EXP:
        return math.exp(row[0])
    if form == Arithmetic.LOG:  # which may have a guard inside
        return math.log(row[0] + math.exp(number) - before[0])
    if form == Arithmetic.DOT:
        half = len(row) // 2
        return sum(a * b for a, b in zip(row[:half], row[half : 2 * half], strict=True)) + sum(
            row[2 * half :]
        )
    if form == Arithmetic.PAIRS:
        return sum(a * b for a, b in zip(row[::2], row[1::2], strict=False)) + sum(
            row[len(row) // 2 * 2 :]
        )
    if form in {Arithmetic.SOFTMAX, Arithmetic.LOG_SOFTMAX, Arithmetic.LOGSUMEXP}:
        return _of_softmax(form, int(algebra.forms.chosen[node]), row, slopes)
    graph = algebra.graph
    name = graph.op(node)
    if name == "pow" and len(row) == 1:
        return math.pow(row[0], float(graph.immediate[node]))
    meaning = meaning_of(name, len(row))
    return math.nan if meaning is None else computed(meaning, row)


def _of_softmax(form: int, chosen: int, row: list[float], slopes: list[float]) -> float:
    """Over the operands that have a say."""
    own = [number for number, slope in zip(row, slopes, strict=True) if slope]
    if not own or (chosen < 0 and form != Arithmetic.LOGSUMEXP):
        return math.nan  # it is all or nothing: what it would be nobody knows
    largest = max(own)
    total = math.log(sum(math.exp(number - largest) for number in own)) + largest
    if form == Arithmetic.LOGSUMEXP:
        return total
    score = row[chosen] - total
    return score if form == Arithmetic.LOG_SOFTMAX else math.exp(score)
