"""Who trains in the benchmarks: every engine there is, the straightforward form, PyTorch."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any

from microgpt import Corpus, ModelConfig, ModelSnapshot, Training
from microgpt.train.engines import EngineName
from tests.benchmarks.contest import Turn
from tests.oracle import Oracle, Settings

STRAIGHTFORWARD = "straightforward"
PYTORCH = "PyTorch"
HAS_PYTORCH = importlib.util.find_spec("torch") is not None

Documents = Sequence[Sequence[int]]


class EngineTrainer:
    """One engine on a run of its own."""

    def __init__(self, engine: EngineName, corpus: Corpus, model: ModelConfig) -> None:
        self.run = Training(corpus, model, engine=engine)

    def turn(self, documents: Documents) -> Turn:
        """Trains on the documents, always from the same state; the first pass compiles."""
        before, state = self.run.state.copy(), self.run.state.copy()
        self.run.engine.train_steps(self.run.state, documents)

        def train() -> None:
            losses = self.run.engine.train_steps(state, documents)
            assert len(losses) == len(documents)

        def go_back() -> None:
            state.step = before.step
            state.data[:], state.m[:], state.v[:] = before.data, before.m, before.v

        train()
        assert state == self.run.state
        return Turn(train, go_back)


class OracleTrainer:
    """The straightforward form. A turn cannot be done again, so it has to be a long one."""

    def __init__(self, corpus: Corpus, model: ModelConfig) -> None:
        sizes = Settings(
            n_embd=model.n_embd,
            n_head=model.n_head,
            n_layer=model.n_layer,
            block_size=model.block_size,
        )
        self.oracle = Oracle(corpus.documents, sizes)

    def turn(self, documents: Documents) -> Callable[[], object]:
        """Trains on as many documents as these, which are the next of its own."""

        def train() -> None:
            for _ in documents:
                self.oracle.step()

        return train


class PyTorchTrainer:
    """PyTorch, eager, float64, one thread, with its fastest Adam."""

    def __init__(self, corpus: Corpus, model: ModelConfig) -> None:
        import torch

        from examples.pytorch_parity import mean_loss, tensors_of

        torch.set_num_threads(1)
        run = Training(corpus, model)
        config = run.config
        weights = tensors_of(ModelSnapshot.of(run).parameters())
        self.adam = adam = torch.optim.Adam(
            weights.values(),
            lr=config.lr,
            betas=(config.beta1, config.beta2),
            eps=config.eps,
            fused=True,
        )

        def step(tokens: Sequence[int]) -> None:
            adam.zero_grad()
            mean_loss(weights, tokens, model).backward()
            adam.step()

        self._step: Callable[[Sequence[int]], Any] = step

    def turn(self, documents: Documents) -> Callable[[], object]:
        """Trains on the documents."""

        def train() -> None:
            for tokens in documents:
                self._step(tokens)

        return train


def tokens_of(corpus: Corpus, model: ModelConfig, first: int, steps: int) -> Documents:
    """What the steps from `first`, counted from 1, read."""
    run = Training(corpus, model)
    encoded = (run.tokenizer.encode(run.document_at(first + i)) for i in range(steps))
    return [tokens[: model.block_size + 1] for tokens in encoded]


def full_document(corpus: Corpus, model: ModelConfig) -> tuple[Corpus, Sequence[int]]:
    """The corpus as one long text cut into documents that fill the block, and one of them."""
    text = " ".join(corpus.documents)
    longest = model.block_size - 1
    pieces = (text[i : i + longest] for i in range(0, len(text) - longest, longest))
    cut = Corpus(corpus.name, tuple(pieces))
    return cut, tokens_of(cut, model, 1, 1)[0]
