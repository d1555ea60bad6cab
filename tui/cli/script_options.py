"""What `microgpt-tui run` and `microgpt debug SCRIPT` have in common: where a script stops."""

from __future__ import annotations

import argparse
import math
import operator
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from microgpt.errors import InputError
from tui.cli.options import WHOLE_FROM_1, StoreText, add_number

if TYPE_CHECKING:
    from microgpt.attach import Condition, StopRule

_COMPARED = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"


STOP_OPTIONS = ("--every", "--when")


def add_stop_options(parser: argparse._ActionsContainer) -> None:
    """Adds --every and --when."""
    add_number(parser, "--every", WHOLE_FROM_1, "stop at every N-th backward pass", default=1)
    parser.add_argument(
        "--when",
        action=StoreText,
        metavar="CONDITION",
        help="of these, stop where this holds: 'loss > 10', or 'isnan(loss)'; it makes the "
        "script record every pass",
    )


def stop_rule_from(arguments: argparse.Namespace) -> StopRule:
    """Where to stop. Raises `InputError` if the condition is none."""
    from microgpt.attach import StopRule  # noqa: PLC0415  # numpy; --help need not wait

    if arguments.when is None:
        return StopRule(arguments.every)
    return StopRule(arguments.every, *loss_condition(arguments.when))


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
    from microgpt.attach.stop_rule import NO_LOSSES  # noqa: PLC0415  # numpy

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
