"""A difference in words: what is not alike, where by name, both numbers, and what brought it in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from microgpt.debugger.wording import called_in, made_at, number
from microgpt.difference.graph_difference import GraphDifference, Parting
from microgpt.difference.pass_difference import PassDifference
from microgpt.difference.run_difference import Losses, RunDifference, RunParting
from microgpt.graph.graph import Graph
from microgpt.graph.ledger import ADDED
from microgpt.model.place_names import named

A, B = "A", "B"
_HOW = {
    "value": "another number",
    "op": "another op",
    "constant": "another constant",
    "operands": "other operands",
    "only in A": "only A computes it",
    "only in B": "only B computes it",
    "local gradient": "another local gradient in the backward pass",
    "gradient": "another gradient in the backward pass",
    "pass": "only one has a backward pass",
}
NAME = 9
"""Width of what begins a line of two numbers. Units: characters."""


def run_lines(difference: RunDifference) -> list[str]:
    """Two runs: their settings, the step and node where they part, and their losses afterwards."""
    told = [f"  {row.name:<18} {row.a!s:<18} {row.b}" for row in difference.settings]
    if told:
        told.insert(0, f"  {'configuration':<18} {A:<18} {B}")
    else:
        told.append("  configuration      alike")
    last, parting = min(difference.last_step), difference.parting
    if parting is None:
        told.append(f"alike: steps {difference.first_step} to {last}, every loss and parameter")
    else:
        told += [_parting_of_runs(parting), *graph_lines(parting.graphs)]
        told += _losses(parting.losses)
    longer, steps = max(zip(difference.last_step, (A, B), strict=True))[::-1]
    if difference.last_step[0] != difference.last_step[1]:
        told.append(f"  {longer} goes on to step {steps}, the other ends with step {last}")
    return told


def pass_lines(difference: PassDifference) -> list[str]:
    """Two programs: the pass and the node where they part."""
    if not difference.graphs.is_alike:
        return [f"they part at pass {difference.number}", *graph_lines(difference.graphs)]
    n_nodes = f"{len(difference.graphs.a):,} nodes in the last"
    count = "1 pass" if difference.n_compared == 1 else f"{difference.n_compared:,} passes"
    if difference.is_alike:
        told = [f"alike: {count}, {n_nodes}, each with its value and gradient"]
    else:
        told = [f"they part after pass {difference.number}: only one has another; {n_nodes}"]
    ends = zip((A, B), difference.ended, strict=True)
    return told + [f"  {name} ended: {why}" for name, why in ends if why]


def _parting_of_runs(parting: RunParting) -> str:
    document, other = parting.documents
    text = f"“{document}”" if document == other else f"“{document}” and “{other}”"
    if parting.update == parting.step:
        return f"they part in the update of step {parting.step}, the last that both have, {text}"
    why = {
        "beginning": "what they begin with is not alike",
        "update": f"the update of step {parting.update} left other parameters",
        "document": "the document drawn is another",
        "step": "with the same parameters and document",
    }[parting.cause]
    return f"they part at step {parting.step}, {text}: {why}"


def _losses(losses: Losses) -> Iterator[str]:
    told = f"  of {losses.steps} losses from there on {losses.differing} differ"
    if losses.differing:
        told += f", most at step {losses.largest_step}, by {number(losses.largest)}"
    yield told
    yield from (f"  {line}" for line in _table(_Row("the last", *losses.last)))


def graph_lines(difference: GraphDifference) -> list[str]:
    """Two graphs: the first node, what brought it, and how far they are apart after it."""
    first = difference.first
    if first is None:
        n_nodes = len(difference.a)
        return [f"  alike: {n_nodes:,} nodes, each with its value and gradient"]
    told = [f"  first: {_node(difference, first)}: {_HOW[first.how]}"]
    told += [f"  {line}" for line in _parting(difference, first)]
    op = difference.first_op
    if op is not None and (op.a, op.b) != (first.a, first.b):
        told.append(f"  the first op: {_node(difference, op)}: {_HOW[op.how]}")
        told += [f"  {line}" for line in _parting(difference, op)]
    return told + list(_after(difference))


def _node(difference: GraphDifference, parting: Parting) -> str:
    """What a node is called, and its id in B where that is another."""
    if parting.a is None:
        assert parting.b is not None
        return called_in(difference.b, parting.b)
    called = called_in(difference.a, parting.a)
    return called if parting.b in {None, parting.a} else f"{called}, #{parting.b} in B"


def _parting(difference: GraphDifference, parting: Parting) -> Iterator[str]:
    a, b = difference.a, difference.b
    if parting.how == "pass":
        for name, graph in ((A, a), (B, b)):
            why = "has one" if graph.backpropagated else f"has none: {graph.why_no_events}"
            yield f"  {name}: {why}"
        return
    if parting.edge is not None:
        yield from _share(difference, parting)
    elif parting.how == "gradient":
        assert parting.a is not None
        assert parting.b is not None
        yield from _table(_Row("gradient", float(a.grad[parting.a]), float(b.grad[parting.b])))
    else:
        yield from _computed(difference, parting)
    if parting.how in {"gradient", "local gradient"}:
        yield from _odd_writes(difference, parting)
    if parting.a is not None and parting.b is not None:
        yield from _lines_of(difference, parting.a, parting.b)


def _computed(difference: GraphDifference, parting: Parting) -> Iterator[str]:
    """A node's op where that is another, its numbers, and its operands."""
    a, b, node, other = difference.a, difference.b, parting.a, parting.b
    if node is None or other is None:
        for name, graph, at in ((A, a, node), (B, b, other)):
            if at is not None:
                yield f"  {name}  {number(float(graph.data[at]))}{_formula(graph, at)}"
                yield from (f"  {name}{line}" for line in made_at(graph.line(at)))
        if (instead := parting.instead) is not None:
            name, graph = (A, a) if node is None else (B, b)
            told = f"{number(float(graph.data[instead]))}{_formula(graph, instead)}"
            yield f"  {name}  has {called_in(graph, instead)} instead: {told}"
            yield from (f"  {name}{line}" for line in made_at(graph.line(instead)))
        return
    if parting.how == "op":
        yield f"  {'op':<{NAME}}   A {a.op(node)}   B {b.op(other)}"
    rows = [_Row("value", float(a.data[node]), float(b.data[other]))]
    if parting.how == "constant":
        rows.insert(0, _Row("constant", float(a.immediate[node]), float(b.immediate[other])))
    for operand in parting.operands:
        about = f"{named(a, operand.a)}: {'brought it' if operand.differs else 'alike'}"
        if not operand.is_same_node:
            about = f"A {named(a, operand.a)}, B {named(b, operand.b)}: another node"
        numbers = float(a.data[operand.a]), float(b.data[operand.b])
        rows.append(_Row(f"operand {operand.slot}", *numbers, about))
    yield from _table(*rows)


