"""The command `microgpt-tui diff`: two runs or two scripts, where they part, on a screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tui.base.app_runner import check_terminal, run_app
from tui.cli.comparing import add_compared, compare
from tui.cli.options.parser import CommandParser

_DESCRIPTION = """\
Shows where two recorded runs, or two scripts, part: the Map of A, that of B and
by how much B's gradients are larger, and in words the first node that differs
and what brought it. `microgpt diff` tells the same without a screen.
"""
_EXAMPLES = """\
examples:
  microgpt-tui diff slow.run fast.run
  microgpt-tui diff before.py after.py --pass 3
"""


def run(argv: Sequence[str]) -> int:
    """Compares, then shows; gives the exit status.

    Raises:
        MicrogptError: as of `tui.cli.comparing.compare`, or there is no terminal.
    """
    parser = CommandParser(prog="microgpt-tui diff", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.keep_rest("rest")
    add_compared(parser)
    arguments = parser.parse_args(argv)
    check_terminal("microgpt diff A B")
    compared = compare(arguments)
    from tui.difference.difference_app import DifferenceApp  # noqa: PLC0415  # textual takes a while

    names = f"A: {Path(arguments.a).name}", f"B: {Path(arguments.b).name}"
    title = f"{arguments.a} and {arguments.b}"
    return run_app(
        DifferenceApp(
            compared.lines,
            None if compared.maps is None else compared.maps(),
            names,
            f"{title}: {compared.what}" if compared.what else f"{title}: alike",
        )
    )
