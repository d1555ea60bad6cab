"""All that training changes from step to step, as plain arrays that any engine can advance."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class TrainingState:
    """Where a run stands. Engines change it in place; whoever keeps one keeps a copy."""

    step: int  # updates done so far; 0 is the untrained model
    data: array[float]  # every parameter's value, in the order of `Parameters.flat`
    m: array[float]  # Adam's first moments, in the same order
    v: array[float]  # Adam's second moments, in the same order

    @classmethod
    def untrained(cls, data: Iterable[float]) -> TrainingState:
        """Before the first step: moments of 0."""
        parameters = array("d", data)
        zeros = array("d", bytes(8 * len(parameters)))
        return cls(0, parameters, zeros, zeros[:])

    def copy(self) -> TrainingState:
        """The same numbers, which no engine will change."""
        return TrainingState(self.step, self.data[:], self.m[:], self.v[:])
