"""Training steps of every engine against the straightforward form and PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from microgpt import Corpus, ModelConfig, load_corpus
from microgpt.train.engines import ENGINES
from tests.benchmarks.contest import Contest, Turn, contest, rounded
from tests.benchmarks.tables import report
from tests.benchmarks.trainers import (
    HAS_PYTORCH,
    PYTORCH,
    STRAIGHTFORWARD,
    Documents,
    EngineTrainer,
    OracleTrainer,
    PyTorchTrainer,
    full_document,
    tokens_of,
)

Trainer = EngineTrainer | OracleTrainer | PyTorchTrainer

NO_SLOWER = 0.9  # some of a ratio of two timings is noise
NUMPY_AHEAD = 30  # times as fast as the straightforward form
FAST = [name for name in ENGINES if name != "value"]
LARGE = {(64, 1, 16): 1.5, (128, 1, 16): 1.0, (64, 4, 64): 1.0}
"""Times as fast as PyTorch that the kernel is at least, by n_embd, n_layer and block_size."""
LARGEST_OF_OBJECTS = 32  # n_embd up to which a graph of Python objects is built in a benchmark


def test_default_model(names: Corpus, benchmark: BenchmarkFixture) -> None:
    """All train on the same documents; the engines get the same parameters, to the bit."""
    model = ModelConfig()
    trainers: dict[str, Trainer] = {STRAIGHTFORWARD: OracleTrainer(names, model)}
    trainers |= {name: EngineTrainer(name, names, model) for name in ENGINES}
    if HAS_PYTORCH:
        trainers[PYTORCH] = PyTorchTrainer(names, model)
    documents = [tokens_of(names, model, 1 + 8 * i, 8) for i in range(7)]
    result = timed(benchmark, trainers, documents)

    oracle = trainers[STRAIGHTFORWARD]
    assert isinstance(oracle, OracleTrainer)
    for name in ENGINES:
        engine = trainers[name]
        assert isinstance(engine, EngineTrainer)
        assert engine.run.state.data.tolist() == oracle.oracle.parameters()
    rows = []
    for name in trainers:
        row = [name, result.ratio(STRAIGHTFORWARD, name) if name != STRAIGHTFORWARD else "1"]
        if HAS_PYTORCH:
            row.append(result.ratio(PYTORCH, name) if name != PYTORCH else "1")
        rows.append([*row, f"{1e3 * result.seconds(name) / 8:.3f}"])
    header = [
        "",
        "times as fast as straightforward",
        "times as fast as PyTorch",
        "ms a step, this time",
    ]
    if not HAS_PYTORCH:
        header.pop(2)
    report(benchmark, "engines", header, rows)
    assert result.ratio(STRAIGHTFORWARD, "value").median >= NO_SLOWER
    assert result.ratio(STRAIGHTFORWARD, "numpy").median >= NUMPY_AHEAD


def test_document_length(names: Corpus, benchmark: BenchmarkFixture) -> None:
    """The default model on documents of 1 to 15 letters."""
    model = ModelConfig()
    lengths = (1, 3, 7, 11, 15)
    letters = "".join(names.documents)
    rows = []
    for length in lengths:
        cut = Corpus("cut", tuple(letters[i : i + length] for i in range(0, 900, length)))
        documents = [tokens_of(cut, model, 1 + 8 * i, 8) for i in range(3)]
        trainers = fast_trainers(cut, model, oracle=True)
        rows.append((length + 1, timed(benchmark, trainers, documents)))
    report_costs(benchmark, "lengths", "positions", rows)


def test_model_size(names: Corpus, benchmark: BenchmarkFixture) -> None:
    """Names on wider models."""
    rows = []
    for n_embd in (16, 32, 64, 128):
        model = ModelConfig(n_embd=n_embd)
        trainers = fast_trainers(names, model, oracle=n_embd <= LARGEST_OF_OBJECTS)
        documents = [tokens_of(names, model, 1 + 4 * i, 4) for i in range(3)]
        rows.append((n_embd, timed(benchmark, trainers, documents)))
    report_costs(benchmark, "sizes", "n_embd", rows)


@pytest.mark.skipif(not HAS_PYTORCH, reason="PyTorch is not installed")
def test_larger_models(benchmark: BenchmarkFixture) -> None:
    """Full blocks of text on larger models, where matrix products and Adam are what counts."""
    rows, ahead = [], {}
    for sizes in ((16, 1, 16), (32, 2, 32), *LARGE):
        n_embd, n_layer, block_size = sizes
        model = ModelConfig(n_embd=n_embd, n_layer=n_layer, block_size=block_size)
        corpus, document = full_document(load_corpus("verse"), model)
        kernel = EngineTrainer("kernel", corpus, model)
        trainers: dict[str, Trainer] = {"kernel": kernel, PYTORCH: PyTorchTrainer(corpus, model)}
        result = timed(benchmark, trainers, [[document] * 4] * 7)
        ahead[sizes] = result.ratio(PYTORCH, "kernel")
        size = ", ".join(map(str, sizes))
        rows.append((size, f"{len(kernel.run.state.data):,}", ahead[sizes], LARGE.get(sizes, "")))
    header = [
        "n_embd, n_layer, block_size", "parameters", "kernel, times as fast as PyTorch", "at least",
    ]  # fmt: skip
    report(benchmark, "larger models", header, rows)
    assert all(ahead[sizes].median >= least for sizes, least in LARGE.items())


def fast_trainers(corpus: Corpus, model: ModelConfig, *, oracle: bool) -> dict[str, Trainer]:
    """Those that do without an object for each scalar, and the straightforward form if asked."""
    engines = [name for name in FAST if name in ("numpy", "kernel") or oracle]
    trainers: dict[str, Trainer] = {name: EngineTrainer(name, corpus, model) for name in engines}
    if oracle:
        trainers[STRAIGHTFORWARD] = OracleTrainer(corpus, model)
    if HAS_PYTORCH:
        trainers[PYTORCH] = PyTorchTrainer(corpus, model)
    return trainers


def timed(
    benchmark: BenchmarkFixture, trainers: dict[str, Trainer], documents: Sequence[Documents]
) -> Contest:
    """One contest, each trainer on all the documents; the first one's time is the benchmark's."""

    def turns(trainer: Trainer) -> Iterator[Turn | Callable[[], object]]:
        return (trainer.turn(some) for some in documents)

    contenders = {name: turns(trainer) for name, trainer in trainers.items()}
    if benchmark.stats is None:
        result: Contest = benchmark.pedantic(contest, (contenders,), rounds=1)
        return result
    return contest(contenders)


def report_costs(
    benchmark: BenchmarkFixture, name: str, what: str, rows: Sequence[tuple[int, Contest]]
) -> None:
    """For each fast engine, how its cost grows from the first row on, and what it is ahead by."""
    header = [what]
    for engine in FAST:
        header += [f"cost on {engine}", "ahead of straightforward"]
        header += ["ahead of PyTorch"] if HAS_PYTORCH else []
    table = []
    for number, result in rows:
        row = [str(number)]
        for engine in FAST:
            for other in (None, STRAIGHTFORWARD, PYTORCH)[: 3 if HAS_PYTORCH else 2]:
                if engine not in result.times or (other and other not in result.times):
                    row.append("")
                elif other:
                    row.append(str(result.ratio(other, engine)))
                else:
                    row.append(rounded(result.seconds(engine) / rows[0][1].seconds(engine)))
        table.append(row)
    report(benchmark, name, header, table)
