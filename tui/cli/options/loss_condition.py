"""`--when`: a condition on the loss of a backward pass. Imports numpy, so it comes late."""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Callable

from microgpt.attach import Condition
from microgpt.attach.stop_rule import NO_LOSSES
from microgpt.errors import InputError

_COMPARED = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


def loss_condition(text: str) -> tuple[Condition, tuple[float, float]]:
    """A condition on the loss of a backward pass; and from where to where it does not hold.

    Raises:
        InputError: it is not one; the message shows what would be.

    >>> holds, losses = loss_condition("loss > 3")
    >>> holds(1, 4.0), holds(1, 3.0), losses
    (True, False, (-inf, 3.0))
    >>> holds, losses = loss_condition("isinf(loss)")
    >>> holds(1, 4.0), losses[1]
    (False, 1.7976931348623157e+308)
    """
    finite, numbers = (-sys.float_info.max, sys.float_info.max), (-math.inf, math.inf)
    tests: dict[str, tuple[Callable[[float], bool], tuple[float, float]]] = {
        "isnan(loss)": (math.isnan, numbers),
        "isinf(loss)": (math.isinf, finite),
        "not isfinite(loss)": (lambda loss: not math.isfinite(loss), finite),
    }
    said = " ".join(text.split())
    if said in tests:
        test, passing = tests[said]
        return lambda _number, loss: test(loss), passing
    found = re.fullmatch(rf"loss ?(>=|<=|>|<) ?({_NUMBER})", said)
    if found is None:
        raise InputError(
            f"--when {text!r}: it must compare the loss with a number, as 'loss > 10', or be "
            f"{', '.join(tests)}"
        )
    compared, bound = _COMPARED[found[1]], float(found[2])
    below, above = math.nextafter(bound, -math.inf), math.nextafter(bound, math.inf)
    losses = {
        ">": (-math.inf, bound),
        ">=": (-math.inf, below),
        "<": (bound, math.inf),
        "<=": (above, math.inf),
    }[found[1]]
    if any(compared(loss, bound) for loss in losses):  # it lies at the end of all floats
        losses = NO_LOSSES
    return lambda _number, loss: bool(compared(loss, bound)), losses
