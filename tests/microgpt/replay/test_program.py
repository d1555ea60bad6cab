"""Any graph run again as a program: every number as in a fresh computation on Values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from microgpt import DomainError, Graph, GraphError, Value
from microgpt.bindings import negative_max
from microgpt.replay import loops
from microgpt.replay.program import Program
from microgpt.value import topological_order
from tests.microgpt.random_dags import NUMBERS, Dag, dags


def hexes(numbers: Sequence[float] | NDArray[np.float64]) -> list[str]:
    return [float(number).hex() for number in numbers]


def assert_same(ours: Graph, theirs: Graph) -> None:
    """Every field the same, numbers to the bit."""
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


def traced(dag: Dag) -> Graph:
    dag.root.backward()
    return Graph.from_value(dag.root)


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


@given(dags)
def test_with_nothing_changed_it_gives_the_graph(dag: Dag) -> None:
    graph = traced(dag)
    assert_same(Program.of(graph).run().graph(), graph)


@given(dags, st.data())
def test_nodes_given_a_number_are_constants_in_a_fresh_computation(
    dag: Dag, data: st.DataObject
) -> None:
    graph = traced(dag)
    nodes = st.integers(0, len(graph) - 1)
    numbers = data.draw(st.dictionaries(nodes, NUMBERS, max_size=3))
    program = Program.of(graph)
    try:
        run = program.run(numbers)
    except GraphError:  # it leads to a node that no operator makes
        assert len(np.flatnonzero(program.code.op == loops.RECORDED))
        return
    except DomainError:
        with pytest.raises(DomainError):
            built_again(graph, numbers)
        return
    made = built_again(graph, numbers)
    assert hexes(run.data) == [made[i].data.hex() for i in range(len(graph))]
    assert hexes(run.grad) == [made[i].grad.hex() for i in range(len(graph))]
    ids = {value: i for i, value in made.items()}
    order = [ids[value] for value in reversed(topological_order(made[graph.root]))]
    assert run.visit_order.tolist() == order
    locals_ = [g for i in range(len(graph)) for g in made[i]._local_grads]
    shown = run.graph()
    assert hexes(shown.local_grads) == [g.hex() for g in locals_]
    assert hexes(shown.grads_at(shown.n_events - 1)) == hexes(shown.grad)
    for i in numbers:
        assert shown.is_leaf(i)
        assert shown.data[i] == numbers[i]
