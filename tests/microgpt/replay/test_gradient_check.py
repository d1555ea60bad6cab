"""Gradients against central differences: right ones pass, wrong ones are found where they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from microgpt import Graph, GraphError, ModelConfig, ModelSnapshot, Training, Value, load_corpus
from microgpt.replay.gradient_check import GradientCheck
from microgpt.replay.graph_program import GraphProgram
from tests.microgpt.graph.random_dags import Dag, dags


def test_every_node_of_a_model() -> None:
    """Of all gradients of a small model the worst is right to a millionth."""
    run = Training(load_corpus("names"), ModelConfig(n_embd=4, n_head=2, block_size=4))
    for _ in run.results(5):
        pass
    graph = ModelSnapshot.of(run).trace("ava")
    check = GradientCheck.of(graph)
    assert sorted(check.nodes.tolist()) == list(range(len(graph)))
    assert len(check.unchecked) == 0
    large = np.abs(check.analytic) > 1e-4
    assert large.sum() > 1000
    assert check.errors[large].max() < 1e-6
    assert (check.errors[:-1] >= check.errors[1:]).all()
    off = np.abs(check.analytic - check.numeric)
    assert (off <= 1e-6 * np.abs(check.analytic) + 1e-9).all()
    tiny = np.abs(check.analytic) < 1e-6
    assert (off[tiny] <= 10 * check.rounding[tiny] + 1e-12).all()


def test_rows_are_what_a_fresh_computation_gives() -> None:
    x, y = Value(3.0, name="x"), Value(-40.0, name="y")
    root = (x * y + x).exp() * y
    root.backward()
    graph = Graph.from_value(root)
    rows = {row.node: row for row in GradientCheck.of(graph)}
    for name, base in (("x", 3.0), ("y", -40.0)):
        row = rows[graph.find(name)]
        assert row.step == pytest.approx(6e-6 * abs(base), rel=0.02)
        roots = []
        for number in (base + row.step, base - row.step):
            numbers = {"x": 3.0, "y": -40.0} | {name: number}
            x, y = Value(numbers["x"]), Value(numbers["y"])
            roots.append((x * y + x).exp() * y)
        slope = (roots[0].data - roots[1].data) / ((base + row.step) - (base - row.step))
        assert row.numeric == slope
        assert row.analytic == graph.grad[row.node]
        expected = abs(row.analytic - slope) / max(abs(row.analytic), abs(slope), 1e-8)
        assert row.error == expected


@given(dags)
def test_the_slope_is_that_of_running_the_program_twice(dag: Dag) -> None:
    graph = Graph.from_value(dag.root)
    program, check = GraphProgram.of(graph), GradientCheck.of(graph)
    for row in check:
        numbers = [float(graph.data[row.node]) + sign * row.step for sign in (1, -1)]
        try:
            above, below = (program.run({row.node: number}).root for number in numbers)
        except (GraphError, ArithmeticError):  # run also wants local gradients
            continue
        assert row.numeric == (above - below) / (numbers[0] - numbers[1])


def test_a_wrong_local_gradient_shows_before_it_and_not_after() -> None:
    x = Value(1.5, name="x")
    inner = x * x
    wrong = Value(math.exp(inner.data), (inner,), (2.0,), "exp", name="wrong")
    root = wrong * wrong
    root.backward()
    graph = Graph.from_value(root)
    errors = {graph.name(row.node): row.error for row in GradientCheck.of(graph)}
    assert errors["x"] > 0.5
    assert errors["#1"] > 0.5  # the wrong op's operand
    assert errors["wrong"] < 1e-8


def test_some_nodes_only() -> None:
    x, y = Value(1.5, name="x"), Value(2.5, name="y")
    root = x * y
    root.backward()
    check = GradientCheck.of(Graph.from_value(root), [1])
    assert check.nodes.tolist() == [1]
    assert len(check) == 1
    with pytest.raises(GraphError, match="no node #7"):
        GradientCheck.of(Graph.from_value(root), [7])


def test_nodes_whose_slope_cannot_be_had_are_listed() -> None:
    """Where a step leaves an op's domain."""
    y, tiny = Value(0.0, name="y"), Value(1e-7, name="tiny")
    root = y * 1.0 + (tiny * 1.0).log()
    root.backward()
    graph = Graph.from_value(root)
    check = GradientCheck.of(graph)
    unchecked = [graph.name(int(i)) for i in check.unchecked]
    assert "tiny" in unchecked
    assert "y" not in unchecked
    assert graph.find("y") in check.nodes
    assert check.trusted.tolist() == []


