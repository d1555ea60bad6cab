"""A step of another run, looked at on the text at hand. Knows no screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from microgpt import ModelSnapshot
from microgpt.errors import InputError
from microgpt.graph.graph import Graph
from microgpt.runs import Run


@dataclass(frozen=True, eq=False)
class OtherStep:
    """What another run computes of a text."""

    name: str  # `names.run, step 300`
    graph: Graph


def file_and_step(told: str) -> tuple[Path, int | None]:
    """What `FILE:STEP` or `FILE` means; None for the last step.

    >>> file_and_step("names.run:300")[1]
    300
    """
    path, _, number = told.strip().rpartition(":")
    if path and number.isdecimal():
        return Path(path), int(number)
    return Path(told.strip()), None


def step_of_other_run(told: str, model: ModelSnapshot, document: str) -> OtherStep:
    """Computes the text with the parameters of a step of another run.

    Args:
        told: `FILE:STEP`, or `FILE` for its last step.
        model: what the text was looked at with so far.

    Raises:
        InputError: the runs' characters are not the same, so positions cannot be compared.
        RunFileError: the file cannot be read, or has no such step.
    """
    path, number = file_and_step(told)
    with Run(path) as run:
        if run.info.chars != model.tokenizer.chars:
            raise InputError(
                f"{run.path.name} reads {run.info.chars!r}, this run {model.tokenizer.chars!r}"
            )
        step = run.last_step if number is None else number
        other = run.at(step).before
        return OtherStep(f"{run.path.name}, step {step}", other.graph(document))
