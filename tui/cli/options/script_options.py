"""What `microgpt-tui run` and `microgpt debug SCRIPT` have in common: where a script stops."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.options.parser import StoreText

if TYPE_CHECKING:
    from microgpt.attach import StopRule

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
    from tui.cli.options.loss_condition import loss_condition  # noqa: PLC0415  # likewise

    return StopRule(arguments.every, *loss_condition(arguments.when))
