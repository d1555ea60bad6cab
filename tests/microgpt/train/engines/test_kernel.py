"""The kernel against the training loop on Values: every float the same, to the bit."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from numba import njit

from microgpt import (
    Corpus,
    ModelConfig,
    ModelSnapshot,
    StepResult,
    Training,
    TrainingConfig,
    load_corpus,
)
from microgpt.model.adam import MAX_GRAD
from microgpt.train.engines.kernel.adam_update import roots, squares
from microgpt.train.engines.kernel.steps import train_steps
from microgpt.train.engines.kernel.workspace import Sizes, Workspace


class KernelRun:
    """Arrays for the kernel that stand where a `Training` stands before its first step."""

    def __init__(self, run: Training) -> None:
        self.run = run
        self.sizes = Sizes.of(run.model, run.tokenizer.vocab_size)
        self.workspace = Workspace.of(self.sizes)
        self.flat = np.array(run.state.data)
        self.m, self.v, self.grads = (np.zeros_like(self.flat) for _ in range(3))

    def train(self, first: int, steps: int) -> tuple[int, list[float]]:
        """How many of some steps were done in one call, and their losses."""
        config, tokens, ends, rates = self.run.config, [], [], []
        for step in range(first, first + steps):
            document = self.run.tokenizer.encode(self.run.document_at(step))
            tokens += document[: self.run.model.block_size + 1]
            ends.append(len(tokens))
            corrections = (1 - config.beta1**step, 1 - config.beta2**step)
            rates.append((config.lr_at(step), config.beta1, config.beta2, config.eps, *corrections))
        losses = np.zeros(steps)
        done = train_steps(
            self.flat, self.m, self.v, self.grads, self.sizes, self.workspace,
            np.array(tokens), np.array(ends), np.array(rates), losses,
        )  # fmt: skip
        return int(done), losses[:done].tolist()


def assert_same(run: Training, steps: int) -> None:
    kernel = KernelRun(run)
    done, losses = kernel.train(1, steps)
    assert done == steps
    results = list(run.results(steps))
    assert [loss.hex() for loss in losses] == [result.loss.hex() for result in results]
    assert kernel.flat.tobytes() == run.state.data.tobytes()
    assert kernel.m.tolist() == run.state.m.tolist()
    assert kernel.v.tolist() == run.state.v.tolist()
    n = len(results[-1].position_losses)
    assert tuple(kernel.workspace.losses[:n].tolist()) == results[-1].position_losses
    assert (
        tuple(map(tuple, kernel.workspace.probs_of(kernel.sizes)[:n].tolist())) == results[-1].probs
    )
    for layer, heads in enumerate(results[-1].attention):
        for head, positions in enumerate(heads):
            for pos, weights in enumerate(positions):
                ours = kernel.workspace.weights_of(kernel.sizes, layer)[pos, head, : pos + 1]
                assert tuple(ours.tolist()) == weights


@pytest.mark.parametrize(
    ("data", "model", "steps"),
    [
        ("names", ModelConfig(), 12),
        ("cities", ModelConfig(n_embd=6, n_head=2, n_layer=3, block_size=9), 8),
        ("verse", ModelConfig(n_embd=9, n_head=3, n_layer=2, block_size=20), 3),
        ("words", ModelConfig(n_embd=5, n_head=1, n_layer=1, block_size=1), 8),
    ],
    ids=["default", "three-layers", "odd-heads", "one-position"],
)
def test_training_is_the_same_to_the_bit(data: str, model: ModelConfig, steps: int) -> None:
    assert_same(Training(load_corpus(data), model), steps)


def test_every_length_has_the_same_gradients() -> None:
    text = "abcabbacccabaca"
    documents = tuple(text[:length] for length in range(1, 16))
    run = Training(Corpus("mine", documents), ModelConfig(n_embd=8, n_head=2))
    for _ in run.results(3):
        pass
    model = ModelSnapshot.of(run)
    for document in documents:
        kernel = KernelRun(run)
        kernel.run = Training(Corpus("one", (document,)), run.model)
        kernel.run.tokenizer = run.tokenizer
        kernel.train(1, 1)
        parameters = model.parameters()
        model.computed(document, parameters)
        assert kernel.grads.tolist() == [leaf.grad for leaf in parameters.flat]


def test_steps_in_one_call_or_in_several_are_the_same() -> None:
    run = Training(load_corpus("names"), ModelConfig(n_embd=4, n_head=2))
    one, several = KernelRun(run), KernelRun(run)
    one.train(1, 9)
    for first in (1, 4, 7):
        several.train(first, 3)
    assert one.flat.tobytes() == several.flat.tobytes()


def test_no_documents_are_no_steps() -> None:
    run = Training(load_corpus("names"), ModelConfig(n_embd=4, n_head=2), engine="kernel")
    before = run.state.copy()
    assert run.engine.train_steps(run.state, []) == []
    assert run.state == before


@pytest.mark.parametrize("lr", [1e300, 1e160])
def test_a_step_that_is_not_finite_changes_nothing(lr: float) -> None:
    run = Training(load_corpus("names"), ModelConfig(n_embd=4), TrainingConfig(lr=lr))
    kernel = KernelRun(run)
    done, losses = kernel.train(1, 6)
    assert done < 6
    results: list[StepResult] = []
    with pytest.raises(ArithmeticError):
        results.extend(run.results(6))
    assert [result.loss for result in results] == losses
    assert run.step == done
    assert kernel.flat.tobytes() == run.state.data.tobytes()
    assert kernel.v.tolist() == run.state.v.tolist()
    assert all(map(math.isfinite, losses))


def test_squares_and_roots_are_the_powers_of_the_math_library() -> None:
    """On numbers of all sizes: exact ones, nearly exact ones, and those too small for errors."""
    rng = random.Random(5)
    numbers = [0.0, 5e-324, 1e-308, 1e-162, 1e-135, 1.0, 1 + 2**-52, 2**0.5, 1e154, MAX_GRAD]
    few = len(numbers)
    numbers += [rng.random() * 10 ** rng.uniform(-15, 15) for _ in range(10_000)]
    numbers += [rng.random() * 10 ** rng.uniform(-300, 150) for _ in range(10_000)]
    numbers += [rng.randrange(2**27) * 2.0 ** rng.randrange(-60, 60) for _ in range(2_000)]
    numbers += [-number for number in numbers]
    eights = -(-len(numbers) // 8)
    asked = np.zeros(8 * eights, dtype=np.bool_)
    doubts = asked, np.zeros(eights, dtype=np.uintp), np.zeros(8 * eights, dtype=np.uintp)

    @njit
    def square_all(numbers, out, doubts, exponent):
        squares(numbers, out, doubts, exponent)

    @njit
    def root_all(numbers, out, doubts, exponent):
        roots(numbers, out, doubts, exponent)

    squared = np.zeros(len(numbers))
    square_all(np.array(numbers), squared, doubts, 2.0)
    assert squared.tolist() == [number**2 for number in numbers]
    assert 0 < asked[few : few + 10_000].mean() < 0.2  # neither tiny nor huge
    rooted = np.zeros(len(numbers))
    root_all(squared, rooted, doubts, 0.5)
    assert rooted.tolist() == [number**0.5 for number in squared.tolist()]
    rooted = np.zeros(len(numbers))
    root_all(abs(np.array(numbers)), rooted, doubts, 0.5)
    assert rooted.tolist() == [abs(number) ** 0.5 for number in numbers]


@pytest.mark.slow
def test_the_default_run_is_the_same_for_hundreds_of_steps() -> None:
    assert_same(Training(load_corpus("names")), 200)
