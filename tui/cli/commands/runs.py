"""`microgpt runs`: lists recorded runs, and copies them safely."""

from __future__ import annotations

import argparse
from pathlib import Path

from microgpt.errors import InputError, MicrogptError, abridged
from tui.cli.debug_script import is_recording
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.terminal.exit_status import EXIT_ERROR
from tui.cli.terminal.output import print_error, say

_DESCRIPTION = """\
Lists runs recorded with `microgpt train --run`: what was trained on what, how
far it is and where it came to. A run that is being written can be listed and
copied too; a plain copy of it could miss its latest steps.

A run file vouches for all it holds: --verify tells what is not as it was
recorded, and --salvage keeps the rest.
"""
_EXAMPLES = """\
examples:
  microgpt runs names.run verse.run
  microgpt runs names.run --copy backup.run
  microgpt runs names.run --verify
  microgpt runs names.run --salvage whole.run
"""

MOST_TOLD = 20
"""Of the parts of a file that are damaged."""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "runs", help="list recorded runs", description=_DESCRIPTION, epilog=_EXAMPLES
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a recorded run")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--copy", type=Path, metavar="TO", help="copy the one run to a new file")
    what.add_argument(
        "--verify", action="store_true",
        help="look at everything in each file: all parts that are not as they were recorded",
    )  # fmt: skip
    what.add_argument(
        "--salvage",
        type=Path,
        metavar="OUT",
        help="write what is whole of the one run to a new file",
    )
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Lists every file that can be read; gives the exit status, 2 if one cannot.

    Raises:
        InputError: --copy or --salvage with several files.
        RunFileError: the new file cannot be made; nothing was written.
    """
    from microgpt.runs import Run, copy_run  # noqa: PLC0415  # SQLite; help need not wait for it
    from tui.cli.run_lines import lines_of, size_of  # noqa: PLC0415  # likewise
    from tui.cli.script_recording import recording_lines  # noqa: PLC0415  # likewise

    for option, target in (("--copy", arguments.copy), ("--salvage", arguments.salvage)):
        if target is not None and len(arguments.files) != 1:
            raise InputError(f"{option} {target}: takes one FILE at a time")
    if arguments.salvage is not None:
        return _salvaged(arguments.files[0], arguments.salvage)
    if arguments.verify:
        return max(map(_verified, arguments.files))
    if arguments.copy is not None:
        copy_run(arguments.files[0], arguments.copy)
    status = 0
    for place, file in enumerate(arguments.files):
        if place:
            say("")
        try:
            if is_recording(str(file)):
                for line in recording_lines(str(file)):
                    say(line)
                continue
            with Run(file, "value") as recorded:
                for line in lines_of(recorded):
                    say(line)
        except MicrogptError as error:
            print_error(abridged(str(error), [str(file)]))
            status = EXIT_ERROR
    if arguments.copy is not None:
        say(f"copied to {arguments.copy}: {size_of(arguments.copy)}")
    return status


def _verified(file: Path) -> int:
    """Tells what is damaged; gives the exit status."""
    from microgpt.runs import Run, verify  # noqa: PLC0415  # SQLite; help need not wait for it
    from tui.cli.run_lines import VOUCHES_FOR_LITTLE  # noqa: PLC0415  # likewise

    try:
        damages = verify(file)
        for damage in damages[:MOST_TOLD]:
            print_error(f"{file}: {damage}")
        if (more := len(damages) - MOST_TOLD) > 0:
            print_error(f"{file}: and {more} more")
        if not damages:
            with Run(file, "value") as recorded:
                say(f"{file} is whole: steps {recorded.first_step} to {recorded.last_step}")
                if recorded.seal is None:
                    say(f"  {VOUCHES_FOR_LITTLE}")
    except MicrogptError as error:
        print_error(abridged(str(error), [str(file)]))
        return EXIT_ERROR
    return EXIT_ERROR if damages else 0


def _salvaged(file: Path, target: Path) -> int:
    from microgpt.runs import salvage  # noqa: PLC0415  # SQLite; help need not wait for it

    kept = salvage(file, target)
    for damage in kept.damages[:MOST_TOLD]:
        say(f"damaged: {damage}")
    if (more := len(kept.damages) - MOST_TOLD) > 0:
        say(f"damaged: and {more} more")
    if kept.mended:
        say(f"computed again: the losses of {len(kept.mended)} steps, the first {kept.mended[0]}")
    if kept.left_out:
        say(f"left out: steps {kept.left_out}")
    say(f"kept in {target}: steps {kept.first_step} to {kept.last_step}")
    return 0
