"""`Value`: operators, the backward pass and what it says when a number has no result."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given

from microgpt import DomainError, Value, scope
from microgpt.autograd.backward_order import topological_order
from tests.microgpt.graph.random_dags import Dag, dags, recursive_order

DEPTH = 100_000


def spelled(node: Value) -> str:
    """A node as text: `(a * -1)`; leaves by name, constants by number."""
    if not node._children:
        return node.name or repr(node.data)
    inner = [spelled(operand) for operand in node._children]
    match node._op:
        case "add":
            return f"({inner[0]} + {inner[1]})"
        case "mul":
            return f"({inner[0]} * {inner[1]})"
        case "pow":
            return f"{inner[0]} ** {node._detail}"
        case op:
            return f"{op}({inner[0]})"


# -- operators -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "spelling", "data"),
    [
        (lambda a, b: a + b, "(a + b)", 5.0),
        (lambda a, b: a * b, "(a * b)", 6.0),
        (lambda a, b: a - b, "(a + (b * -1.0))", -1.0),
        (lambda a, b: a / b, "(a * b ** -1.0)", 2 / 3),
        (lambda a, b: -a, "(a * -1.0)", -2.0),
        (lambda a, b: a**3, "a ** 3.0", 8.0),
        (lambda a, b: a.exp(), "exp(a)", math.exp(2)),
        (lambda a, b: b.log(), "log(b)", math.log(3)),
        (lambda a, b: a.relu(), "relu(a)", 2.0),
        (lambda a, b: a + 4, "(a + 4.0)", 6.0),
        (lambda a, b: 4 + a, "(a + 4.0)", 6.0),
        (lambda a, b: a * 4, "(a * 4.0)", 8.0),
        (lambda a, b: 4 * a, "(a * 4.0)", 8.0),
        (lambda a, b: a - 4, "(a + -4.0)", -2.0),
        (lambda a, b: 4 - a, "((a * -1.0) + 4.0)", 2.0),
        (lambda a, b: a / 4, "(a * 0.25)", 0.5),
        (lambda a, b: 4 / a, "(a ** -1.0 * 4.0)", 2.0),
        (lambda a, b: sum([a, b]), "((a + 0.0) + b)", 5.0),
    ],
)
def test_operators(build: Callable[[Value, Value], Value], spelling: str, data: float) -> None:
    node = build(Value(2.0, name="a"), Value(3.0, name="b"))
    assert spelled(node) == spelling
    assert node.data == pytest.approx(data, rel=1e-15)


def test_plain_numbers_become_constants_and_values_made_by_hand_inputs() -> None:
    a = Value(2)
    assert (a * 3)._children[1]._op == "const"
    assert (a._op, type(a.data)) == ("input", float)


@pytest.mark.parametrize(
    "binary", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
)
@pytest.mark.parametrize("other", ["2", "x", "", None, [2.0], 2j])
def test_other_types_are_refused(binary: Callable[..., object], other: object) -> None:
    with pytest.raises(TypeError):
        binary(Value(1.0), other)
    with pytest.raises(TypeError):
        binary(other, Value(1.0))


def test_exponents_are_plain_numbers() -> None:
    with pytest.raises(TypeError):
        Value(2.0) ** Value(2.0)


# -- backward --------------------------------------------------------------------------------------


def test_square_has_two_operands_and_both_shares() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    assert y._children == (x, x)
    assert y._local_grads == (3.0, 3.0)
    assert (x.grad, y.grad) == (6.0, 1.0)


def test_shared_subgraph_is_visited_once_after_all_its_consumers() -> None:
    a, b = Value(2.0), Value(-3.0)
    shared = a * b
    loss = shared * shared + shared
    loss.backward()
    assert shared.grad == 2 * -6.0 + 1
    assert (a.grad, b.grad) == (-11.0 * -3.0, -11.0 * 2.0)
    assert len(topological_order(loss)) == 3


@pytest.mark.parametrize("more", [(), (0.7,)], ids=["two operands", "three"])
def test_shares_are_added_in_slot_order(more: tuple[float, ...]) -> None:
    """In another order these numbers add up to another float."""
    x = Value(1.0)
    local_grads = (0.2, 0.6, *more)
    node = Value(1.0, (x,) * len(local_grads), local_grads, "add")
    x.grad = forwards = backwards = 0.1
    node.backward()
    for there, back in zip(local_grads, reversed(local_grads), strict=True):
        forwards += there
        backwards += back
    assert x.grad.hex() == forwards.hex() != backwards.hex()


def test_grads_accumulate_over_passes_until_zeroed() -> None:
    x = Value(3.0)
    (x * 2).backward()
    (x * 5).backward()
    assert x.grad == 7.0


def test_leaf_root() -> None:
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0
    assert topological_order(x) == []


@given(dags)
def test_backward_order_is_the_order_of_the_recursion(dag: Dag) -> None:
    expected = [node for node in recursive_order(dag.root) if node._children]
    assert topological_order(dag.root) == expected


@given(dags)
def test_grads_are_those_of_the_recursion(dag: Dag) -> None:
    grads = dict.fromkeys(dag.nodes, 0.0)
    grads[dag.root] = 1.0
    for node in reversed(recursive_order(dag.root)):
        for operand, local_grad in zip(node._children, node._local_grads, strict=True):
            grads[operand] += local_grad * grads[node]
    dag.root.backward()
    assert [node.grad.hex() for node in dag.nodes] == [grads[node].hex() for node in dag.nodes]


def test_numbers_grow_with_creation() -> None:
    a = Value(1.0)
    b = a + 1  # makes the constant first
    assert a._number < b._children[1]._number < b._number


# -- depth -----------------------------------------------------------------------------------------


def chain(start: Value) -> Value:
    node = start
    for _ in range(DEPTH):
        node = node + 1
    return node


def test_backward_through_a_deep_chain() -> None:
    x = Value(0.0)
    last = chain(x)
    last.backward()
    assert (last.data, x.grad) == (DEPTH, 1.0)


def test_topological_order_of_a_deep_chain() -> None:
    order = topological_order(chain(Value(0.0)))
    assert len(order) == DEPTH
    assert all(a is b._children[0] for a, b in pairwise(order))


def test_deep_ladder_of_squares_is_linear_work() -> None:
    """A search that forgets what it has visited would take 2 ** depth steps here."""
    x = Value(1.0)
    node = x
    for _ in range(1000):
        node = node * node
    node.backward()
    assert x.grad == 2.0**1000


# -- names and errors ------------------------------------------------------------------------------


def test_repr() -> None:
    x = Value(3.0, name="x")
    y = x * x
    y.backward()
    assert repr(x) == "Value(data=3.0, grad=6.0, op='input', name='x')"
    assert repr(y) == "Value(data=9.0, grad=1.0, op='mul')"


def test_names_can_be_given_later_and_changed() -> None:
    y = Value(3.0) * 2
    assert y.name == ""
    y.name = "y"
    assert (y.name, repr(y)) == ("y", "Value(data=6.0, grad=0.0, op='mul', name='y')")


def test_scope_is_where_a_value_was_made() -> None:
    with scope("outer"), scope("inner"):
        a = Value(2.0)
    assert (a.scope, (a * 2).scope) == ("outer/inner", "")


@pytest.mark.parametrize(
    ("build", "call"),
    [
        (lambda: Value(-1.0).log(), "log(-1.0)"),
        (lambda: Value(0.0).log(), "log(0.0)"),
        (lambda: Value(1000.0).exp(), "exp(1000.0)"),
        (lambda: Value(0.0) ** -1, "pow(0.0, -1.0)"),
        (lambda: Value(-1.0) ** 0.5, "pow(-1.0, 0.5)"),
        (lambda: Value(0.0) ** 0.5, "pow(0.0, 0.5)"),  # its local gradient is infinite
        (lambda: Value(1e200) ** 2, "pow(1e+200, 2.0)"),
        (lambda: Value(1.0) / Value(0.0), "pow(0.0, -1.0)"),
        (lambda: 1 / Value(0.0), "pow(0.0, -1.0)"),
        (lambda: Value(1.0) / 0, "division by 0"),
        (lambda: Value(1.0) / -0.0, "division by 0"),
        (lambda: Value(1.0) / 1e-320, ""),  # the reciprocal is past the largest float
    ],
)
def test_ops_without_a_result(build: Callable[[], Value], call: str) -> None:
    with pytest.raises(DomainError) as caught:
        build()
    assert str(caught.value).startswith(call)
    assert "\n" not in str(caught.value)


def test_domain_error_names_op_operand_scopes_and_line() -> None:
    with scope("made"):
        p = Value(0.0, name="p") * 1
        p.name = "prob"
    with scope("used"), scope("loss"), pytest.raises(DomainError) as caught:
        p.log()
    assert str(caught.value) == (
        f"log(0.0) has no finite real value, in used/loss at {__file__}:{caught.tb.tb_lineno}; "
        "its operand is prob made in made"
    )


def test_domain_error_outside_any_scope_names_the_operands_op() -> None:
    with pytest.raises(DomainError, match=r"in no scope at .*operand is add made in no scope"):
        (Value(-1.0) + 0).log()


def test_an_op_that_fails_leaves_the_graph_as_it_was() -> None:
    x = Value(-1.0)
    with pytest.raises(DomainError):
        x.log()
    y = x * 2
    y.backward()
    assert x.grad == 2.0


@pytest.mark.parametrize("seed", range(3))
def test_a_small_program_against_finite_differences(seed: int) -> None:
    rng = random.Random(seed)
    inputs = [rng.uniform(0.5, 2) for _ in range(3)]

    def program(a, b, c):
        scale = (a * a + b**2) ** 0.5 if isinstance(a, Value) else math.sqrt(a * a + b * b)
        log = c.log() if isinstance(c, Value) else math.log(c)
        return (a - b / c) * scale + log / 3 - 2 / b

    leaves = [Value(number) for number in inputs]
    program(*leaves).backward()
    for i, leaf in enumerate(leaves):
        up, down = list(inputs), list(inputs)
        up[i] += 1e-6
        down[i] -= 1e-6
        assert leaf.grad == pytest.approx((program(*up) - program(*down)) / 2e-6, rel=1e-6)
