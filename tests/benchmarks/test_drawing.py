"""Samples after training against training steps, on the same engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from types import ModuleType

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import Corpus, ModelConfig, ModelSnapshot, Training
from microgpt.model import sampling
from microgpt.train import drawing
from microgpt.train.engines import EngineName
from microgpt.train.engines.kernel import kernel_engine
from microgpt.train.engines.vectors import sampling as vector_sampling
from tests.benchmarks.contest import contest
from tests.benchmarks.tables import report
from tests.benchmarks.trainers import EngineTrainer, tokens_of

COUNT = 20
ROUNDS = 7
ABOUT = 2.0
"""What samples may take, in steps of as many documents; a sample is longer than a document is."""

CODES: dict[EngineName, ModuleType] = {"kernel": kernel_engine, "numpy": vector_sampling}


def test_samples(
    names: Corpus, benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty samples of the trained default model, and twenty steps."""
    config = ModelConfig()
    training = Training(names, engine="kernel")
    for _ in training.losses():
        pass
    model = ModelSnapshot.of(training)
    kernel_engine.compile_kernel()
    documents = [tokens_of(names, config, 1 + COUNT * i, COUNT) for i in range(ROUNDS)]

    def sampled(code: ModuleType | None) -> Callable[[], object]:
        def draw() -> None:
            monkeypatch.setattr(drawing, "_code", lambda: code)
            rng = random.Random(1)
            texts = [model.sample(rng) for _ in range(COUNT)]
            assert texts == expected

        return draw

    def on_values() -> list[str]:
        rng, parameters = random.Random(1), model.parameters()
        return [sampling.sample(parameters, config, model.tokenizer, rng) for _ in range(COUNT)]

    expected = on_values()
    works: dict[str, Iterable[Callable[[], object]]]
    works = {f"{COUNT} samples on Values": [on_values] * ROUNDS}
    for name, code in CODES.items():
        trainer = EngineTrainer(name, names, config)
        works[f"{COUNT} steps, {name}"] = map(trainer.turn, documents)
        works[f"{COUNT} samples, {name}"] = [sampled(code)] * ROUNDS
    result = benchmark.pedantic(contest, (works,), rounds=1)
    rows = []
    for name in CODES:
        ratio = result.ratio(f"{COUNT} samples, {name}", f"{COUNT} steps, {name}")
        ahead = result.ratio(f"{COUNT} samples on Values", f"{COUNT} samples, {name}")
        time = f"{1e3 * result.seconds(f'{COUNT} samples, {name}'):.1f}"
        rows.append([name, ratio, ahead, time])
        assert ratio.median <= ABOUT
    header = ["", f"{COUNT} steps", "times as fast as on `Value`s", "ms, this time"]
    report(benchmark, "samples", header, rows)
