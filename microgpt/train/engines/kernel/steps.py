"""Whole training steps in one compiled call."""

from __future__ import annotations

import math

from microgpt.model.adam import MAX_GRAD
from microgpt.train.engines.kernel.adam_update import adam_update
from microgpt.train.engines.kernel.backward import compute_grads
from microgpt.train.engines.kernel.compiling import compiled_once, inlined
from microgpt.train.engines.kernel.forward import compute_losses


@compiled_once
def train_steps(flat, m, v, grads, s, w, tokens, ends, rates, losses):  # type: ignore[no-untyped-def]
    """Trains on some documents, one a step.

    Args:
        flat: every parameter; changed, as are both moments m and v.
        grads: gets the last step's gradients.
        s: the model's `Sizes`.
        w: its `Workspace`.
        tokens: of all documents, one after the other, each as many as are read and one.
        ends: where in `tokens` each document ends.
        rates: for each step, learning rate, beta1, beta2, eps and both bias corrections.
        losses: gets each step's mean loss.

    Returns:
        How many steps were done: fewer than there are documents if a number of the next step is
        not finite, of which step nothing has changed then but `grads` and the workspace.
    """
    start = 0
    for step in range(ends.shape[0]):
        document = tokens[start : ends[step]]
        start = ends[step]
        if not compute_losses(flat, document, s, w):
            return step
        total = 0.0
        for pos in range(document.shape[0] - 1):
            total += w.losses[pos]
        losses[step] = total * (1.0 / (document.shape[0] - 1))
        if not math.isfinite(losses[step]):
            return step
        compute_grads(flat, document, s, w, grads)
        if not _all_have_squares(grads):
            return step
        adam_update(flat, m, v, grads, rates[step], s.exponents)
    return ends.shape[0]


@compiled_once
def update(flat, m, v, grads, rates, exponents):  # type: ignore[no-untyped-def]
    """Adam alone, for an engine that has its gradients from elsewhere; see `adam_update`."""
    adam_update(flat, m, v, grads, rates, exponents)


@inlined
def _all_have_squares(grads):  # type: ignore[no-untyped-def]
    """False if the square of any is not finite."""
    fine = True
    for i in range(grads.shape[0]):
        fine &= abs(grads[i]) <= MAX_GRAD  # nan is not, either
    return fine
