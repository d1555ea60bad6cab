"""The gradients of a base program beside central differences of its loss."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

STEP = 1e-6
"""A parameter is moved by so much of its size, or of 1 if it is smaller, to both sides."""
SMALL = 1e-3
"""Errors are relative to the gradient, or to this if it is smaller."""


@dataclass(frozen=True)
class Expressions:
    """How a program is asked, in its own names."""

    loss: str  # the loss of the same data, computed anew
    backward: str  # the pass; `_loss` is what it begins at
    parameters: str
    data: str  # the attributes
    grad: str
    zero: float | None = 0.0  # what a gradient is before the pass; arrays get their shape


ASKED = {
    "xor_closures": Expressions(
        "loss_of(model)", "_loss.backward()", "model.parameters()", "data", "grad"
    ),
    "names_gpt": Expressions("loss_of(docs[0])", "_loss.backward()", "params", "data", "grad"),
    "reel_curve": Expressions("misfit()", "chain(_loss)", "knobs", "r", "dr"),
    "tape_logistic": Expressions(
        "[tape.clear(), objective()][1]", "tape.gradient(_loss)", "trained", "primal", "adjoint"
    ),
    "pairs_softmax": Expressions(
        "cross_entropy(flowers)", "backprop(_loss)", "params", "value", "gradient"
    ),
    "slots_adam": Expressions("error()", "_loss.go()", "weights", "val", "grad"),
    "matrix_lists": Expressions(
        "batch_loss(0)", "reverse_mode(_loss)", "[n for m in matrices for r in m for n in r]",
        "v", "d",
    ),
    "scalar_module": Expressions(
        "binary_cross_entropy(net)", "backpropagate(_loss, 1.0)", "net.parameters()", "data",
        "derivative", None,
    ),
    "song_attention": Expressions("surprise(songs[0])", "backprop(_loss)", "trained", "v", "bar"),
    "rnn_letters": Expressions("spell(WORDS[0])", "_loss.differentiate()", "every", "val", "d"),
    "window_lm": Expressions(
        "negative_log_likelihood(NAMES[0])", "_loss.flow()", "parameters", "data", "grad_"
    ),
    "deep_tanh": Expressions("distance()", "_loss.run_backwards()", "numbers", "x", "dx"),
    "two_heads": Expressions("sum_of(losses())", "sweep(_loss)", "everything", "value", "adj"),
    "np_mlp": Expressions("loss_of(x, y)", "_loss.backward()", "params", "data", "grad"),
    "np_gpt": Expressions("loss_of(TEXTS)", "_loss.backward()", "params", "data", "grad"),
    "np_labels": Expressions("objective()", "_loss.backward()", "learnt", "data", "grad", None),
    "np_blobs": Expressions(
        "surprise(before, after)", "differentiate(_loss)", "[embed, weigh, prior]", "vals", "sens"
    ),
}  # fmt: skip
"""For each base program."""


def run(text: str, name: str = "program") -> tuple[dict[str, Any], str]:
    """Runs a program here. Gives its names, and what it printed.

    Args:
        text: the program.
        name: of its file, in tracebacks.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, at inf and nan
        exec(compile(text, name, "exec"), names)
    return names, printed.getvalue()


def worst_error(names: dict[str, Any], asked: Expressions, at_most: int) -> float:
    """The largest error of the gradients of some parameters.

    Args:
        names: of the program that has run.
        asked: how to ask it.
        at_most: so many parameters are looked at, spread over all.
    """
    parameters = list(eval(asked.parameters, names))
    for each in parameters:
        shape = np.shape(getattr(each, asked.data))
        is_array = shape and asked.zero is not None
        setattr(each, asked.grad, np.zeros(shape) if is_array else asked.zero)
    names["_loss"] = eval(asked.loss, names)
    exec(asked.backward, names)
    numbers = list(_elements(parameters, asked))
    worst = 0.0
    for each, index, grad in numbers[:: max(1, len(numbers) // at_most)]:
        slope = _slope(names, asked, each, index)
        worst = max(worst, abs(slope - grad) / max(abs(slope), SMALL))
    return worst


def _elements(parameters: list[Any], asked: Expressions) -> Iterator[tuple[Any, Any, float]]:
    """Each number of the parameters: whose it is, its index in an array, and its gradient."""
    for each in parameters:
        grad = getattr(each, asked.grad)
        for index in np.ndindex(np.shape(getattr(each, asked.data))):
            at = grad[index] if index and grad is not None else grad
            yield each, index, float(at or 0.0)


def _slope(names: dict[str, Any], asked: Expressions, parameter: Any, index: Any) -> float:
    before = getattr(parameter, asked.data)
    number = float(before[index] if index else before)
    step = STEP * max(1.0, abs(number))
    losses = []
    for moved in (number + step, number - step):
        if index:
            before[index] = moved
        else:
            setattr(parameter, asked.data, moved)
        losses.append(float(np.sum(getattr(eval(asked.loss, names), asked.data))))
    if index:
        before[index] = number
    else:
        setattr(parameter, asked.data, before)
    return (losses[0] - losses[1]) / (2 * step)
