"""`RunDifference`: the first step at which two recorded runs part, and how far they go apart."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

from microgpt.difference.graph_difference import GraphDifference
from microgpt.errors import InputError
from microgpt.runs.run import Run
from microgpt.runs.run_info import RunInfo
from microgpt.train.training import StepLoss

Cause: TypeAlias = Literal["beginning", "update", "document", "step"]
"""What is another one first: what the runs begin with, an update's outcome, the document drawn, or
only the step's own numbers."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that the two runs were begun with differently."""

    name: str  # "lr", "n_embd", "corpus"
    a: float | str
    b: float | str


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of both from the step at which they part to the last that both have."""

    steps: int  # how many that are
    differing: int  # of so many of them
    largest: float  # |B - A| where they are furthest apart
    largest_step: int  # where that is
    last: tuple[float, float]  # of the last step that both have, A's and B's


@dataclass(frozen=True, slots=True)
class RunParting:
    """The first step at which two runs are not alike."""

    step: int
    cause: Cause
    update: int | None
    """The step whose update left them in different states, for "update": the one before, or, if
    none follows that both have, this one, whose graphs are alike then."""
    documents: tuple[str, str]  # of the step
    losses: Losses
    graphs: GraphDifference  # the step's graph of A and of B


@dataclass(frozen=True, slots=True)
class RunDifference:
    """Two recorded runs beside each other."""

    settings: tuple[Setting, ...]
    """What is not alike in their configurations, the model's sizes first."""
    first_step: int  # the first step that both have
    last_step: tuple[int, int]  # of A and of B
    parting: RunParting | None
    """Where they part; None if they are alike as far as both go."""

    @classmethod
    def of(cls, a: Run, b: Run) -> RunDifference:
        """Compares what is recorded of two runs just now.

        Raises:
            InputError: they have no step in common.
            RunFileError: one cannot be read.
        """
        last_step = a.last_step, b.last_step
        first, last = max(a.first_step, b.first_step) + 1, min(last_step)
        if first > last:
            raise InputError(
                f"{a.path} has steps {a.first_step + 1} to {last_step[0]} and {b.path} has "
                f"{b.first_step + 1} to {last_step[1]}: there is none that both have"
            )
        losses_a, losses_b = (run.losses(first - 1)[: last - first + 1] for run in (a, b))
        if a.info.model != b.info.model or a.info.chars != b.info.chars:
            step: int | None = first
        else:
            step = _first_other_state(a, b, first, last, _first_other(losses_a, losses_b))
        parting = None
        if step is not None:
            cause, update = _cause(a, b, step, first)
            at = step - first
            parting = RunParting(
                step, cause, update,
                (losses_a[at].document, losses_b[at].document),
                _losses(losses_a[at:], losses_b[at:]),
                GraphDifference.of(a.at(step).graph(), b.at(step).graph()),
            )  # fmt: skip
        return cls(settings_between(a.info, b.info), first, last_step, parting)


def settings_between(a: RunInfo, b: RunInfo) -> tuple[Setting, ...]:
    """What two runs were begun with differently, the model's sizes first."""
    rows = [
        (name, value, asdict(other)[name])
        for mine, other in ((a.model, b.model), (a.config, b.config))
        for name, value in asdict(mine).items()
    ]
    in_a, in_b = (run.num_documents + run.config.validation for run in (a, b))
    rows += [
        ("corpus", a.corpus, b.corpus),
        ("documents in it", in_a, in_b),
        ("characters", a.chars, b.chars),
        ("microgpt", a.version, b.version),
    ]
    if a.fingerprint != b.fingerprint and (a.corpus, in_a) == (b.corpus, in_b):
        rows.append(("fingerprint of it", a.fingerprint[:12], b.fingerprint[:12]))
    return tuple(Setting(*row) for row in rows if row[1] != row[2])


def _first_other(a: list[StepLoss], b: list[StepLoss]) -> int | None:
    """The first step with another document or another loss."""
    for mine, other in zip(a, b, strict=True):
        if (mine.document, mine.loss) != (other.document, other.loss):
            return mine.step
    return None


def _first_other_state(a: Run, b: Run, first: int, last: int, step: int | None) -> int | None:
    """The first step that begins with other parameters, if that is before `step`.

    Args:
        step: the first with another loss or document; None if there is none up to `last`.
    """
    at = last if step is None else step
    if not _begin_differently(a, b, at):
        # After the last step there is no loss to tell of its update.
        return last if step is None and a.at(last).state != b.at(last).state else step
    # A document need not read each parameter, so a loss may tell of an update late.
    while at > first and _begin_differently(a, b, at - 1):
        at -= 1
    return at


def _begin_differently(a: Run, b: Run, step: int) -> bool:
    return a.at(step).state_before.data != b.at(step).state_before.data


def _cause(a: Run, b: Run, step: int, first: int) -> tuple[Cause, int | None]:
    mine, other = a.at(step), b.at(step)
    if mine.state_before.data != other.state_before.data:
        return ("beginning", None) if step == first else ("update", step - 1)
    assert mine.result is not None
    assert other.result is not None
    if mine.result.document != other.result.document:
        return "document", None
    return ("step", None) if mine.result.loss != other.result.loss else ("update", step)


def _losses(a: list[StepLoss], b: list[StepLoss]) -> Losses:
    """How far the losses are apart."""
    apart = [abs(other.loss - mine.loss) for mine, other in zip(a, b, strict=True)]
    largest = max(range(len(apart)), key=apart.__getitem__)
    return Losses(
        steps=len(apart),
        differing=sum(map(bool, apart)),
        largest=apart[largest],
        largest_step=a[largest].step,
        last=(a[-1].loss, b[-1].loss),
    )
