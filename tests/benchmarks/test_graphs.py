"""How long until every scalar of a step can be looked at."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import Corpus, ModelSnapshot, Training
from microgpt.replay.graph_replayer import REPLAYER
from microgpt.replay.vectors.document_graph import vector_graph
from microgpt.runs import Run, RunRecorder
from tests.benchmarks.contest import contest
from tests.benchmarks.tables import report
from tests.benchmarks.trainers import STRAIGHTFORWARD
from tests.oracle import Oracle

ROUNDS = 7


def test_trace_and_go_to_step(names: Corpus, tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    """Beside a training step of the straightforward form on as long a document.

    Replay is ready, as it is for whoever looks at more than one graph.
    """
    training = Training(names, engine="kernel")
    path = tmp_path / "names.run"
    with RunRecorder.create(path, training, corpus="names") as recorder:
        for losses in training.losses(pause_every=recorder.interval):
            recorder.record(losses)
    model = ModelSnapshot.of(training)
    REPLAYER.prepare(training.model, training.tokenizer, training.model.block_size)
    steps = random.Random(3).sample(range(1, training.step + 1), ROUNDS)
    oracle = Oracle([training.document_at(step) for step in steps])
    oracle.documents = [training.document_at(step) for step in steps]  # in this order

    def on_values(step: int) -> Callable[[], object]:
        return lambda: model.trace(training.document_at(step))

    def replayed(step: int) -> Callable[[], object]:
        return lambda: model.graph(training.document_at(step))

    def from_arrays(step: int) -> Callable[[], object]:
        tokens = model.tokenizer.encode(training.document_at(step))[: model.config.block_size + 1]
        return lambda: vector_graph(model.config, model.tokenizer, model.data, tokens)

    def state(step: int) -> Callable[[], object]:
        def open_and_go() -> None:
            with Run(path, "kernel") as run:
                run.at(step)

        return open_and_go

    def graph(step: int) -> Callable[[], object]:
        def open_and_go() -> None:
            with Run(path, "kernel") as run:
                assert len(run.at(step).graph()) > 10_000

        return open_and_go

    works = {
        "the Graph of a document, on `Value`s": [on_values(step) for step in steps],
        "the Graph of a document, from whole arrays": [from_arrays(step) for step in steps],
        "the Graph of a document, by replay": [replayed(step) for step in steps],
        "go to a step of a run file: its state": [state(step) for step in steps],
        "go to a step of a run file: its Graph": [graph(step) for step in steps],
    }
    straightforward = {STRAIGHTFORWARD: [oracle.step] * ROUNDS}
    result = benchmark.pedantic(contest, (straightforward | works,), {"turn": 0.0}, rounds=1)
    rows = [
        (name, result.ratio(name, STRAIGHTFORWARD), f"{1e3 * result.seconds(name):.1f}")
        for name in works
    ]
    report(benchmark, "graphs", ["", "straightforward steps", "ms, this time"], rows)
