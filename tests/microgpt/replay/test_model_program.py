"""The model's program: any document under any parameters, every scalar as on Values."""

from __future__ import annotations

import random
import threading

import pytest

from microgpt import Corpus, ModelConfig, ModelSnapshot, Tokenizer, Training, TrainingConfig
from microgpt.replay import model_program
from microgpt.replay.document_graph import document_graph
from microgpt.replay.graph_code import runs_of
from microgpt.replay.model_program import ModelProgram, Replay
from microgpt.replay.trace import Trace
from tests.microgpt.replay.same import assert_same

CHARACTERS = "".join(map(chr, range(ord("0"), ord("0") + 99)))


def snapshot(config: ModelConfig, vocab_size: int, seed: int = 1) -> ModelSnapshot:
    """An untrained model of a vocabulary."""
    corpus = Corpus("mine", tuple(CHARACTERS[: vocab_size - 1]))
    return ModelSnapshot.of(Training(corpus, config, TrainingConfig(seed=seed)))


def replayed(replay: Replay, model: ModelSnapshot, document: str) -> None:
    tokens = model.tokenizer.encode(document)[: model.config.block_size + 1]
    replay.forward(model.data, tokens)
    replay.backward()


def random_document(rng: random.Random, tokenizer: Tokenizer, length: int) -> str:
    few = rng.sample(tokenizer.chars, rng.randint(1, len(tokenizer.chars)))
    return "".join(rng.choices(few, k=length))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("vocab_size", "config"),
    [
        (5, ModelConfig(n_embd=6, n_head=2, n_layer=2, block_size=7)),
        (100, ModelConfig(n_embd=3, n_head=1, n_layer=1, block_size=5)),
        (13, ModelConfig(n_embd=5, n_head=5, n_layer=3, block_size=4)),
        (2, ModelConfig(n_embd=2, n_head=1, n_layer=1, block_size=9)),
    ],
    ids=["two-layers", "vocabulary-of-100", "three-layers", "one-character"],
)
def test_documents_of_every_length_have_the_graph_of_a_fresh_trace(
    vocab_size: int, config: ModelConfig
) -> None:
    """One after the other on the same arrays, under different parameters."""
    rng = random.Random(3)
    program = ModelProgram(Trace.of(config, vocab_size, config.block_size), config, vocab_size)
    replay = Replay(program)
    lengths = list(range(1, config.block_size + 1))
    for length in (*lengths, *reversed(lengths)):
        model = snapshot(config, vocab_size, seed=length)
        document = random_document(rng, model.tokenizer, length - 1)
        replayed(replay, model, document)
        graph = document_graph(replay, config, model.tokenizer)
        assert_same(graph, model.trace(document))


@pytest.mark.slow
def test_the_default_model() -> None:
    config, rng = ModelConfig(), random.Random(5)
    model = snapshot(config, 27)
    replay = Replay(ModelProgram(Trace.of(config, 27, 16), config, 27))
    for length in (15, 4):
        document = random_document(rng, model.tokenizer, length)
        replayed(replay, model, document)
        assert_same(document_graph(replay, config, model.tokenizer), model.trace(document))


def test_a_document_past_the_block_is_cut_off() -> None:
    config = ModelConfig(n_embd=4, n_head=2, block_size=3)
    model = snapshot(config, 6)
    replay = Replay(ModelProgram(Trace.of(config, 6, 3), config, 6))
    replayed(replay, model, "012340")
    assert_same(document_graph(replay, config, model.tokenizer), model.trace("012340"))


def test_a_trace_of_some_positions_is_the_beginning_of_a_longer_one() -> None:
    config = ModelConfig(n_embd=4, n_head=2, block_size=8)
    model = snapshot(config, 6)
    for length in (3, 8):
        replay = Replay(ModelProgram(Trace.of(config, 6, length), config, 6))
        replayed(replay, model, "01")
        assert_same(document_graph(replay, config, model.tokenizer), model.trace("01"))


def test_the_size_of_a_node() -> None:
    config = ModelConfig(n_embd=8, n_head=2, block_size=8)
    program = ModelProgram(Trace.of(config, 27, 8), config, 27)
    assert program.nbytes <= 60 * len(program.code.op)


def test_two_threads_run_a_program_that_none_has_run_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that comes while the other makes it ready neither waits nor runs half of it."""
    config = ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=3)
    model = snapshot(config, 5)
    program = ModelProgram(Trace.of(config, 5, 3), config, 5)
    tokens = model.tokenizer.encode("01")
    expected = model.trace("01").data[-1]
    is_making, may_go_on = threading.Event(), threading.Event()

    def runs_late(*made_of: object) -> object:
        if threading.current_thread() is first and not may_go_on.is_set():
            is_making.set()
            may_go_on.wait(10)
        return runs_of(*made_of)

    losses: list[float] = []
    first = threading.Thread(
        target=lambda: losses.append(Replay(program).forward(model.data, tokens))
    )
    monkeypatch.setattr(model_program, "runs_of", runs_late)
    first.start()
    assert is_making.wait(10)
    losses.append(Replay(program).forward(model.data, tokens))
    may_go_on.set()
    first.join()
    assert losses == [expected, expected]
