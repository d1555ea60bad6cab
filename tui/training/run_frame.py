"""`RunFrame`: a run at one moment, frozen, as every mode shows it."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt import ModelSnapshot, StepResult
from microgpt.train.graph_origin import Origin


@dataclass(frozen=True, slots=True)
class FreshSample:
    """A document drawn from the model after a step, with a generator of its own."""

    step: int
    text: str


@dataclass(frozen=True, slots=True)
class RunFrame:
    """A run at one moment: where it stands now, or at a recorded step.

    Attributes:
        status: `"running"`, `"paused"`, `"finished"` or `"failed"`; of a run that is only looked
            at, `"followed"` while another process writes it and `"recorded"` afterwards.
        result: the step shown, None before the first.
        model: the model as that step computed it, before its update.
        losses: the losses of all steps so far, which the session goes on appending to; the first
            `live_step - first_step` belong to this frame. Units: nats.
        samples: newest first.
        rate: steps a second lately.
        speed: the limit set, 0 for none. Units: steps a second.
        num_steps: length of the schedule.
        problem: why it failed, one line.
        engine: what computes the steps, in words.
        first_step: the step before the first of `losses`: 0, or where a branch begins.
        live_step: the latest step of the run.
        warning: what went wrong beside the training, one line.
        past: whether `result` is a recorded step that the person went to.
        origin: what the step shown was computed from, None before the first; of a failed run the
            step that failed, which has no result.
    """

    status: str
    result: StepResult | None
    model: ModelSnapshot
    losses: list[float]
    samples: tuple[FreshSample, ...]
    rate: float
    speed: float
    num_steps: int
    problem: str = ""
    engine: str = ""
    first_step: int = 0
    live_step: int = 0
    warning: str = ""
    past: bool = False
    origin: Origin | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the step's tokens, the last one only a target. Shape: `[position + 1]`."""
        tokens = self.result.tokens if self.result else ()
        return tuple(self.model.tokenizer.label(token) for token in tokens)

    @property
    def losses_so_far(self) -> list[float]:
        """The losses that belong to this frame. Units: nats. Shape: `[step - first_step - 1]`."""
        return self.losses[: self.live_step - self.first_step]
