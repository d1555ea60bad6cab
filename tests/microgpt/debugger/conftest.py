"""A graph small enough to ask plain Python about every node: two layers, two heads, "ava"."""

from __future__ import annotations

import pytest

from microgpt import Corpus, ModelConfig, ModelSnapshot, Training
from microgpt.graph.graph import Graph

DOCUMENTS = ("emma", "ava", "mia", "vera", "eve")


@pytest.fixture(scope="session")
def tiny_model() -> ModelSnapshot:
    corpus = Corpus("tiny", DOCUMENTS)
    return ModelSnapshot.of(Training(corpus, ModelConfig(4, 2, 2, 6)))


@pytest.fixture(scope="session")
def tiny_graph(tiny_model: ModelSnapshot) -> Graph:
    return tiny_model.graph("ava")
