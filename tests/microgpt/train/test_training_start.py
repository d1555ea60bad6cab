"""What a run starts from, drawn without a run: the same documents and numbers, to the bit."""

from __future__ import annotations

import pytest

from microgpt import Corpus, InputError, ModelConfig, ModelSnapshot, Training, TrainingConfig
from microgpt.train.training_start import TrainingStart

CORPUS = Corpus("mine", ("ab", "ba", "abba", "cab", "bac"))
MODEL = ModelConfig(n_embd=4, n_head=2, n_layer=2, block_size=4)


def test_a_start_is_what_a_run_has_before_its_first_step() -> None:
    run = Training(CORPUS, MODEL, TrainingConfig(seed=7))
    start = TrainingStart.drawn(CORPUS, MODEL, seed=7)
    assert (start.model, start.documents, start.tokenizer, start.state) == (
        run.model, run.documents, run.tokenizer, run.state,
    )  # fmt: skip
    assert start.rng.getstate() == run.rng.getstate()
    assert start.documents != CORPUS.documents
    assert start.state.step == 0


def test_another_seed_is_another_start() -> None:
    one, other = (TrainingStart.drawn(CORPUS, MODEL, seed) for seed in (7, 8))
    assert one.state.data != other.state.data


def test_a_start_has_a_model_to_look_at() -> None:
    model = ModelSnapshot.of(TrainingStart.drawn(CORPUS, MODEL, seed=7))
    assert model == ModelSnapshot.of(Training(CORPUS, MODEL, TrainingConfig(seed=7)))
    model.check_document("cab")
    with pytest.raises(InputError, match="character 'd'"):
        model.check_document("dab")
