"""Whether two Graphs are the same, numbers to the bit; and a Graph computed afresh on Values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from microgpt import Graph, Value
from microgpt.autograd.bindings import negative_max


def hexes(numbers: Sequence[float] | NDArray[np.float64]) -> list[str]:
    return [float(number).hex() for number in numbers]


def assert_same(ours: Graph, theirs: Graph) -> None:
    """Every field, types and the order in mappings included."""
    for field in ("data", "grad", "grad_before", "local_grads", "immediate"):
        assert hexes(getattr(ours, field)) == hexes(getattr(theirs, field)), field
    for field in ("op_codes", "operand_start", "operands", "visit_order", "scope_of", "line_of"):
        a, b = getattr(ours, field), getattr(theirs, field)
        assert a.dtype == b.dtype, field
        assert a.tolist() == b.tolist(), field
    assert list(ours.scopes) == list(theirs.scopes)
    for field in ("source_lines", "names", "bindings", "root", "backpropagated"):
        assert getattr(ours, field) == getattr(theirs, field), field
    assert list(ours.names) == list(theirs.names)
    assert list(ours.bindings) == list(theirs.bindings)


def built_again(graph: Graph, numbers: Mapping[int, float]) -> dict[int, Value]:
    """A fresh computation of a graph with some nodes in constants' places, backpropagated.

    Nodes that no operator would make keep their recorded number and local gradients.
    """
    made: dict[int, Value] = {}
    for i in range(len(graph)):
        edges = graph.operands_of(i)
        a, *rest = [made[e.operand] for e in edges] or [None]
        if i in numbers or a is None:
            data = numbers.get(i, float(graph.data[i]))
            binding = graph.bindings.get(i)
            if isinstance(binding, tuple) and i not in numbers:
                data = negative_max([made[k] for k in binding]).data
            made[i] = Value(data)
            continue
        match graph.op(i), rest:
            case "add", [b] if [e.local for e in edges] == [1.0, 1.0]:
                made[i] = a + b
            case "mul", [b]:
                made[i] = a * b
            case "relu" | "exp" | "log" as op, []:
                made[i] = getattr(a, op)()
            case "pow", []:
                made[i] = a ** float(graph.immediate[i])
            case _:
                locals_ = tuple(e.local for e in edges)
                made[i] = Value(float(graph.data[i]), (a, *rest), locals_, graph.op(i))
    made[graph.root].backward()
    return made
