"""The op table: each rule against central differences, each operator against its row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt.autograd.ops import OPS, Op
from microgpt.autograd.value import Value

ROWS = [op for op in OPS.values() if op.arity]
LEAVES = [op for op in OPS.values() if not op.arity]

ANY = st.floats(-10, 10)
POSITIVE = st.floats(0.1, 10)
AWAY_FROM_0 = POSITIVE | st.floats(-10, -0.1)  # relu has a kink at 0

# Arguments of a row's `forward`, where the function is smooth: of a row not listed, any numbers.
ARGUMENTS: dict[str, st.SearchStrategy[tuple[float, ...]]] = {
    "add": st.tuples(ANY, ANY),
    "mul": st.tuples(ANY, ANY),
    "pow": st.tuples(POSITIVE, st.sampled_from([-1.0, -0.5, 0.5, 1.0, 2.0, 3.0]))
    | st.tuples(AWAY_FROM_0, st.sampled_from([-1.0, 2.0, 3.0])),
    "log": st.tuples(POSITIVE),
    "exp": st.tuples(st.floats(-5, 5)),
    "relu": st.tuples(AWAY_FROM_0),
}

# What a user writes to get a node of a row; of one not listed, `apply`.
OPERATORS: dict[str, Callable[..., Value]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "pow": lambda a, n: a**n,
    "log": Value.log,
    "exp": Value.exp,
    "relu": Value.relu,
}


def arguments_of(op: Op) -> st.SearchStrategy[tuple[float, ...]]:
    return ARGUMENTS.get(op.name, st.tuples(*[ANY] * (op.arity + bool(op.immediate))))


def applied(op: Op, arguments: tuple[float, ...]) -> Value:
    """A node of the op, made as any row's can be."""
    operands = [Value(number) for number in arguments[: op.arity]]
    return operands[0].apply(
        op.name, *operands[1:], immediate=arguments[-1] if op.immediate else None
    )


def central_difference(op: Op, arguments: tuple[float, ...], slot: int) -> float:
    h = 1e-5
    up, down = list(arguments), list(arguments)
    up[slot] += h
    down[slot] -= h
    return (op.forward(*up) - op.forward(*down)) / (up[slot] - down[slot])


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
@given(data=st.data())
def test_local_gradients_are_the_slopes(op: Op, data: st.DataObject) -> None:
    arguments = data.draw(arguments_of(op))
    local_grads = op.local_grads(*arguments)
    assert len(local_grads) == op.arity
    for slot, local_grad in enumerate(local_grads):
        slope = central_difference(op, arguments, slot)
        assert local_grad == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
@given(data=st.data())
def test_operators_give_exactly_their_row(op: Op, data: st.DataObject) -> None:
    """add and mul are spelled out in value.py for speed; this holds them to the table."""
    arguments = data.draw(arguments_of(op))
    operands = tuple(Value(number) for number in arguments[: op.arity])
    made = [applied(op, arguments)]
    if op.name in OPERATORS:
        made.append(OPERATORS[op.name](*operands, *arguments[op.arity :]))
        assert made[1]._children == operands
    for node in made:
        assert node._op == op.name
        assert [operand.data for operand in node._children] == [*arguments[: op.arity]]
        assert getattr(node, "_detail", None) == (arguments[-1] if op.immediate else None)
        assert node.data.hex() == op.forward(*arguments).hex()
        assert [g.hex() for g in node._local_grads] == [g.hex() for g in op.local_grads(*arguments)]


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_operators_make_plain_floats_of_integers(op: Op) -> None:
    if op.name not in OPERATORS:
        node = applied(op, (2,) * (op.arity + bool(op.immediate)))
    else:
        node = OPERATORS[op.name](*[Value(2)] * op.arity, *([3] if op.immediate else []))
    assert [type(n) for n in (node.data, *node._local_grads)] == [float] * (1 + op.arity)


def test_all_that_is_tested_here_is_a_row() -> None:
    names = {op.name for op in ROWS}
    assert set(ARGUMENTS) | set(OPERATORS) <= names
    assert {"add", "mul", "pow", "log", "exp", "relu"} <= set(ARGUMENTS) & set(OPERATORS)


def test_rows_are_complete() -> None:
    assert [name for name, op in OPS.items() if op.name != name] == []
    assert [op.name for op in OPS.values() if not op.symbol] == []
    assert [op.name for op in OPS.values() if not re.fullmatch("#[0-9a-f]{6}", op.color)] == []
    assert [op.name for op in OPS.values() if len(op.rule) != op.arity] == []
    assert [op.name for op in LEAVES] == ["param", "input", "const", "max"]
    assert [op.name for op in ROWS if op.immediate] == ["pow"]


def test_pow_keeps_its_exponent() -> None:
    assert (Value(3.0) ** 2)._detail == 2.0


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_relu_at_its_kink(zero: float) -> None:
    node = Value(zero).relu()
    assert math.copysign(1, node.data) == 1
    assert (node.data, node._local_grads) == (0.0, (0.0,))
