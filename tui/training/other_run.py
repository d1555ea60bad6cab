"""A step of another run, looked at on the text at hand. Knows no screen."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt import ModelSnapshot
from microgpt.errors import InputError
from microgpt.graph.graph import Graph
from microgpt.runs import Run


@dataclass(frozen=True, eq=False)
class OtherStep:
    """What another run computes of a text."""

    name: str  # `names.run, step 300`
    graph: Graph


def step_of_other_run(told: str, model: ModelSnapshot, document: str) -> OtherStep:
    """Computes the text with the parameters of a step of another run.

    Args:
        told: `FILE:STEP`, or `FILE` for its last step.
        model: what the text was looked at with so far.

    Raises:
        InputError: the runs' characters are not the same, so positions cannot be compared.
        RunFileError: the file cannot be read, or has no such step.
    """
    path, _, number = told.strip().rpartition(":")
    has_step = bool(path) and number.isdecimal()
    with Run(path if has_step else told.strip()) as run:
        if run.info.chars != model.tokenizer.chars:
            raise InputError(
                f"{run.path.name} reads {run.info.chars!r}, this run {model.tokenizer.chars!r}"
            )
        step = int(number) if has_step else run.last_step
        other = run.at(step).before
        return OtherStep(f"{run.path.name}, step {step}", other.graph(document))
