"""`microgpt runs`: lists recorded runs, and copies them safely."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt.errors import InputError, MicrogptError
from tui.cli.exit_status import EXIT_ERROR
from tui.cli.options import CommandParser, Subparsers
from tui.cli.output import print_error, say

if TYPE_CHECKING:
    from microgpt.runs import Run

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
    from microgpt.runs import Run, copy_run  # noqa: PLC0415  # SQLite, not needed for help

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
                for line in _described(recorded):
                    say(line)
        except MicrogptError as error:
            print_error(str(error))
            status = EXIT_ERROR
    if arguments.copy is not None:
        say(f"copied to {arguments.copy}: {_size(arguments.copy)}")
    return status


def _described(recorded: Run) -> list[str]:
    info = recorded.info
    model, config = info.model, info.config
    latest = recorded.losses(since=recorded.last_step - 1)
    sizes = (
        f"n_embd {model.n_embd}, n_head {model.n_head}, n_layer {model.n_layer}, "
        f"block_size {model.block_size}"
    )
    rates = f"lr {config.lr}, beta1 {config.beta1}, beta2 {config.beta2}, seed {config.seed}"
    lines = [
        f"{recorded.path}",
        f"  run        {info.run_id}, begun {info.created}, microgpt {info.version}",
        f"  corpus     {info.corpus}, {info.num_documents} documents",
        f"  model      {sizes}",
        f"  training   {rates}",
        f"  steps      {recorded.last_step} / {config.num_steps}, {_state(recorded)}",
        f"  last loss  {latest[0].loss:.4f}" if latest else "  last loss  -",
        f"  size       {_size(recorded.path)}",
    ]
    if info.parent_id:
        lines.insert(2, f"  branched   from {info.parent_id} at step {info.parent_step}")
    return lines


def _state(recorded: Run) -> str:
    from microgpt.runs import is_being_written  # noqa: PLC0415

    if recorded.is_finished:
        return "finished"
    return "being written" if is_being_written(recorded.path) else "not finished"


def _size(path: Path) -> str:
    from microgpt.runs import size_on_disk  # noqa: PLC0415

    return f"{size_on_disk(path) / 1e6:.1f} MB"
