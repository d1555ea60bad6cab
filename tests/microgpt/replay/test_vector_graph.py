"""Graphs made from whole arrays: every field as of a fresh trace on Values, to the bit."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import (
    Corpus,
    DomainError,
    Graph,
    ModelConfig,
    ModelSnapshot,
    Training,
    TrainingConfig,
    Value,
    load_corpus,
)
from microgpt.model import transformer
from microgpt.replay.graph_replayer import GraphReplayer
from microgpt.replay.vectors.document_graph import vector_graph
from microgpt.train import model_snapshot
from tests.microgpt.replay.same import assert_same
from tests.microgpt.train.engines.test_numpy import small_models


def made(model: ModelSnapshot, document: str) -> Graph | None:
    tokens = model.tokenizer.encode(document)[: model.config.block_size + 1]
    return vector_graph(model.config, model.tokenizer, model.data, tokens)


def from_arrays(model: ModelSnapshot, document: str) -> Graph:
    graph = made(model, document)
    assert graph is not None
    return graph


@settings(max_examples=15, deadline=None)
@given(small_models(), st.text("abc d", max_size=10), st.integers(0, 5))
def test_it_is_the_graph_of_a_fresh_trace(config: ModelConfig, document: str, seed: int) -> None:
    corpus = Corpus("small", ("abc d",))
    model = ModelSnapshot.of(Training(corpus, config, TrainingConfig(seed=seed)))
    graph = from_arrays(model, document)
    assert_same(graph, model.trace(document))
    assert graph.checked() is graph, "its gradients are what its events add up to"


def test_the_default_model_after_some_steps() -> None:
    run = Training(load_corpus("names"), engine="numpy")
    for _ in run.losses(20):
        pass
    model = ModelSnapshot.of(run)
    assert_same(from_arrays(model, "emma"), model.trace("emma"))


@pytest.mark.slow
def test_a_larger_model() -> None:
    config = ModelConfig(n_embd=24, n_head=3, n_layer=3, block_size=24)
    model = ModelSnapshot.of(Training(load_corpus("verse"), config))
    document = Training(load_corpus("verse"), config).document_at(1)
    assert_same(from_arrays(model, document), model.trace(document))


@pytest.fixture
def model() -> ModelSnapshot:
    return ModelSnapshot.of(Training(load_corpus("names"), ModelConfig(4, 2, 1, 6)))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_left_to_values(model: ModelSnapshot, number: float) -> None:
    model.data[:] = array("d", [number] * len(model.data))
    assert made(model, "ada") is None


def test_numbers_that_overflow_on_the_way_are_the_same(model: ModelSnapshot) -> None:
    model.data[:] = array("d", [1e200] * len(model.data))
    assert_same(from_arrays(model, "ada"), model.trace("ada"))


def test_an_op_that_fails_is_named(model: ModelSnapshot) -> None:
    head = 27 * 4 + 6 * 4  # where lm_head begins
    model.data[head : head + 27 * 4] = array(
        "d", [1e4 * token for token in range(27) for _ in range(4)]
    )
    assert made(model, "ada") is None
    with pytest.raises(DomainError, match=r"^log\(0\.0\) has no finite real value, in pos"):
        model.graph("ada")


def test_a_model_that_someone_has_changed_is_computed_on_values(
    model: ModelSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = from_arrays(model, "ada")
    replayer = GraphReplayer()
    replayer.problem = "it would trace the model as it is changed here, for all tests that follow"
    monkeypatch.setattr(model_snapshot, "REPLAYER", replayer)
    monkeypatch.setattr(Value, "relu", lambda x: x * 0.5)
    assert made(model, "ada") is None
    assert_same(model.graph("ada"), model.trace("ada"))
    assert len(model.graph("ada")) != len(before)
    monkeypatch.undo()
    assert_same(from_arrays(model, "ada"), before)


def test_a_number_of_the_model_that_someone_has_changed(
    model: ModelSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transformer, "RMSNORM_EPS", 1e-3)
    assert made(model, "ada") is None