def test_an_op_that_nothing_computes_is_trusted_and_what_is_before_it_checked() -> None:
    """Two of them, one behind the other, of one operand and of two."""
    x, y = Value(1.5, name="x"), Value(0.5, name="y")
    wrong = Value(math.exp(x.data), (x,), (2.0,), "exp", name="wrong")
    unknown = Value(0.3, (wrong, y), (0.7, -0.2), "exp", name="unknown")
    root = Value(-4.0, (unknown * y,), (3.0,), "log", name="root") * unknown
    root.backward()
    graph = Graph.from_value(root)
    check = GradientCheck.of(graph)
    assert [graph.name(int(i)) for i in check.trusted] == ["unknown", "root"]
    assert len(check.unchecked) == 0
    rows = {graph.name(row.node): row for row in check}
    # d root / d unknown: -4 by the last product, 3 y times 0.3 through the log
    slope = -4.0 + 3.0 * 0.5 * 0.3
    assert rows["unknown"].numeric == pytest.approx(slope, rel=1e-8)
    assert rows["y"].numeric == pytest.approx(-0.2 * slope + 3.0 * 0.3 * 0.3, rel=1e-8)
    assert rows["x"].numeric == pytest.approx(0.7 * slope * math.exp(1.5), rel=1e-8)
    assert rows["x"].error > 0.5
    assert all(row.error < 1e-7 for name, row in rows.items() if name != "x")


def test_gradients_accumulated_before_do_not_count() -> None:
    x = Value(2.0, name="x")
    (x * x).backward()
    root = x * 3.0
    root.backward()
    graph = Graph.from_value(root)
    assert graph.grad[0] == 7.0
    (row,) = GradientCheck.of(graph, [0])
    assert row.analytic == 3.0
    assert row.error < 1e-9


@pytest.mark.parametrize("at", [0.0, 1e-7, -1e-7])
def test_the_slope_on_one_side_of_a_bend_is_no_mistake(at: float) -> None:
    x = Value(at, name="x")
    root = (x * 1.0).relu() * 3.0 + 1.0
    root.backward()
    graph = Graph.from_value(root)
    check = GradientCheck.of(graph)
    assert graph.find("x") in check.unchecked
    assert check.errors.max() < 1e-3


def test_bends_on_both_sides_and_nearness_to_0_are_no_mistakes() -> None:
    x = Value(0.0)
    between = (x + 1e-6).relu() * 3.0 + (x - 1e-6).relu() * 5.0
    between.backward()
    check = GradientCheck.of(Graph.from_value(between))
    assert len(check) + len(check.unchecked) == len(Graph.from_value(between))
    assert max(row.error for row in check) < 1e-6
    x = Value(1e-5)  # a step is half of it
    near = x.log()
    near.backward()
    worst = next(iter(GradientCheck.of(Graph.from_value(near))))
    assert (worst.analytic, worst.error < 1e-3) == (1 / 1e-5, True)


def test_a_wrong_gradient_near_0_is_one() -> None:
    x = Value(1e-5)
    log = Value(math.log(1e-5), (x,), (0.9e5,), "log")
    log.backward()
    worst = next(iter(GradientCheck.of(Graph.from_value(log))))
    assert worst.node == 0
    assert worst.error > 0.05


def test_a_wrong_gradient_at_a_bend_is_one() -> None:
    x = Value(0.0, name="x")
    relu = Value(0.0, (x,), (0.25,), "relu")
    relu.backward()
    worst = next(iter(GradientCheck.of(Graph.from_value(relu))))
    assert (worst.node, worst.analytic, worst.numeric, worst.error) == (0, 0.25, 0.5, 0.5)


def test_a_recorded_node_that_nothing_moves_keeps_its_number_to_the_bit() -> None:
    """Its slopes times its operands would not add up to it: 0.5 - 0.15 * x - 0.1 * y is rounded."""
    x, y, factor = Value(-1.0), Value(2.0), Value(-2.0)
    node = Value(0.5, (x, y), (0.15, 0.1), "add")
    root = node * factor
    root.backward()
    (check,) = GradientCheck.of(Graph.from_value(root), [2])
    above, below = -2.0 + check.step, -2.0 - check.step
    assert check.numeric == (0.5 * above - 0.5 * below) / (above - below)
