"""Two graphs: which node is which, where they part first, what brought it, and how far they go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import Graph, GraphError, Value, scope
from microgpt.difference import alignment
from microgpt.difference.alignment import Alignment
from microgpt.difference.graph_difference import GraphDifference

Net = Callable[[Value], Value]


def graph_of(net: Net, x: float = 3.0) -> Graph:
    with scope("in"):
        value = Value(x)
    with scope("net"):
        loss = net(value)
    loss.backward()
    return Graph.from_value(loss)


def difference(a: Net, b: Net) -> GraphDifference:
    return GraphDifference.of(graph_of(a), graph_of(b))


def test_equal_graphs_are_alike() -> None:
    found = difference(lambda x: x * 2.0 + 1.0, lambda x: x * 2.0 + 1.0)
    assert found.is_alike
    assert found.first_op is None
    assert (found.values.n, found.gradients.n, found.values.of) == (0, 0, 5)


def test_another_constant_is_the_first_node_and_brings_the_op_after_it() -> None:
    found = difference(lambda x: x * 2.0 + 1.0, lambda x: x * 2.5 + 1.0)
    assert found.first is not None
    assert found.first_op is not None
    assert (found.first.how, found.a.op(1), found.first.a, found.first.b) == (
        "value",
        "const",
        1,
        1,
    )
    assert found.a.op(found.first_op.a or 0) == "mul"
    (brought,) = found.first_op.brought_by
    assert (brought.slot, brought.a) == (1, 1)
    assert (found.values.n, found.values.largest, found.values.of) == (3, 1.5, 5)
    # The gradient of x is the constant; all others are alike.
    assert (found.gradients.n, found.gradients.node, found.gradients.largest) == (1, 0, 0.5)


def test_a_nan_is_like_a_nan() -> None:
    found = difference(lambda x: x * float("nan"), lambda x: x * float("nan"))
    assert found.is_alike
    other = difference(lambda x: x * float("nan"), lambda x: x * 1.0)
    assert other.first is not None
    assert other.first.a == 1
    assert np.isnan(other.values.largest)


def test_another_op_in_its_place() -> None:
    found = difference(lambda x: (x * 2.0).relu() + 1.0, lambda x: (x * 2.0).exp() + 1.0)
    assert found.first is not None
    assert (found.first.how, found.first.a, found.first.b) == ("op", 3, 3)
    assert [operand.differs for operand in found.first.operands] == [False]
    assert (len(found.alignment.only_in_a), len(found.alignment.only_in_b)) == (0, 0)


def test_another_exponent() -> None:
    found = difference(lambda x: x**2, lambda x: x**3)
    assert found.first is not None
    assert (found.first.how, found.first.a) == ("constant", 1)


def test_other_operands() -> None:
    found = difference(lambda x: (x + 3.0) * x, lambda x: (x + 3.0) * Value(0.5))
    assert found.first is not None
    # B reads a constant of the same number, which A has not.
    assert (found.first.how, found.first.b) == ("only in B", 3)
    assert found.first_op is not None
    assert found.first_op.how == "operands"
    assert [operand.is_same_node for operand in found.first_op.operands] == [True, False]


def test_what_one_of_them_computes_more() -> None:
    found = difference(lambda x: (x * 2.0).exp(), lambda x: (x * 2.0 + 1.0).exp())
    assert found.first is not None
    assert (found.first.how, found.first.a, found.b.op(found.first.b or 0)) == (
        "only in B", None, "const",
    )  # fmt: skip
    back = difference(lambda x: (x * 2.0 + 1.0).exp(), lambda x: (x * 2.0).exp())
    assert back.first is not None
    assert (back.first.how, back.first.b) == ("only in A", None)
    assert back.first.a == found.first.b


def test_a_wrong_local_gradient_parts_only_the_passes() -> None:
    def wrong(x: Value) -> Value:
        doubled = x * 2.0
        return Value(doubled.data + 1.0, (doubled, Value(1.0)), (1.0, 0.5), "add")

    found = difference(lambda x: x * 2.0 + Value(1.0), wrong)
    assert found.first_op is None
    assert found.first is not None
    assert (found.first.how, found.first.a) == ("local gradient", 3)
    assert found.first.edge == (4, 1, 4, 1)
    assert (found.values.n, found.gradients.n, found.gradients.largest) == (0, 1, 0.5)


def test_a_gradient_that_was_there_before() -> None:
    a = graph_of(lambda x: x * 2.0)
    grad = a.grad.copy()
    grad[0] += 1.0
    before = a.grad_before.copy()
    before[0] = 1.0
    found = GraphDifference.of(a, replace(a, grad=grad, grad_before=before))
    assert found.first is not None
    assert (found.first.how, found.first.a, found.first.edge) == ("gradient", 0, None)


def test_a_pass_that_only_one_has() -> None:
    a = graph_of(lambda x: x * 2.0)
    found = GraphDifference.of(a, replace(a, backpropagated=False))
    assert found.first is not None
    assert found.first.how == "pass"


def test_nothing_in_common() -> None:
    with scope("other"):
        b = Graph.from_value(Value(1.0) + Value(2.0))
    with pytest.raises(GraphError, match=r"of 1 and 3 nodes, have no scope with an op in common"):
        GraphDifference.of(Graph.from_value(Value(1.0)), b)


def test_what_the_other_has_instead() -> None:
    found = difference(lambda x: (x * 2.0).relu() * 3.0, lambda x: (x * 2.0).exp().log() * 3.0)
    assert found.first is not None
    assert (found.first.how, found.first.a, found.first.instead) == ("only in A", 3, 3)
    assert (found.a.op(3), found.b.op(3)) == ("relu", "exp")


# -- which node is which ---------------------------------------------------------------------------


def test_scopes_are_paired_by_their_paths() -> None:
    def in_scopes(*names: str) -> Graph:
        total = Value(0.0, name="total")
        for name in names:
            with scope(name):
                total = total + Value(1.0) * Value(2.0)
        return Graph.from_value(total)

    a, b = in_scopes("x", "y", "z"), in_scopes("x", "z")
    aligned = Alignment.of(a, b)
    inside = a.scopes.find("z")
    assert aligned.of_a[inside.start : inside.stop].tolist() == [5, 6, 7, 8]
    middle = a.scopes.find("y")
    assert aligned.only_in_a.tolist() == list(range(middle.start, middle.stop))
    assert not len(aligned.only_in_b)


def test_names_outrank_order() -> None:
    def with_parameters(*names: str) -> Graph:
        values = {name: Value(1.0, name=name) for name in names}
        return Graph.from_value(values["a"] * values["b"])

    aligned = Alignment.of(with_parameters("a", "b"), with_parameters("b", "c", "a"))
    assert aligned.of_a.tolist() == [1, 0, 2]


@pytest.mark.parametrize("most", [0, 10**6])
def test_long_scopes_are_paired_too(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(alignment, "MOST_COMPARED", most)

    def powers(n: int) -> Net:
        def net(x: Value) -> Value:
            total = x
            for _ in range(n):
                total = (total * 0.1).exp() + 1.0
            return total.relu() * 3.0

        return net

    aligned = Alignment.of(graph_of(powers(3)), graph_of(powers(5)))
    assert not len(aligned.only_in_a)
    assert len(aligned.only_in_b) == 2 * 5
    assert (np.diff(aligned.of_a) > 0).all()
    assert aligned.of_b[aligned.of_a].tolist() == list(range(len(aligned.of_a)))


# -- any scoped graph ------------------------------------------------------------------------------

NUMBERS = st.floats(-2, 2, allow_nan=False, width=32)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]), st.sampled_from(["add", "mul", "relu", "const"]),
        st.integers(0, 30), st.integers(0, 30), NUMBERS,
    ),
    min_size=1, max_size=25,
)  # fmt: skip


def built(rows: list[tuple[str, str, int, int, float]], edited: int = -1) -> Graph:
    """A graph in which every node matters; of one row the constant is another."""
    made = [Value(0.5)]
    total = Value(0.0)
    for place, (where, op, left, right, constant) in enumerate(rows):
        with scope(where):
            a, b = made[left % len(made)], made[right % len(made)]
            if op == "new":
                total = total + Value(constant)
                continue
            if op == "const" or place == edited:
                made.append(Value(constant + (place == edited)))
            else:
                made.append({"add": a + b, "mul": a * Value(constant), "relu": a.relu()}[op])
            total = total + made[-1]
    total.backward()
    return Graph.from_value(total)


@given(rows=ROWS, pick=st.integers(0, 30))
def test_an_edited_constant_is_the_first_node(
    rows: list[tuple[str, str, int, int, float]], pick: int
) -> None:
    edited = pick % len(rows)
    where, _, left, right, constant = rows[edited]
    rows[edited] = (where, "const", left, right, constant)
    a, b = built(rows), built(rows, edited)
    found = GraphDifference.of(a, b)
    assert found.alignment.is_same
    assert found.first is not None
    # The slow way: node after node.
    slow = next(node for node in range(len(a)) if a.data[node] != b.data[node])
    assert (found.first.how, found.first.a, a.op(slow)) == ("value", slow, "input")
    assert float(a.data[slow]) == constant
    apart = np.abs(b.data - a.data)
    assert found.values.n == np.count_nonzero(apart)
    assert found.values.largest == apart.max()


@given(rows=ROWS, pick=st.integers(0, 30))
def test_a_graph_with_one_row_more_keeps_all_other_nodes(
    rows: list[tuple[str, str, int, int, float]], pick: int
) -> None:
    more = [*rows[: pick % len(rows)], ("new", "new", 0, 0, 1.5), *rows[pick % len(rows) :]]
    a, b = built(rows), built(more)
    found = GraphDifference.of(a, b)
    in_new = [node for node in range(len(b)) if b.scope(node).startswith("new")]
    assert found.alignment.only_in_b.tolist() == in_new
    assert not len(found.alignment.only_in_a)
    assert found.first is not None
    assert (found.first.how, found.first.b) == ("only in B", in_new[0])


CHAIN = st.lists(
    st.tuples(st.sampled_from(["add", "mul", "pow"]), st.floats(0.5, 1.5)),
    min_size=1, max_size=12, unique_by=lambda row: row[1],
)  # fmt: skip


def chained(rows: list[tuple[str, float]]) -> tuple[Graph, list[int]]:
    """Ops one behind the other in one scope, and the id that each row's nodes begin with."""
    begins = []
    with scope("chain"):
        total = Value(1.25)
        n_nodes = 1
        for op, constant in rows:
            begins.append(n_nodes)
            if op == "pow":
                total, n_nodes = total**constant, n_nodes + 1
            else:
                total = total + constant if op == "add" else total * constant
                n_nodes += 2
    return Graph.from_value(total), begins


@given(rows=CHAIN, pick=st.integers(0, 12), op=st.sampled_from(["add", "mul", "pow"]))
def test_a_row_put_in_is_where_they_part(rows: list[tuple[str, float]], pick: int, op: str) -> None:
    """Whatever ops are around it: nothing before it differs, and it does itself."""
    at = pick % (len(rows) + 1)
    a, _ = chained(rows)
    b, begins = chained([*rows[:at], (op, 1.75), *rows[at:]])
    found = GraphDifference.of(a, b).first
    assert found is not None
    inside = range(begins[at], (*begins, len(b))[at + 1])
    where = found.b if found.b is not None else found.instead
    assert where is None or where in inside
    if where is None:  # all of A's rest is behind it, too
        assert found.a == begins[at]
