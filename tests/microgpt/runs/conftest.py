"""A small run on disk: 60 steps, a keyframe every few of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from microgpt import Corpus, ModelConfig, Training, TrainingConfig
from microgpt.runs import RunRecorder, keyframes

CORPUS = Corpus("small", ("emma", "ava", "mia", "olivia", "noah", "liam", "ida"))
MODEL = ModelConfig(n_embd=4, n_head=2, n_layer=1, block_size=6)
STEPS = 60

Recorded = Callable[..., Path]


def small_training(**settings: float) -> Training:
    return Training(CORPUS, MODEL, TrainingConfig(num_steps=STEPS, lr=0.05, **settings))  # type: ignore[arg-type]


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    """The corpus as a file, which a run can find again."""
    path = tmp_path / "small.txt"
    path.write_text("\n".join(CORPUS.documents))
    return path


@pytest.fixture
def recorded(
    tmp_path: Path, corpus_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Records a run, up to some step, and gives its file."""
    # So that there are several keyframes: a step of this model is worth 3,000.
    monkeypatch.setattr(keyframes, "WORK_BETWEEN", 8 * 3000)

    def record(stop_after: int = STEPS, name: str = "small.run", **settings: int) -> Path:
        training, path = small_training(), tmp_path / name
        with RunRecorder.create(path, training, corpus=str(corpus_file), **settings) as recorder:
            assert 1 < recorder.interval < STEPS / 3
            for steps in training.losses(stop_after, pause_every=recorder.interval):
                recorder.record(steps)
        return path

    return record
