"""`RunFrame`: a run at one moment, frozen, as every mode shows it."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from microgpt import ModelSnapshot, StepResult, TrainingConfig
from microgpt.diagnosis.finding import Finding
from microgpt.errors import MicrogptError
from microgpt.graph.arrays import Floats
from microgpt.train.graph_origin import GraphOrigin


@dataclass(frozen=True, slots=True)
class FreshSample:
    """A document drawn from the model after a step, with a generator of its own."""

    step: int
    text: str
    log_probability: float | None = None
    """Of the text under the model after the step, at a temperature of 1; None where it is not
    known. Units: nats."""

    @classmethod
    def of(cls, model: ModelSnapshot, step: int, text: str) -> FreshSample:
        """The sample, with what the model that it was drawn from says of it."""
        try:
            return cls(step, text, model.log_probability(text))
        except MicrogptError:  # whoever trains on it says what is wrong
            return cls(step, text)


@dataclass(frozen=True, slots=True)
class RunFrame:
    """A run at one moment: where it stands now, or at a recorded step."""

    status: str
    """`"running"`, `"paused"`, `"finished"` or `"failed"`; of a run that is only looked at,
    `"followed"` while another process writes it and `"recorded"` afterwards."""
    result: StepResult | None  # the step shown, None before the first
    model: ModelSnapshot  # the model as that step computed it, before its update
    losses: array[float]
    """Of all steps so far, which the session goes on appending to; the first
    `live_step - first_step` belong to this frame. Doubles, since a fast engine makes tens of
    thousands a second, and lists of those take longer to look at than to compute. Units: nats."""
    samples: tuple[FreshSample, ...]  # newest first
    rate: float  # steps a second lately
    speed: float  # the limit set, 0 for none. Units: steps a second.
    num_steps: int  # length of the schedule
    problem: str = ""  # why it failed, one line
    engine: str = ""  # what computes the steps, in words
    first_step: int = 0  # the step before the first of `losses`: 0, or where a branch begins
    live_step: int = 0  # the latest step of the run
    warning: str = ""  # what went wrong beside the training, one line
    past: bool = False  # whether `result` is a recorded step that the person went to
    origin: GraphOrigin | None = None
    """What the step shown was computed from, None before the first; of a failed run the step that
    failed, which has no result."""
    after: ModelSnapshot | None = None
    """The model with that step's update done, which samples are drawn from; None before the first.
    """
    upcoming: GraphOrigin | None = None
    """What the first step will be computed from, so that the untrained model can be looked at."""

    config: TrainingConfig = field(default_factory=TrainingConfig)  # how it is trained
    measured: tuple[tuple[int, float], ...] = ()
    """Steps, and the loss after each of documents held out, of all the run. Units: nats."""
    findings: tuple[Finding, ...] = ()  # the doctor's; `pass_number` is the training step
    pinned: str = ""
    """The text of someone's own that `result` and `origin` are of, `""` for training's document."""

    @property
    def newest_model(self) -> ModelSnapshot:
        """The model after the update of the step shown, or untrained."""
        return self.after or self.model

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the step's tokens, the last one only a target. Shape: `[position + 1]`."""
        tokens = self.result.tokens if self.result else ()
        return tuple(self.model.tokenizer.label(token) for token in tokens)

    @property
    def has_steps(self) -> bool:
        """Whether there is a step to go to."""
        return self.live_step > self.first_step

    @property
    def losses_so_far(self) -> Floats:
        """The losses that belong to this frame. Units: nats. Shape: `[step - first_step - 1]`."""
        return np.frombuffer(self.losses[: self.live_step - self.first_step])

    @property
    def measured_so_far(self) -> tuple[tuple[int, float], ...]:
        """Steps up to this frame, and the loss after each of documents held out. Units: nats."""
        return tuple(at for at in self.measured if at[0] <= self.live_step)
