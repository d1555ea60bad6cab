"""Attention and gradients of a document from vectors are those of its Graph, to the bit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from microgpt import ModelConfig, ModelSnapshot, Training
from microgpt.autograd.bindings import ParameterBinding
from microgpt.model.training_state import TrainingState
from microgpt.text.corpus import Corpus
from microgpt.train.engines.vectors.document_pass import adam_step, document_pass

SIZE = ModelConfig(n_embd=8, n_head=2, n_layer=2, block_size=40)
TEXT = "annabellacharlottemaximilian"


@pytest.fixture(scope="module")
def training(names: Corpus) -> Training:
    training = Training(names, SIZE, engine="numpy")
    for _ in training.losses(30):
        pass
    return training


def tokens_of(model: ModelSnapshot, text: str) -> list[int]:
    return model.tokenizer.encode(text)[: model.config.block_size + 1]


def test_weights_and_their_gradients_are_the_graphs(training: Training) -> None:
    model = ModelSnapshot.of(training)
    graph = model.trace(TEXT)
    found = document_pass(SIZE, model.tokenizer, model.data, tokens_of(model, TEXT))
    assert found is not None
    for layer, attention in enumerate(found.layers):
        for head in range(SIZE.n_head):
            for position in range(len(TEXT) + 1):
                scope = graph.scopes.find(f"pos{position}/layer{layer}/attn/head{head}/softmax")
                nodes = graph.outputs_of(scope)
                row = slice(0, position + 1)
                assert attention.weights[head, position, row].tolist() == graph.data[nodes].tolist()
                grads = attention.weight_grads[head, position, row]
                assert grads.tolist() == graph.grad[nodes].tolist()
                assert not attention.weights[head, position, position + 1 :].any()
                assert not attention.weight_grads[head, position, position + 1 :].any()


def test_the_parameters_gradients_are_the_graphs(training: Training) -> None:
    model = ModelSnapshot.of(training)
    graph = model.trace(TEXT)
    found = document_pass(SIZE, model.tokenizer, model.data, tokens_of(model, TEXT))
    assert found is not None
    starts, start = {}, 0
    for name, (rows, columns) in SIZE.shapes(model.tokenizer.vocab_size).items():
        starts[name] = start, columns
        start += rows * columns
    expected = np.zeros(len(model.data))
    for node, binding in graph.bindings.items():
        if isinstance(binding, ParameterBinding):
            first, columns = starts[binding.matrix]
            expected[first + binding.row * columns + binding.col] = graph.grad[node]
    assert found.grads.tolist() == expected.tolist()


def test_the_update_is_that_of_training_on_the_document(training: Training) -> None:
    state = training.state.copy()
    document = training.document_at(training.step + 1)
    model = ModelSnapshot.of(training)
    found = document_pass(SIZE, model.tokenizer, model.data, tokens_of(model, document))
    assert found is not None
    updated = adam_step(state, training.config, found.grads)
    assert updated is not None
    assert state == training.state  # nothing in it is changed
    other = Training(training.corpus, SIZE, training.config, "numpy")
    for _ in other.losses(training.step + 1):
        pass
    after = other.state
    assert updated.data.tolist() == after.data.tolist()
    assert (updated.m.tolist(), updated.v.tolist()) == (after.m.tolist(), after.v.tolist())


def test_numbers_that_are_not_finite_give_nothing(training: Training) -> None:
    model = ModelSnapshot.of(training)
    data = model.data[:]
    data[0] = math.nan
    assert document_pass(SIZE, model.tokenizer, data, tokens_of(model, "a")) is None
    grads = np.full(len(data), 1e200)
    assert adam_step(TrainingState.untrained(model.data), training.config, grads) is None
