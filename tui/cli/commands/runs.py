"""`microgpt runs`: lists recorded runs, and copies them safely."""

from __future__ import annotations

import argparse
from pathlib import Path

from microgpt.errors import InputError, MicrogptError
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.terminal.exit_status import EXIT_ERROR
from tui.cli.terminal.output import print_error, say

_DESCRIPTION = """\
Lists runs recorded with `microgpt train --run`: what was trained on what, how
far it is and where it came to. A run that is being written can be listed and
copied too; a plain copy of it could miss its latest steps.
"""
_EXAMPLES = """\
examples:
  microgpt runs names.run verse.run
  microgpt runs names.run --copy backup.run
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "runs", help="list recorded runs", description=_DESCRIPTION, epilog=_EXAMPLES
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recorded run")
    parser.add_argument("--copy", type=Path, metavar="TO", help="copy the one run to a new file")
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Lists every file that can be read; gives the exit status, 2 if one cannot.

    Raises:
        InputError: --copy with several files.
        RunFileError: the copy cannot be made; nothing was written.
    """
    from microgpt.runs import Run, copy_run  # noqa: PLC0415  # SQLite; help need not wait for it
    from tui.cli.run_lines import lines_of, size_of  # noqa: PLC0415  # likewise

    if arguments.copy is not None:
        if len(arguments.files) != 1:
            raise InputError(f"--copy {arguments.copy}: copies one FILE at a time")
        copy_run(arguments.files[0], arguments.copy)
    status = 0
    for place, file in enumerate(arguments.files):
        if place:
            say("")
        try:
            with Run(file, "value") as recorded:
                for line in lines_of(recorded):
                    say(line)
        except MicrogptError as error:
            print_error(str(error))
            status = EXIT_ERROR
    if arguments.copy is not None:
        say(f"copied to {arguments.copy}: {size_of(arguments.copy)}")
    return status
