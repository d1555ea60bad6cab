"""Adam with a linearly falling learning rate, in microgpt's order of floats."""

from __future__ import annotations

import math
import sys
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from microgpt.errors import DomainError, InputError

if TYPE_CHECKING:
    from microgpt.autograd.value import Value

MAX_GRAD = math.sqrt(sys.float_info.max)
"""The largest gradient whose square is a float."""


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How to train. The schedule's length is part of the result: it sets every step's rate.

    Raises:
        InputError: a number outside its range, or not finite.
    """

    num_steps: int = 1000  # length of the learning-rate schedule
    lr: float = 0.01  # of the first step; falls linearly to 0 over `num_steps`
    beta1: float = 0.85  # decay of the first moment
    beta2: float = 0.99  # decay of the second moment
    eps: float = 1e-8  # added to the root of the second moment
    seed: int = 42
    """Of the one generator that shuffles, draws the parameters and then the samples."""
    validation: int = 0  # documents held out, whose loss is measured; see `train.validation`

    def __post_init__(self) -> None:
        if self.num_steps < 1:
            raise InputError(f"num_steps is {self.num_steps}; it must be at least 1")
        if not (math.isfinite(self.lr) and self.lr >= 0):
            raise InputError(f"lr is {self.lr}; it must be a finite number, 0 or more")
        if not (math.isfinite(self.eps) and self.eps > 0):
            raise InputError(f"eps is {self.eps}; it must be a finite number more than 0")
        for name in ("beta1", "beta2"):
            number = getattr(self, name)
            if not 0 <= number < 1:
                raise InputError(f"{name} is {number}; it must be at least 0 and less than 1")
        if self.validation < 0:
            raise InputError(f"validation is {self.validation}; it must be 0 or more documents")

    def lr_at(self, step: int) -> float:
        """Learning rate of a step, counted from 1. One past the schedule trains at a rate of 0."""
        return self.lr * (1 - (step - 1) / self.num_steps)

    def rates_at(self, step: int) -> tuple[float, ...]:
        """A step's learning rate, beta1, beta2, eps, and what both moments are divided by."""
        corrections = (1 - self.beta1**step, 1 - self.beta2**step)
        return (self.lr_at(step), self.beta1, self.beta2, self.eps, *corrections)


class Adam:
    """Both moments of every parameter, and the update. Source: Kingma and Ba 2015, algorithm 1."""

    def __init__(
        self, config: TrainingConfig, m: MutableSequence[float], v: MutableSequence[float]
    ) -> None:
        """Takes the moments as they stand and changes them in place; they begin as zeros."""
        self.config = config
        self.m = m  # first moments, one a parameter
        self.v = v  # second moments, one a parameter

    def update(self, parameters: Sequence[Value], step: int) -> float:
        """Moves every parameter against its gradient and sets the gradient back to 0.

        Args:
            parameters: the same leaves at every call.
            step: counted from 1.

        Returns:
            The learning rate used.

        Raises:
            DomainError: a gradient's square is too large a float; nothing has moved then.
        """
        m, v = self.m, self.v
        lr, beta1, beta2, eps, m_correction, v_correction = self.config.rates_at(step)
        for parameter in parameters:
            if not abs(parameter.grad) <= MAX_GRAD:  # nan is not, either
                raise DomainError(
                    f"gradient {parameter.grad!r} of {parameter.name} has no finite square"
                )
        for i, parameter in enumerate(parameters):
            grad = parameter.grad
            m[i] = beta1 * m[i] + (1 - beta1) * grad
            v[i] = beta2 * v[i] + (1 - beta2) * grad**2
            m_hat = m[i] / m_correction
            v_hat = v[i] / v_correction
            parameter.data -= lr * m_hat / (v_hat**0.5 + eps)
            parameter.grad = 0.0
        return lr
