"""What `microgpt-tui run` and `microgpt debug SCRIPT` have in common: where a script stops."""

from __future__ import annotations

import argparse
import math
import operator
import re
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

    when = None if arguments.when is None else loss_condition(arguments.when)
    return StopRule(arguments.every, when)


def loss_condition(text: str) -> Condition:
    """A condition on the loss of a backward pass.

    Raises:
        InputError: it is not one; the message shows what would be.

    >>> loss_condition("loss > 3")(1, 4.0), loss_condition("isnan(loss)")(1, 4.0)
    (True, False)
    """
    tests: dict[str, Callable[[float], bool]] = {
        "isnan(loss)": math.isnan,
        "isinf(loss)": math.isinf,
        "not isfinite(loss)": lambda loss: not math.isfinite(loss),
    }
    said = " ".join(text.split())
    if said in tests:
        test = tests[said]
        return lambda _number, loss: test(loss)
    found = re.fullmatch(rf"loss ?(>=|<=|>|<) ?({_NUMBER})", said)
    if found is None:
        raise InputError(
            f"--when {text!r}: it must compare the loss with a number, as 'loss > 10', or be "
            f"{', '.join(tests)}"
        )
    compared, bound = _COMPARED[found[1]], float(found[2])
    return lambda _number, loss: bool(compared(loss, bound))
