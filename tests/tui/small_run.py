"""A run so small that a step takes some milliseconds and a graph a tenth of a second."""

from __future__ import annotations

from dataclasses import replace

from microgpt import Corpus, ModelConfig, Training, TrainingConfig

DOCUMENTS = ("emma", "ava", "mia", "noah", "liam")
SMALL_MODEL = ModelConfig(n_embd=8, n_head=2, block_size=8)
ENDLESS = 1_000_000
"""Steps that no test waits for."""


def small_training(
    *documents: str, num_steps: int = ENDLESS, lr: float = 0.01, **model: int
) -> Training:
    """A run on these documents, or on `DOCUMENTS`.

    Args:
        model: fields of `SMALL_MODEL` to be other than they are.
    """
    return Training(
        Corpus("small", documents or DOCUMENTS),
        replace(SMALL_MODEL, **model),
        TrainingConfig(num_steps=num_steps, lr=lr),
    )
