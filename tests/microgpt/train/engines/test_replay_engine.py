"""The replay engine against the training loop on Values: every float the same, to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from microgpt import Corpus, ModelConfig, StepResult, Training, TrainingConfig, load_corpus

LETTERS = "".join(map(chr, range(ord("a"), ord("a") + 99)))


@pytest.fixture(autouse=True)
def own_cache(cache: Path) -> Path:
    """Traces are kept in a folder of the test's own."""
    return cache


def assert_same(engine: str, corpus: Corpus, model: ModelConfig, config: TrainingConfig) -> None:
    """Results, parameters and moments of all steps."""
    ours = Training(corpus, model, config, "replay")
    theirs = Training(corpus, model, config, engine)  # type: ignore[arg-type]
    for a, b in zip(ours.results(), theirs.results(), strict=True):
        assert a == b
    assert ours.step == theirs.step == config.num_steps
    for array in ("data", "m", "v"):
        assert getattr(ours.state, array).tobytes() == getattr(theirs.state, array).tobytes()


@pytest.mark.parametrize(
    ("vocab_size", "model"),
    [
        (27, ModelConfig(block_size=3)),
        (5, ModelConfig(n_embd=6, n_head=2, n_layer=3, block_size=4)),
        (100, ModelConfig(n_embd=9, n_head=3, n_layer=2, block_size=3)),
        (13, ModelConfig(n_embd=5, n_head=1, n_layer=1, block_size=1)),
        (2, ModelConfig(n_embd=1, n_head=1, n_layer=1, block_size=5)),
    ],
    ids=["default-sizes", "three-layers", "odd-heads", "one-position", "one-character"],
)
def test_training_is_the_same_to_the_bit(vocab_size: int, model: ModelConfig) -> None:
    alphabet = LETTERS[: vocab_size - 1]
    documents = [alphabet[i::7] + alphabet[: i % 3] for i in range(7)]
    corpus = Corpus("mine", tuple(filter(None, (alphabet, *documents))))
    assert_same("value", corpus, model, TrainingConfig(num_steps=8, lr=0.05))


def test_a_thousand_steps_are_those_of_the_kernel() -> None:
    corpus = Corpus("mine", ("abba", "abcde", "bad", "e", "deaf bead", "cab", "fade", "decade"))
    model = ModelConfig(n_embd=6, n_head=2, block_size=7)
    assert_same("kernel", corpus, model, TrainingConfig(num_steps=1000))


def test_steps_that_nobody_looks_at_are_the_same() -> None:
    corpus, model = load_corpus("names"), ModelConfig(n_embd=4, n_head=2)
    ours, theirs = (Training(corpus, model, engine=engine) for engine in ("replay", "kernel"))
    losses = [[loss for some in run.losses(60) for loss in some] for run in (ours, theirs)]
    assert losses[0] == losses[1]
    assert ours.state == theirs.state


@pytest.mark.parametrize("lr", [1e300, 1e160])
def test_a_step_that_is_not_finite_changes_nothing(lr: float) -> None:
    """Training stops with the error that it has on Values, after the same steps."""
    corpus, model, errors = load_corpus("names"), ModelConfig(n_embd=4, block_size=4), []
    runs = [Training(corpus, model, TrainingConfig(lr=lr), e) for e in ("replay", "value")]
    results: list[list[StepResult]] = [[], []]
    for run, done in zip(runs, results, strict=True):
        with pytest.raises(ArithmeticError) as caught:
            done.extend(run.results(6))
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
    assert results[0] == results[1]
    assert runs[0].state == runs[1].state


def test_the_engine_only_reports_a_step_that_is_not_finite() -> None:
    run = Training(load_corpus("names"), ModelConfig(n_embd=4, block_size=4), engine="replay")
    run.state.data[:] = type(run.state.data)("d", [1e200] * len(run.state.data))
    before = replace(run.state, data=run.state.data[:])
    assert run.engine.train_step(run.state, "ab", (1, 2, 1)) is None
    assert run.engine.train_steps(run.state, [(1, 2, 1)]) == []
    assert run.state == before
