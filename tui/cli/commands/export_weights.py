"""`microgpt export-weights`: a model's parameters in a file that other programs load."""

from __future__ import annotations

import argparse
from pathlib import Path

from microgpt import InputError
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import add_trained_model_options, trained_model
from tui.cli.terminal.output import say

SUFFIX = ".safetensors"

_DESCRIPTION = """\
Writes the parameters of a recorded step, as they are after its update, to a
safetensors file: every matrix under its own name and shape, as float64.
Without --run a model is trained first, over the whole schedule unless --train
says less.
"""
_EXAMPLES = """\
example:
  microgpt export-weights --run names.run --step 300 -o model.safetensors
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "export-weights",
        help="write a model's parameters as safetensors",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="FILE.safetensors", help="file to write"
    )  # fmt: skip
    add_trained_model_options(parser, train=None)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Writes the file; gives the exit status.

    Raises:
        InputError: an option or the output cannot be used; nothing was written.
        RunFileError: the run cannot be read, or has no such step.
    """
    from microgpt.train.weights_file import export_weights  # noqa: PLC0415  # numpy and safetensors

    if arguments.output.suffix != SUFFIX:
        raise InputError(f"-o {arguments.output}: must end in {SUFFIX}")
    looked_at = trained_model(arguments, after_update=True)
    shapes = export_weights(looked_at.model, arguments.output, {"origin": looked_at.origin})
    say(
        f"wrote {arguments.output}: {len(shapes)} matrices, {len(looked_at.model.data):,} numbers, "
        f"{looked_at.origin}"
    )
    return 0
