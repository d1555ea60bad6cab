"""Branching: a new run that goes on from a past step of another, in a file of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from microgpt import Corpus, Training, TrainingConfig
from microgpt.runs import Run, RunRecorder


@dataclass(frozen=True, slots=True)
class Branch:
    """How to go on."""

    config: TrainingConfig  # another seed is another order of the documents
    path: Path  # the new run's file


def begin(
    parent: Path, step: int, branch: Branch, corpus: Corpus | None = None
) -> tuple[Training, RunRecorder]:
    """A training that stands after a step of a recorded run, and what takes it down.

    The same seed goes on in the very same order of documents.

    Args:
        corpus: the parent's, if at hand; it is looked up by its recorded name otherwise.

    Raises:
        InputError: the corpus cannot be read.
        RunFileError: the step does not come out again, or the new file cannot be written.
    """
    with Run(parent) as run:
        training = run.training(corpus, step=step, config=branch.config)
        recorder = RunRecorder.create(
            branch.path, training, corpus=run.info.corpus, parent=(run.info.run_id, step)
        )
    return training, recorder
