"""What several tests of views look at: a small model of two layers, after some steps."""

from __future__ import annotations

import pytest

from microgpt import ModelConfig, ModelSnapshot, Training
from microgpt.text.corpus import Corpus
from viz.views.subject import ViewSubject

SIZE = ModelConfig(n_embd=8, n_head=2, n_layer=2, block_size=12)
TEXT = "emma"


def subject_after(names: Corpus, steps: int, text: str = TEXT) -> ViewSubject:
    training = Training(names, SIZE, engine="numpy")
    if steps:
        for _ in training.losses(steps):
            pass
    return ViewSubject(
        text, ModelSnapshot.of(training), training.state.copy(), training.config, steps
    )


@pytest.fixture(scope="session")
def subject(names: Corpus) -> ViewSubject:
    """ "emma" after 20 steps."""
    return subject_after(names, 20)


@pytest.fixture(scope="session")
def moments(names: Corpus) -> list[ViewSubject]:
    """ "emma" after 0, 5 and 20 steps."""
    return [subject_after(names, steps) for steps in (0, 5, 20)]
