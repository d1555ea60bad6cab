"""`microgpt diff`: where two recorded runs, or two scripts, part, and what brought it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tui.cli.comparing import Compared, add_compared, compare
from tui.cli.options.output_option import add_output_option
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.terminal.output import say
from viz.kinds import DIFFERENCE

VERSION = 1
"""Of the JSON."""
EXIT_PARTED = 1

_DESCRIPTION = """\
Compares two recorded runs, or two scripts or versions of one, to the last bit:
what is not alike in the runs' configurations, the first step (of scripts, the
first backward pass) and in it the first node, in the order of the computation,
at which they part, which operand brought it in, and how far they are apart
afterwards. Where two graphs are not the same ops of the same operands, their
nodes are paired by name, else by scope, op and place.

With -o the Maps of that step, A's, B's and by how much B's gradients are
larger, are drawn below each other; `microgpt-tui diff A B` shows them on a
screen.

Exit status: 0 alike, 1 they part, 2 they could not be compared.
"""
_EXAMPLES = """\
examples:
  microgpt diff slow.run fast.run
  microgpt diff slow.run fast.run -o parted.svg
  microgpt diff before.py after.py
  microgpt diff before.py after.py --pass 3 --json -- --lr 0.1
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "diff",
        help="find where two runs or two scripts part, and what brought it",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.keep_rest("rest")
    group = add_compared(parser)
    group.add_argument(
        "--json", action="store_true", help="print one line of JSON, with the three Maps"
    )
    add_output_option(group, DIFFERENCE)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Compares, tells and draws; gives the exit status.

    Raises:
        InputError: what is given cannot be compared, or an option does not go with it; nothing was
            written.
        RunFileError: a run cannot be read.
        GraphError: two computations have nothing in common.
    """
    if arguments.output is not None:
        from viz.export import check_output  # noqa: PLC0415  # pictures

        check_output(arguments.output, DIFFERENCE, force=arguments.force)
    compared = compare(arguments)
    _tell(arguments, compared)
    return 0 if compared.is_alike else EXIT_PARTED


def _tell(arguments: argparse.Namespace, compared: Compared) -> None:
    maps = None
    if compared.maps is not None and (arguments.json or arguments.output is not None):
        maps = compared.maps()
    names = f"A: {Path(arguments.a).name}", f"B: {Path(arguments.b).name}"

    def as_json() -> str:
        from microgpt.debugger.outcome import json_numbers  # noqa: PLC0415  # numpy

        told = {
            "version": VERSION, "a": arguments.a, "b": arguments.b, "alike": compared.is_alike,
            **compared.json, "maps": None if maps is None else maps.as_json(),
        }  # fmt: skip
        return json.dumps(json_numbers(told), ensure_ascii=False, allow_nan=False)

    if arguments.output is not None and maps is not None:
        from viz.export import write_drawn  # noqa: PLC0415  # pictures
        from viz.maps.difference import drawn_difference  # noqa: PLC0415  # numpy

        title = f"{arguments.a} and {arguments.b}: {compared.what}"
        drawn = drawn_difference(maps, names, title, lambda: f"{as_json()}\n")
        write_drawn(drawn, arguments.output, force=arguments.force)
    if arguments.json:
        say(as_json())
        return
    say(f"A  {arguments.a}")
    say(f"B  {arguments.b}")
    for line in compared.lines:
        say(line)
    if arguments.output is not None:
        say(
            f"{arguments.output} is not written: there is no difference to draw"
            if maps is None
            else f"wrote {arguments.output}: the Maps of A and B, and their difference"
        )
