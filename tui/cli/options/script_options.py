"""What `microgpt-tui run` and `microgpt debug SCRIPT` share: how and to where a script runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from microgpt import InputError
from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.options.parser import StoreText, given_options

if TYPE_CHECKING:
    from microgpt.attach import StopRule

STOP_OPTIONS = ("--every", "--when", "--pass", "--python", "-m", "--budget")
"""What only a script can be given."""


def add_stop_options(parser: argparse._ActionsContainer) -> None:
    """Adds --every, --pass, --when and --python."""
    add_number(parser, "--every", WHOLE_FROM_1, "stop at every N-th backward pass", default=1)
    add_number(
        parser, "--pass", WHOLE_FROM_1, "stop at the N-th backward pass only", dest="pass_number"
    )
    parser.add_argument(
        "--when",
        action=StoreText,
        metavar="CONDITION",
        help="of these, stop where this holds: 'loss > 10', or 'isnan(loss)'; it makes the "
        "script record every pass",
    )


def add_python_option(parser: argparse._ActionsContainer) -> None:
    """Adds --python."""
    parser.add_argument(
        "--python",
        action=StoreText,
        metavar="PATH",
        help="the interpreter that runs the script, 3.9 or newer, in which microgpt need not be "
        "installed; by default that of the active virtual environment",
    )


def stop_rule_from(arguments: argparse.Namespace) -> StopRule:
    """Where to stop. Raises `InputError` if the condition is none, or names passes beside one."""
    from microgpt.attach import StopRule  # noqa: PLC0415  # numpy; --help need not wait

    if arguments.pass_number is not None:
        if arguments.when is not None or "--every" in given_options(arguments):
            raise InputError("--pass stops at one pass: leave out --every and --when")
        return StopRule(only=int(arguments.pass_number))
    if arguments.when is None:
        return StopRule(arguments.every)
    from tui.cli.options.loss_condition import loss_condition  # noqa: PLC0415  # likewise

    return StopRule(arguments.every, *loss_condition(arguments.when))
