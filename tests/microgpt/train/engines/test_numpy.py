"""The numpy engine against the training loop on Values: every float the same, to the bit."""

from __future__ import annotations

import math
import random
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import Corpus, ModelConfig, StepResult, Training, TrainingConfig, load_corpus
from microgpt.model.adam import MAX_GRAD
from microgpt.train.engines.vectors import sums
from microgpt.train.engines.vectors.adam_update import roots, squares
from tests.microgpt.replay.same import hexes

DOCUMENTS = st.lists(st.text("abcde", min_size=1, max_size=12), min_size=1, max_size=4)


@st.composite
def small_models(draw: st.DrawFn) -> ModelConfig:
    head_dim, n_head = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    n_layer, block_size = draw(st.integers(1, 2)), draw(st.integers(1, 9))
    return ModelConfig(head_dim * n_head, n_head, n_layer, block_size)


def assert_same(ours: Training, theirs: Training, steps: int) -> None:
    for result, expected in zip(ours.results(steps), theirs.results(steps), strict=True):
        assert result == expected
        assert result.loss.hex() == expected.loss.hex()
    assert ours.state.data.tobytes() == theirs.state.data.tobytes()
    assert ours.state.m.tobytes() == theirs.state.m.tobytes()
    assert ours.state.v.tobytes() == theirs.state.v.tobytes()


@settings(max_examples=20, deadline=None)
@given(small_models(), DOCUMENTS, st.integers(0, 5))
def test_training_is_the_same_to_the_bit(
    model: ModelConfig, documents: list[str], seed: int
) -> None:
    corpus, config = Corpus("small", tuple(documents)), TrainingConfig(seed=seed, lr=0.05)
    runs = [Training(corpus, model, config, engine) for engine in ("numpy", "value")]
    assert_same(runs[0], runs[1], 2)


def test_the_default_model_and_sums_done_term_by_term(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = load_corpus("names")
    runs = [Training(corpus, engine=engine) for engine in ("numpy", "value")]
    assert_same(runs[0], runs[1], 4)
    monkeypatch.setattr(sums, "LARGE", 0)
    assert_same(runs[0], runs[1], 6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "model", "steps"),
    [
        ("names", ModelConfig(), 200),
        ("verse", ModelConfig(n_embd=40, n_head=4, n_layer=3, block_size=40), 3),
        ("words", ModelConfig(n_embd=1, n_head=1, n_layer=2, block_size=5), 40),
    ],
    ids=["default", "large", "width 1"],
)
def test_longer_runs(data: str, model: ModelConfig, steps: int) -> None:
    corpus = load_corpus(data)
    runs = [Training(corpus, model, engine=engine) for engine in ("numpy", "value")]
    assert_same(runs[0], runs[1], steps)


@pytest.mark.parametrize("lr", [1e300, 1e160])
def test_a_step_that_is_not_finite_changes_nothing(lr: float) -> None:
    corpus = load_corpus("names")
    runs = [
        Training(corpus, ModelConfig(n_embd=4), TrainingConfig(lr=lr), engine)
        for engine in ("numpy", "value")
    ]
    found: list[list[StepResult]] = [[], []]
    said = []
    for run, results in zip(runs, found, strict=True):
        with pytest.raises(ArithmeticError) as caught:
            results.extend(run.results(6))
        said.append(str(caught.value))
    assert found[0] == found[1]
    assert said[0] == said[1]
    assert runs[0].state == runs[1].state


def test_many_steps_are_those_of_one_at_a_time() -> None:
    corpus, model = load_corpus("cities"), ModelConfig(n_embd=8, n_head=2)
    runs = [Training(corpus, model, engine="numpy") for _ in range(2)]
    losses = [step.loss for steps in runs[0].losses(12) for step in steps]
    assert losses == [result.loss for result in runs[1].results(12)]
    assert runs[0].state == runs[1].state


# -- sums and functions ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 1), (1, 1, 2), (5, 7), (100,)])
@pytest.mark.parametrize("terms", [1, 2, 9, 200])
def test_sums_add_one_after_the_other_from_0(terms: int, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(terms)
    numbers = rng.standard_normal((terms, *shape)) * 10.0 ** rng.integers(-9, 9, (terms, *shape))
    numbers[:, ...] *= rng.random((terms, *shape)) > 0.1  # zeros, and -0.0 among them
    expected = reduce(np.add, numbers, np.zeros(shape))
    fallen = reduce(np.add, numbers[::-1], np.zeros(shape))
    turned = np.ascontiguousarray(np.moveaxis(numbers, 0, -1))  # the terms side by side in memory
    for ours in (sums.sum_of(numbers), sums.sum_of(np.moveaxis(turned, -1, 0))):
        assert hexes(ours.ravel()) == hexes(expected.ravel())
    for ours in (
        sums.sum_of(numbers[::-1]),
        sums.sum_of_products(numbers[::-1], np.ones((terms, *[1] * len(shape)))),
    ):
        assert hexes(ours.ravel()) == hexes(fallen.ravel())


def test_a_sum_of_zeros_is_not_below_0() -> None:
    assert math.copysign(1, sums.sum_of(np.full((3, 1), -0.0))[0]) == 1
    assert np.copysign(1, sums.sum_of(np.full((3, 2), -0.0))).tolist() == [1, 1]


def test_squares_and_roots_are_the_powers_of_the_math_library() -> None:
    """On numbers of all sizes: exact ones, nearly exact ones, and those too small for errors."""
    rng = random.Random(5)
    numbers = [0.0, 5e-324, 1e-308, 1e-162, 1e-135, 1.0, 1 + 2**-52, 2**0.5, 1e154, MAX_GRAD]
    numbers += [rng.random() * 10 ** rng.uniform(-300, 150) for _ in range(20_000)]
    numbers += [rng.randrange(2**27) * 2.0 ** rng.randrange(-60, 60) for _ in range(2_000)]
    signed = np.array(numbers + [-number for number in numbers])
    with np.errstate(all="ignore"):
        assert squares(signed).tolist() == [number**2 for number in signed.tolist()]
        assert roots(np.array(numbers)).tolist() == [number**0.5 for number in numbers]
