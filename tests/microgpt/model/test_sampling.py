"""Sampling: greedy at temperature 0, repeatable above it."""

from __future__ import annotations

import math
import random
from array import array

import pytest

from microgpt import (
    Corpus,
    InputError,
    MicrogptError,
    ModelConfig,
    ModelSnapshot,
    Training,
    TrainingConfig,
    Value,
)
from microgpt.model.sampling import drawing_weights
from microgpt.model.transformer import softmax


@pytest.fixture(scope="module")
def run() -> Training:
    """A small model trained until its distributions differ from position to position."""
    corpus = Corpus("small", ("abba", "baa", "cab", "abc"))
    training = Training(corpus, ModelConfig(4, 2, 1, 6), TrainingConfig(num_steps=30, lr=0.05))
    for _ in training.results():
        pass
    return training


def drawn(run: Training, seed: int, temperature: float) -> str:
    return ModelSnapshot.of(run).sample(random.Random(seed), temperature)


def test_temperature_0_takes_the_likeliest_token_each_time(run: Training) -> None:
    text = drawn(run, 0, 0)
    assert text
    tokens = run.tokenizer.encode(text)
    probs = ModelSnapshot.of(run).computed(text).probs
    greedy = [max(range(len(row)), key=lambda i: row[i].data) for row in probs]
    assert greedy == list(tokens[1 : len(greedy) + 1])


def test_temperature_0_takes_the_first_of_equals() -> None:
    training = Training(Corpus("small", ("ab",)), ModelConfig(2, 1, 1, 3))
    training.state.data[:] = array("d", bytes(8 * len(training.state.data)))
    assert training.sample(0) == "aaa"


def test_temperature_0_draws_nothing(run: Training) -> None:
    rng = random.Random(1)
    before = rng.getstate()
    texts = {ModelSnapshot.of(run).sample(rng, 0) for _ in range(3)}
    assert len(texts) == 1
    assert rng.getstate() == before


def test_above_0_one_draw_a_position(run: Training) -> None:
    rng, other = random.Random(3), random.Random(3)
    text = ModelSnapshot.of(run).sample(rng, 1.0)
    for _ in range(min(len(text) + 1, run.model.block_size)):
        other.random()
    assert rng.getstate() == other.getstate()


def test_the_same_seed_gives_the_same_text_and_others_others(run: Training) -> None:
    once = [drawn(run, seed, 1.0) for seed in range(20)]
    assert once == [drawn(run, seed, 1.0) for seed in range(20)]
    assert len(set(once)) > 5


def test_temperature_sharpens(run: Training) -> None:
    """Nearly cold sampling is nearly always greedy; hot sampling is not."""
    greedy = drawn(run, 0, 0)
    assert [drawn(run, seed, 1e-3) for seed in range(10)] == [greedy] * 10
    assert [drawn(run, seed, 100.0) for seed in range(10)].count(greedy) < 5


def test_top_k_keeps_the_likeliest_and_of_equals_the_first() -> None:
    logits = [1.0, 3.0, 2.0, 3.0, -1.0]
    free = drawing_weights(logits, 1.0)
    assert sum(free) == pytest.approx(1)
    assert drawing_weights(logits, 1.0, 2) == [0, free[1], 0, free[3], 0]
    assert drawing_weights(logits, 1.0, 3) == [0, free[1], free[2], free[3], 0]
    assert drawing_weights(logits, 1.0, 99) == free
    assert drawing_weights(logits, 1.0, 1) == [0, free[1], 0, 0, 0]
    assert drawing_weights(logits, 0) == [0, 1, 0, 0, 0]


def test_the_weights_are_those_of_values() -> None:
    rng = random.Random(5)
    for temperature in (0.3, 0.5, 1.0, 1.7):
        logits = [rng.gauss(0, 3) for _ in range(27)]
        on_values = softmax([Value(logit) / temperature for logit in logits])
        expected = [p.data.hex() for p in on_values]
        assert [p.hex() for p in drawing_weights(logits, temperature)] == expected


def test_top_k_below_0_is_refused(run: Training) -> None:
    with pytest.raises(InputError, match="top-k is -1; it must be at least 1, or 0 for all"):
        ModelSnapshot.of(run).sample(random.Random(1), top_k=-1)


def test_no_longer_than_the_block(run: Training) -> None:
    lengths = [len(drawn(run, seed, 1e6)) for seed in range(40)]
    assert max(lengths) == run.model.block_size


def test_sampling_leaves_the_model_as_it_was(run: Training) -> None:
    before = run.state.copy()
    drawn(run, 0, 1.0)
    assert run.state == before


@pytest.mark.parametrize("temperature", [-0.5, math.nan, math.inf, -math.inf])
def test_temperatures_that_are_refused(run: Training, temperature: float) -> None:
    rng = random.Random(1)
    before = rng.getstate()
    with pytest.raises(InputError) as caught:
        ModelSnapshot.of(run).sample(rng, temperature)
    assert str(caught.value) == (
        f"temperature is {temperature}; it must be a finite number, 0 (greedy) or more"
    )
    assert rng.getstate() == before


def test_a_temperature_too_small_to_divide_by_is_a_users_error(run: Training) -> None:
    with pytest.raises(MicrogptError):
        drawn(run, 0, 1e-320)


def test_a_model_whose_numbers_ran_away_is_a_users_error() -> None:
    training = Training(Corpus("small", ("ab", "ba")), ModelConfig(2, 1, 1, 4))
    training.state.data[:] = array("d", [math.nan] * len(training.state.data))
    with pytest.raises(MicrogptError):
        training.sample()
