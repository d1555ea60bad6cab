"""Graphs of a model's documents: at first from whole arrays, from replay as soon as it is ready."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from microgpt import Graph, ModelConfig, ModelSnapshot, Tokenizer, Training, load_corpus
from microgpt.replay import loops, model_programs
from microgpt.replay.graph_replayer import GraphReplayer
from microgpt.replay.vectors import document_graph
from microgpt.train import model_snapshot
from tests.microgpt.replay.same import assert_same

CONFIG = ModelConfig(n_embd=4, n_head=2, block_size=8)


@pytest.fixture
def replayer(cache: Path, monkeypatch: pytest.MonkeyPatch) -> GraphReplayer:
    """What `ModelSnapshot.graph` uses; nothing is ready yet."""
    replayer = GraphReplayer()
    monkeypatch.setattr(model_snapshot, "REPLAYER", replayer)
    monkeypatch.setattr(model_programs, "_programs", {})
    return replayer


@pytest.fixture
def model() -> ModelSnapshot:
    return ModelSnapshot.of(Training(load_corpus("names"), CONFIG))


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents whose graph was computed without replay, on Values or from arrays."""
    documents: list[str] = []
    trace = ModelSnapshot.trace
    vector_graph = document_graph.vector_graph

    def counting(model: ModelSnapshot, document: str) -> object:
        documents.append(document)
        return trace(model, document)

    def counting_arrays(
        config: ModelConfig, tokenizer: Tokenizer, data: array[float], tokens: Sequence[int]
    ) -> Graph | None:
        graph = vector_graph(config, tokenizer, data, tokens)
        if graph is not None:
            documents.append(tokenizer.decode(tokens))
        return graph

    monkeypatch.setattr(ModelSnapshot, "trace", counting)
    monkeypatch.setattr(document_graph, "vector_graph", counting_arrays)
    return documents


def test_whoever_expects_graphs_has_replay_made_ready_once(
    replayer: GraphReplayer, model: ModelSnapshot, traces: list[str]
) -> None:
    model.expect_graphs("emma")
    made_ready = replayer._thread
    assert made_ready is not None
    made_ready.join()
    model.expect_graphs("ava")
    assert replayer._thread is made_ready, "nothing is left to do"
    assert_same(model.graph("emma"), model.trace("emma"))
    assert traces == ["emma"], "only the one to compare with"


def test_the_second_graph_makes_replay_ready(
    replayer: GraphReplayer, model: ModelSnapshot, traces: list[str]
) -> None:
    model.graph("emma")
    assert replayer._thread is None
    model.graph("ava")
    assert replayer._thread is not None
    replayer._thread.join()
    assert replayer.problem == ""
    graph = model.graph("olivia")
    assert traces == ["emma", "ava"]
    assert_same(graph, model.trace("olivia"))


def test_a_longer_document_waits_for_its_trace(
    replayer: GraphReplayer,
    model: ModelSnapshot,
    traces: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model_programs, "TRACED_AT_ONCE", 0)
    replayer.prepare(CONFIG, model.tokenizer, 2)
    model.graph("a")
    assert traces == []
    model.graph("emma")
    assert traces == ["emma"]
    assert replayer._thread is not None
    replayer._thread.join()
    model.graph("emma")
    assert traces == ["emma"]


def test_a_loss_that_is_not_finite_is_computed_on_values(
    replayer: GraphReplayer, model: ModelSnapshot, traces: list[str]
) -> None:
    """Which raise `DomainError` where an op is to blame."""
    replayer.prepare(CONFIG, model.tokenizer, 2)
    model.data[:] = array("d", [math.nan] * len(model.data))
    graph = model.graph("a")
    assert math.isnan(graph.data[graph.root])
    assert traces == ["a"]


def test_without_numba_graphs_are_made_from_arrays(
    replayer: GraphReplayer,
    model: ModelSnapshot,
    traces: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loops, "IS_COMPILED", False)
    replayer.prepare(CONFIG, model.tokenizer, 2)
    assert replayer.problem == "numba cannot be imported"
    model.graph("a")
    assert traces == ["a"]


def test_what_goes_wrong_while_it_is_made_ready_is_kept(
    replayer: GraphReplayer, model: ModelSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: object) -> None:
        raise MemoryError("too large")

    monkeypatch.setattr(model_programs, "program_for", failing)
    model.graph("a")
    model.graph("a")
    assert replayer._thread is not None
    replayer._thread.join()
    assert replayer.problem == "too large"
    model.graph("a")
