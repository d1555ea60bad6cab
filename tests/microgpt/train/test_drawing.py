"""Samples and losses by compiled code and by numpy: the texts, draws and floats of `Value`s."""

from __future__ import annotations

import math
import random
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import (
    Corpus,
    DomainError,
    InputError,
    ModelConfig,
    ModelSnapshot,
    Training,
    TrainingConfig,
)
from microgpt.model import sampling, transformer
from microgpt.model.places import position_losses
from microgpt.train import drawing
from microgpt.train.engines.kernel import kernel_engine
from microgpt.train.engines.vectors import sampling as vector_sampling
from tests.microgpt.replay.same import hexes
from tests.microgpt.train.engines.test_numpy import small_models

CODES = [kernel_engine, vector_sampling]
DOCUMENTS = ("abba", "baa", "cab", "abc", "", "abcabcabcabcabc")


def snapshot(config: ModelConfig, seed: int, scale: float = 1.0) -> ModelSnapshot:
    """An untrained model; a larger scale makes it surer of itself."""
    model = ModelSnapshot.of(Training(Corpus("small", ("abc",)), config, TrainingConfig(seed=seed)))
    model.data[:] = array("d", [scale * number for number in model.data])
    return model


def drawn_on_values(
    model: ModelSnapshot, rng: random.Random, temperature: float, prompt: str = ""
) -> str:
    return sampling.sample(
        model.parameters(), model.config, model.tokenizer, rng, temperature, prompt
    )


@pytest.mark.parametrize("code", CODES, ids=["kernel", "numpy"])
@settings(max_examples=12, deadline=None)
@given(
    small_models(),
    st.integers(0, 9),
    st.sampled_from([0, 0.3, 0.5, 1.0, 3.0]),
    st.text("abc", max_size=2),
)
def test_samples_are_drawn_as_on_values(
    code: object, config: ModelConfig, seed: int, temperature: float, prompt: str
) -> None:
    model = snapshot(config, seed, scale=9)
    rngs = random.Random(seed), random.Random(seed)
    prompt = prompt[: config.block_size - 1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "_code", lambda: code)
        patch.setattr(transformer, "gpt", None)  # no position is computed on Values
        ours = [model.sample(rngs[0], temperature, prompt) for _ in range(3)]
    assert ours == [drawn_on_values(model, rngs[1], temperature, prompt) for _ in range(3)]
    assert rngs[0].getstate() == rngs[1].getstate()


@settings(max_examples=12, deadline=None)
@given(
    small_models(),
    st.integers(0, 9),
    st.sampled_from([0, 0.5, 3.0]),
    st.integers(1, 5),
)
def test_of_the_likeliest_few_samples_are_drawn_as_on_values(
    config: ModelConfig, seed: int, temperature: float, top_k: int
) -> None:
    model = snapshot(config, seed, scale=9)
    rngs = random.Random(seed), random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformer, "gpt", None)  # no position is computed on Values
        ours = [model.sample(rngs[0], temperature, top_k=top_k) for _ in range(3)]
    parameters = model.parameters()
    assert ours == [
        sampling.sample(parameters, config, model.tokenizer, rngs[1], temperature, top_k=top_k)
        for _ in range(3)
    ]
    assert rngs[0].getstate() == rngs[1].getstate()
    if top_k == 1:
        assert set(ours) == {model.sample(rngs[0], 0)}


@pytest.mark.parametrize("code", CODES, ids=["kernel", "numpy"])
def test_losses_are_those_of_values(code: object, monkeypatch: pytest.MonkeyPatch) -> None:
    model = snapshot(ModelConfig(6, 2, 2, 7), 3, scale=5)
    monkeypatch.setattr(drawing, "_code", lambda: code)
    expected = [model.computed(document).loss.data for document in DOCUMENTS]
    assert hexes(model.losses(DOCUMENTS)) == hexes(expected)
    assert model.losses([]) == []


@settings(max_examples=3, deadline=None)
@given(small_models(), st.integers(0, 9))
def test_losses_of_positions_are_those_of_values(config: ModelConfig, seed: int) -> None:
    model = snapshot(config, seed, scale=9)
    by_vectors = model.position_losses(DOCUMENTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "_vectors", lambda: None)  # as without numpy
        on_values = model.position_losses(DOCUMENTS)
    assert [hexes(each) for each in by_vectors] == [hexes(each) for each in on_values]
    graphs = [model.graph(text) for text in DOCUMENTS]
    for graph, losses in zip(graphs, by_vectors, strict=True):
        assert [float(graph.data[node]) for node in position_losses(graph).values()] == losses


@pytest.mark.parametrize("code", [*CODES, None], ids=["kernel", "numpy", "neither"])
def test_what_is_not_finite_is_told_by_values(
    code: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "_code", lambda: code)
    model, rng = snapshot(ModelConfig(4, 2, 1, 5), 3), random.Random(1)
    before = rng.getstate()
    with pytest.raises(DomainError, match=r"^the probabilities at position 0 are not all finite"):
        snapshot(ModelConfig(4, 2, 1, 5), 3, scale=100).sample(rng, 3e-308)
    with pytest.raises(DomainError, match=r"1e-320|9\.99"):
        model.sample(rng, 1e-320)
    model.data[:] = array("d", [math.nan] * len(model.data))
    with pytest.raises(DomainError, match="the logits at position 0 are not all finite"):
        model.sample(rng)
    assert rng.getstate() == before
    assert math.isnan(model.losses(["a"])[0])
    with pytest.raises(InputError, match="leave room to go on"):
        model.sample(rng, prompt="aaaaa")


@pytest.mark.parametrize("code", CODES, ids=["kernel", "numpy"])
def test_an_op_that_fails_is_named(code: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_code", lambda: code)
    model = snapshot(ModelConfig(4, 2, 1, 5), 3)
    head = (4 + 5) * 4  # where lm_head begins
    model.data[head : head + 16] = array("d", [1e5 * (number // 4) for number in range(16)])
    with pytest.raises(DomainError, match=r"^log\(0\.0\) has no finite real value"):
        model.losses(["c", "ab"])


@pytest.mark.parametrize("code", CODES, ids=["kernel", "numpy"])
def test_a_generator_of_another_kind_draws_for_itself(
    code: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    class First(random.Random):
        def choices(self, population, *_, **__):  # type: ignore[no-untyped-def, override]
            return [population[0]]

    monkeypatch.setattr(drawing, "_code", lambda: code)
    assert snapshot(ModelConfig(4, 2, 1, 5), 3).sample(First(1)) == "aaaaa"
