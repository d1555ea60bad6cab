"""Any graph run again as a program: every number as in a fresh computation on Values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import DomainError, Graph, GraphError, Value, parameter, scope
from microgpt.autograd.backward_order import topological_order
from microgpt.autograd.bindings import negative_max
from microgpt.replay import loops
from microgpt.replay.graph_program import GraphProgram
from tests.microgpt.graph.random_dags import NUMBERS, Dag, dags
from tests.microgpt.replay.same import assert_same, built_again, hexes


def traced(dag: Dag) -> Graph:
    dag.root.backward()
    return Graph.from_value(dag.root)


@given(dags)
def test_with_nothing_changed_it_gives_the_graph(dag: Dag) -> None:
    graph = traced(dag)
    assert_same(GraphProgram.of(graph).run().graph(), graph)


@given(dags, st.data())
def test_nodes_given_a_number_are_constants_in_a_fresh_computation(
    dag: Dag, data: st.DataObject
) -> None:
    graph = traced(dag)
    nodes = st.integers(0, len(graph) - 1)
    numbers = data.draw(st.dictionaries(nodes, NUMBERS, max_size=3))
    program = GraphProgram.of(graph)
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


def test_dot_products_are_links_except_where_something_else_looks_in() -> None:
    """A partial sum with a second consumer, and a product with one, are computed apart."""
    xs, ys = ([Value(0.1 * i + k) for i in range(8)] for k in (1, 2))
    total = xs[0] * ys[0] + 0
    kept = []
    for x, y in zip(xs[1:], ys[1:], strict=True):
        product = x * y
        total = total + product
        kept += [product, total]
    graph = traced(Dag((total * kept[3] + kept[6]).relu(), ()))
    program = GraphProgram.of(graph)
    # Of 7 links: the partial sum kept[3] has another consumer, so the link before may end in it,
    # but the one after may not begin from it; the product kept[6] has one, and so is no link.
    assert program.code.links.sum() == 5
    assert_same(program.run().graph(), graph)
    for node in range(len(graph)):
        numbers = {node: 0.7}
        run, made = program.run(numbers), built_again(graph, numbers)
        assert hexes(run.data) == [made[i].data.hex() for i in range(len(graph))]
        assert hexes(run.grad) == [made[i].grad.hex() for i in range(len(graph))]


def test_a_max_leaf_is_computed_from_its_inputs_until_it_is_given_a_number() -> None:
    x, y = Value(1.0, name="x"), Value(-2.0, name="y")
    shift = negative_max([x, y])
    root = (x + shift).exp() + (y + shift).exp()
    root.backward()
    program = GraphProgram.of(Graph.from_value(root))
    node = program.graph.find(shift.name)
    run = program.run({program.graph.find("y"): 5.0})
    assert run.data[node] == -5.0
    assert run.graph().bindings[node] == program.graph.bindings[node]
    run = program.run({program.graph.find("y"): 5.0, node: 1.5})
    assert run.data[node] == 1.5
    assert node not in run.graph().bindings


def test_leaves_without_a_declaration_are_said_to_be_constants() -> None:
    row = parameter(0.5, "w", 0, 0)
    shift = negative_max([row])
    root = (row + shift) * 3.0 + Value(2.0, name="input")
    program = GraphProgram.of(Graph.from_value(root))
    constants = {program.graph.label(int(i)) for i in program.constants}
    assert constants == {"3", "input"}


def test_gradients_that_the_pass_found_are_found_again() -> None:
    x, y = Value(2.0, name="x"), Value(3.0)
    (x * y).backward()
    root = x * x + y
    root.backward()
    graph = Graph.from_value(root)
    assert graph.grad[graph.find("x")] == 7.0
    program = GraphProgram.of(graph)
    assert_same(program.run().graph(), graph)
    assert program.run({graph.find("x"): 5.0}).grad[graph.find("x")] == 13.0


def test_a_graph_without_a_backward_pass_gets_one() -> None:
    x = Value(2.0, name="x")
    run = GraphProgram.of(Graph.from_value(x * x)).run()
    assert run.grad.tolist() == [4.0, 1.0]
    assert run.graph().event(1).changes[-1].new == 4.0


def test_a_leaf_alone() -> None:
    run = GraphProgram.of(Graph.from_value(Value(2.0))).run({0: 3.0})
    assert (run.root, run.grad.tolist(), run.visit_order.tolist()) == (3.0, [1.0], [])


class TestWhatCannotBeComputedAgain:
    @staticmethod
    def program() -> GraphProgram:
        """w goes into an op that has no row; x does not. Its local gradients are its own."""
        w, x = Value(0.5, name="w"), Value(2.0, name="x")
        squashed = Value(0.25, (w,), (0.75,), "exp", name="squashed")
        root = squashed * x
        root.backward()
        return GraphProgram.of(Graph.from_value(root))

    def test_changes_elsewhere_flow_past_it_with_what_was_recorded(self) -> None:
        program = self.program()
        run = program.run({program.graph.find("x"): 4.0})
        assert run.root == 1.0
        assert run.grad[program.graph.find("w")] == 0.75 * 4.0

    def test_a_change_before_it_is_refused(self) -> None:
        program = self.program()
        with pytest.raises(GraphError, match=r"squashed \(exp\) .* cannot be computed"):
            program.run({program.graph.find("w"): 1.0})

    def test_it_can_be_given_a_number(self) -> None:
        program = self.program()
        w, squashed = program.graph.find("w"), program.graph.find("squashed")
        run = program.run({w: 1.0, squashed: 3.0})
        assert run.root == 6.0
        assert run.grad[w] == 0.0

    def test_numbers_changed_after_they_were_used_are_noticed(self) -> None:
        x = Value(2.0, name="x")
        root = x * x
        root.backward()
        x.data = 3.0
        program = GraphProgram.of(Graph.from_value(root))
        assert program.run().root == 4.0
        with pytest.raises(GraphError, match="what is recorded of it is not what that op gives"):
            program.run({0: 5.0})


def test_no_such_node() -> None:
    with pytest.raises(GraphError, match="no node #9: the ids of this graph are #0 to #0"):
        GraphProgram.of(Graph.from_value(Value(1.0))).run({9: 1.0})


@pytest.mark.parametrize(
    ("op", "number", "shown"),
    [
        (lambda x: x.log(), -1.0, "log(-1.0)"),
        (lambda x: x.log(), 0.0, "log(0.0)"),
        (lambda x: x.exp(), 1000.0, "exp(1000.0)"),
        (lambda x: x**-1, 0.0, "pow(0.0, -1.0)"),
        (lambda x: x**0.5, 0.0, "pow(0.0, 0.5)"),  # its local gradient
        (lambda x: x**0.5, -4.0, "pow(-4.0, 0.5)"),
    ],
)
def test_an_op_without_a_finite_result(
    op: Callable[[Value], Value], number: float, shown: str
) -> None:
    with scope("here"):
        graph = Graph.from_value(op(Value(2.0)) * 2)
    with pytest.raises(DomainError) as caught:
        GraphProgram.of(graph).run({0: number})
    assert str(caught.value) == f"{shown} has no finite real value, at #1 in here"


def test_infinite_and_nan_operands_flow_on() -> None:
    """As on Values, where inf - inf is nan and no error."""
    x = Value(2.0)
    graph = Graph.from_value((x - x).exp() + x.relu())
    for number in (math.inf, math.nan):
        run = GraphProgram.of(graph).run({0: number})
        made = built_again(graph, {0: number})
        assert str(run.data.tolist()) == str([made[i].data for i in range(len(graph))])


def test_a_changed_graph_can_be_changed_again(emma_graph: Graph) -> None:
    """Two changes one after the other are the two at once."""
    program = GraphProgram.of(emma_graph)
    leaf, inner = emma_graph.find("layer0.attn_wq[3][7]"), emma_graph.find("p1(m)")
    one = program.run({leaf: 0.25}).graph()
    both = program.run({leaf: 0.25, inner: 0.5}).graph()
    assert both.data[emma_graph.root] != one.data[emma_graph.root]
    assert_same(GraphProgram.of(one).run({inner: 0.5}).graph(), both)
    assert_same(GraphProgram.of(emma_graph).run().graph(), emma_graph)


def test_the_size_of_a_node(emma_graph: Graph) -> None:
    assert GraphProgram.of(emma_graph).nbytes <= 60 * len(emma_graph)
