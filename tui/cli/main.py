"""The command `microgpt`: finds the command asked for and runs it.

To add a command, write a module in `commands` that fits `Command` and put its name into `COMMANDS`.
What is slow to import (numpy, viz, rich) it imports inside `run`, so that help stays instant.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

import microgpt
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
  microgpt film names.run -o film.html
  microgpt sample --prompt ka --count 5

`microgpt COMMAND --help` tells more about a command.
"""


class Command(Protocol):
    """What a command's module offers."""

    def add_parser(self, subparsers: Subparsers) -> CommandParser:
        """Adds the command's parser, with its options and an example, and returns it."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Does it, and gives the exit status. Raises `MicrogptError` for what a user can mend."""


class LateCommand:
    """A module of `commands`, imported when something of it is asked for: one of all is run."""

    def __init__(self, module: str) -> None:
        self.__name__ = f"tui.cli.commands.{module}"

    def add_parser(self, subparsers: Subparsers) -> CommandParser:
        """Adds the command's parser."""
        return self._module().add_parser(subparsers)

    def run(self, arguments: argparse.Namespace) -> int:
        """Does it."""
        return self._module().run(arguments)

    def _module(self) -> Command:
        command: Command = import_module(self.__name__)
        return command


COMMANDS: tuple[Command, ...] = (
    LateCommand("train"),
    LateCommand("sample"),
    LateCommand("graph"),
    LateCommand("map"),
    LateCommand("attention"),
    LateCommand("film"),
    LateCommand("view"),
    LateCommand("diff"),
    LateCommand("debug"),
    LateCommand("diagnose"),
    LateCommand("runs"),
    LateCommand("export_weights"),
    LateCommand("corpora"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `microgpt` with these arguments, the process's own by default; gives the exit status."""
    typed = sys.argv[1:] if argv is None else argv
    return exit_status("microgpt", lambda: _run(typed), typed)


def command_parser(only: str = "") -> CommandParser:
    """The parser of `microgpt` and all its commands.

    Args:
        only: of a command of this name alone, if there is one.
    """
    commands = [command for command in COMMANDS if _name(command) == only] or COMMANDS
    parser = CommandParser(prog="microgpt", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("--version", action="version", version=f"microgpt {microgpt.__version__}")
    parser.set_defaults(parser=parser, run=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in commands:
        command_parser = command.add_parser(subparsers)
        command_parser.set_defaults(parser=command_parser, run=command.run)
    return parser


def _name(command: Command) -> str:
    module: str = command.__name__  # type: ignore[attr-defined]
    return module.rpartition(".")[2].replace("_", "-")


def _run(argv: Sequence[str]) -> int:
    parser = command_parser(argv[0] if argv else "")
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