def _formula(graph: Graph, node: int) -> str:
    """` = mul(x[0] at 0 BOS (#12), #7)`; `""` of a leaf."""
    operands = ", ".join(named(graph, edge.operand) for edge in graph.operands_of(node))
    return f" = {graph.op(node)}({operands})" if operands else ""


def _share(difference: GraphDifference, parting: Parting) -> Iterator[str]:
    """What one edge brings to a gradient in both."""
    a, b = difference.a, difference.b
    assert parting.edge is not None
    consumer, slot, other, other_slot = parting.edge
    mine, theirs = a.operands_of(consumer)[slot], b.operands_of(other)[other_slot]
    yield f"  brought by {called_in(a, consumer)}, whose operand {slot} it is"
    yield from _table(
        _Row("local", mine.local, theirs.local),
        _Row("adjoint", float(a.grad[consumer]), float(b.grad[other])),
        _Row("share", mine.contribution, theirs.contribution),
    )


def _odd_writes(difference: GraphDifference, parting: Parting) -> Iterator[str]:
    """The first write to the gradient that added nothing: `A replaced it, in event 13, ...`."""
    for name, graph, node in ((A, difference.a, parting.a), (B, difference.b, parting.b)):
        if graph.ledger is None or node is None:
            continue
        ledger = graph.ledger
        odd = np.flatnonzero((ledger.node == node) & (ledger.kind != ADDED) & (ledger.event > 0))
        if not len(odd):
            continue
        event = int(ledger.event[odd[0]])
        write = next(c for c in graph.event(event).changes if c.node == node and c.kind != "added")
        at = "".join(line.strip() for line in made_at(write.line))
        yield f"  {name} {write.kind} it, in event {event}{f', {at}' if at else ''}"


def _lines_of(difference: GraphDifference, a: int, b: int) -> Iterator[str]:
    """The lines of code that made a node in both."""
    in_a, in_b = difference.a.line(a), difference.b.line(b)
    if in_a == in_b:
        yield from made_at(in_a)
        return
    for name, place in ((A, in_a), (B, in_b)):
        yield from (f"  {name}{line}" for line in made_at(place))


class _Row(NamedTuple):
    """Two numbers beside each other."""

    what: str
    a: float
    b: float
    about: str = ""


def _table(*rows: _Row) -> Iterator[str]:
    """Rows of two numbers, with as many digits as tell them apart, and how far apart they are."""
    cells = []
    for what, a, b, about in rows:
        mine, theirs = number(a), number(b)
        is_number = not (math.isnan(a) or math.isnan(b))
        if mine == theirs and a != b and is_number:
            mine, theirs = repr(a), repr(b)
        apart = f"by {number(b - a)}" if a != b and is_number else ""
        cells.append((what.ljust(NAME), f"A {mine}", f"B {theirs}", apart, about))
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        told = "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield f"  {told}".rstrip()


def _after(difference: GraphDifference) -> Iterator[str]:
    """How many numbers are not alike, and how far the furthest are apart."""
    a, b, alignment = difference.a, difference.b, difference.alignment
    spreads = [("value", a.data, b.data, difference.values)]
    if a.backpropagated and b.backpropagated:
        spreads.append(("gradient", a.grad, b.grad, difference.gradients))
    counts = [f"{spread.n:,} {what}s" for what, _, _, spread in spreads]
    only = [
        f"; {len(nodes):,} nodes are only in {name}"
        for name, nodes in ((A, alignment.only_in_a), (B, alignment.only_in_b))
        if len(nodes)
    ]
    pairs = f"{len(alignment.paired):,} node{'' if len(alignment.paired) == 1 else 's'}"
    yield f"  of {pairs} that both have {' and '.join(counts)} differ{''.join(only)}"
    rows = [
        _Row(
            what, float(of_a[spread.node]), float(of_b[alignment.of_a[spread.node]]),
            f"{named(a, spread.node)}: furthest apart",
        )
        for what, of_a, of_b, spread in spreads
        if spread.node is not None
    ]  # fmt: skip
    last = _Row("the root", float(a.data[a.root]), float(b.data[b.root]))
    yield from (f"  {line}" for line in _table(*rows, last))
