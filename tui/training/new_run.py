"""What a run that is about to be begun consists of. Knows no screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from microgpt import ModelConfig, TrainingConfig


@dataclass(frozen=True, slots=True)
class NewRun:
    """A corpus, a model and how it is trained."""

    corpus: str  # its name, or the path of a file
    model: ModelConfig
    config: TrainingConfig
    path: Path | None  # the run's file; None if it is gone when the program ends
