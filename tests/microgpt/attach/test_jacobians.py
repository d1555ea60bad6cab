"""Local gradients of elements from answers of an op's code, against Jacobians that are known."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from microgpt.attach.jacobians import Questions, SlotEdges, TooLargeError, joined, slot_edges
from microgpt.graph.arrays import Floats

EPS = 2.0**-52
Matrix = NDArray[np.float64]


class CountedOp:
    """An op given by its Jacobians, one for each slot; counts what it is asked."""

    def __init__(self, jacobians: list[Matrix], offset: float = 0.0) -> None:
        self.jacobians, self.offset = jacobians, offset
        self.n_asked = 0

    def __call__(self, adjoints: Floats) -> list[Floats]:
        self.n_asked += len(adjoints)
        return [adjoints @ jacobian + self.offset for jacobian in self.jacobians]


def dense(edges: SlotEdges, shape: tuple[int, int]) -> Matrix:
    matrix = np.zeros(shape)
    np.add.at(matrix, (edges.consumers, edges.operands), edges.local_grads)
    return matrix


def numeric(op: Callable[..., Matrix], arrays: list[Matrix]) -> list[Matrix]:
    """The Jacobians of an op that is linear in each of its arrays, by unit steps."""
    base, found = op(*arrays), []
    for slot, array in enumerate(arrays):
        columns = []
        for at in range(array.size):
            moved = array.copy()
            moved.flat[at] += 1.0
            others = [moved if i == slot else each for i, each in enumerate(arrays)]
            columns.append((op(*others) - base).reshape(-1))
        found.append(np.array(columns).T)
    return found


RNG = np.random.default_rng(5)
A, B = RNG.integers(1, 9, (4, 3)).astype(float), RNG.integers(1, 9, (3, 5)).astype(float)
BATCH = RNG.integers(1, 9, (2, 4, 3)).astype(float)
OPS: dict[str, tuple[Callable[..., Matrix], list[Matrix], int]] = {
    "matmul": (np.matmul, [A, B], 4 + 5),
    "batched matmul": (np.matmul, [BATCH, B], 8 + 5),
    "add": (np.add, [A, A + 1], 0),
    "broadcast row": (np.add, [A, A[0]], 4),
    "broadcast column": (np.multiply, [A, A[:, :1]], 3),
    "outer": (np.multiply, [A[:, :1], B[:1]], 4 + 5),
    "sum": (lambda x: np.array(x.sum()), [A], 0),
    "mean of rows": (lambda x: x.mean(axis=1, keepdims=True), [A], 0),
    "reshape": (lambda x: x.reshape(2, 6), [A], 0),
    "transpose": (lambda x: x.transpose(2, 0, 1), [BATCH], 0),
    "slice": (lambda x: x[1:, ::2], [A], 0),
    "pick": (lambda x: x[[0, 2, 2, 3]], [A], 7),
    "concatenate": (lambda x, y: np.concatenate([x, y]), [A, A * 2], 0),
    "running sum": (lambda x: np.cumsum(x, axis=1), [A], 3),
    "rolled sum": (lambda x: x + np.roll(x, 1, axis=0), [A], 4),
    "anything": (lambda x: np.arange(35.0).reshape(7, 5) @ x.reshape(-1)[:5], [A], 7),
}
"""Each with the arrays and the most questions that it may take beside the probes."""


@pytest.mark.parametrize("name", OPS)
def test_the_edges_are_the_jacobian_and_few_questions_are_asked(name: str) -> None:
    op, arrays, most = OPS[name]
    jacobians = numeric(op, arrays)
    answers = CountedOp(jacobians)
    shape = op(*arrays).shape
    questions = Questions(shape, [array.shape for array in arrays], answers, EPS)
    n_probes = answers.n_asked
    assert n_probes <= 5 + 2 * len(shape)
    for slot, jacobian in enumerate(jacobians):
        edges = slot_edges(questions, slot)
        assert edges.is_exact
        assert np.array_equal(dense(edges, jacobian.shape), jacobian)
        assert len({*zip(edges.consumers, edges.operands, strict=True)}) == len(edges.operands)
    assert answers.n_asked - n_probes <= most + len(arrays)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_jacobian_at_all_is_found(data: st.DataObject) -> None:
    sizes = st.integers(1, 4)
    shape = tuple(data.draw(st.lists(sizes, max_size=3)))
    operands = [tuple(data.draw(st.lists(sizes, max_size=2))) for _ in range(2)]
    numbers = st.sampled_from([0.0, 0.0, 1.0, -2.0, 0.5])
    jacobians = [
        np.array(
            data.draw(
                st.lists(
                    numbers, min_size=math.prod(shape) * math.prod(own),
                    max_size=math.prod(shape) * math.prod(own),
                )
            )
        ).reshape(math.prod(shape), math.prod(own))
        for own in operands
    ]  # fmt: skip
    questions = Questions(shape, operands, CountedOp(jacobians), EPS)
    slots = [slot_edges(questions, slot) for slot in range(2)]
    for edges, jacobian in zip(slots, jacobians, strict=True):
        assert np.array_equal(dense(edges, jacobian.shape), jacobian)
    counts, numbers_of, operands_of, locals_ = joined(slots, math.prod(shape))
    assert counts.sum() == len(numbers_of) == len(operands_of) == len(locals_)
    starts = np.concatenate(([0], np.cumsum(counts)))
    for element in range(math.prod(shape)):
        own = slice(starts[element], starts[element + 1])
        for slot, jacobian in enumerate(jacobians):
            row = np.zeros(jacobian.shape[1])
            mine = numbers_of[own] == slot
            row[operands_of[own][mine]] = locals_[own][mine]
            assert np.array_equal(row, jacobian[element])


def test_a_relu_that_is_off_keeps_its_edge() -> None:
    slopes = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    questions = Questions((2, 3), [(2, 3)], CountedOp([np.diag(slopes)]), EPS)
    edges = slot_edges(questions, 0)
    assert edges.consumers.tolist() == edges.operands.tolist() == list(range(6))
    assert edges.local_grads.tolist() == slopes.tolist()


def test_code_that_forgets_the_adjoint_has_what_it_gives_for_any() -> None:
    questions = Questions((3,), [(3,)], CountedOp([np.zeros((3, 3))], offset=2.5), EPS)
    edges = slot_edges(questions, 0)
    assert edges.local_grads.tolist() == [2.5] * 3
    assert not edges.is_exact


def test_an_operand_that_gets_nothing_stays_one() -> None:
    questions = Questions(
        (2, 2), [(2, 3), (2,)], CountedOp([np.zeros((4, 6)), np.eye(4)[:, :2]]), EPS
    )
    edges = slot_edges(questions, 0)
    assert not edges.local_grads.any()
    assert len(edges.operands) == 4 * 6


def test_what_would_take_too_many_answers_is_refused() -> None:
    n = 5_000

    def ask(adjoints: Floats) -> list[Floats]:
        return [np.cumsum(adjoints, axis=1)]

    with pytest.raises(TooLargeError):
        slot_edges(Questions((n,), [(n,)], ask, EPS), 0)
