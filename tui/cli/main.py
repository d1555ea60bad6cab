"""The command `microgpt`: finds the command asked for and runs it.

To add a command, write a module beside this one that fits `Command` and put it into `COMMANDS`.
What is slow to import (numpy, viz, rich) it imports inside `run`, so that help stays instant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

import microgpt
from tui.cli.commands import (
    attention,
    corpora,
    debug,
    diagnose,
    export_weights,
    graph,
    runs,
    sample,
    train,
)
from tui.cli.commands import map as step_map
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.terminal.exit_status import exit_status

_DESCRIPTION = """\
See inside microgpt, the smallest complete GPT: every scalar is a node that can
be looked at. `microgpt-tui` opens the same in the terminal, live.
"""
_EXAMPLES = """\
examples:
  microgpt train --steps 200 --samples 10
  microgpt graph emma -o emma.svg
  microgpt attention emma --train 100 -o attention.svg
  microgpt sample --prompt ka --count 5

`microgpt COMMAND --help` tells more about a command.
"""


class Command(Protocol):
    """What a command's module offers."""

    def add_parser(self, subparsers: Subparsers) -> CommandParser:
        """Adds the command's parser, with its options and an example, and returns it."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Does it, and gives the exit status. Raises `MicrogptError` for what a user can mend."""


COMMANDS: tuple[Command, ...] = (
    train,
    sample,
    graph,
    step_map,
    attention,
    debug,
    diagnose,
    runs,
    export_weights,
    corpora,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `microgpt` with these arguments, the process's own by default; gives the exit status."""
    return exit_status("microgpt", lambda: _run(argv))


def command_parser() -> CommandParser:
    """The parser of `microgpt` and all its commands."""
    parser = CommandParser(prog="microgpt", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("--version", action="version", version=f"microgpt {microgpt.__version__}")
    parser.set_defaults(parser=parser, run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command_parser = command.add_parser(subparsers)
        command_parser.set_defaults(parser=command_parser, run=command.run)
    return parser


def _run(argv: Sequence[str] | None) -> int:
    parser = command_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:  # argparse would show the usage of `microgpt`; the command's own helps more
        arguments.parser.refuse(unknown)
    if arguments.run is None:
        parser.print_help()
        return 0
    status: int = arguments.run(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
