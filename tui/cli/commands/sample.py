"""`microgpt sample`: draws documents from a model, from scratch or from a prompt."""

from __future__ import annotations

import argparse
import random

from microgpt import DomainError, InputError
from microgpt.model.sampling import DEFAULT_SAMPLES
from tui.cli.options.model_options import add_temperature_option
from tui.cli.options.number_options import WHOLE_FROM_0, WHOLE_FROM_1, add_number
from tui.cli.options.parser import CommandParser, Subparsers
from tui.cli.options.trained_model import add_trained_model_options, trained_model
from tui.cli.terminal.output import say

_DESCRIPTION = """\
Draws documents from a model: of a recorded run, or trained first (over the
whole schedule unless --train says less). The draws go on with the run's own
generator, so they are those that training would end with; with a recorded
run, --seed begins another generator.
"""
_EXAMPLES = """\
examples:
  microgpt sample --count 5
  microgpt sample --run names.run --step 300 --prompt ka --temperature 0.8
  microgpt sample --run names.run --seed 7 --top-k 3
"""


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "sample",
        help="draw documents from a trained model",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    group = parser.add_argument_group("what to draw")
    group.add_argument(
        "--prompt", default="", metavar="TEXT", help="how each begins; the model goes on from there"
    )
    add_number(
        group, "--count", WHOLE_FROM_0, "how many to draw", default=DEFAULT_SAMPLES, metavar="K"
    )
    add_temperature_option(group)
    add_number(
        group, "--top-k", WHOLE_FROM_1, "draw only from the K likeliest characters (default all)",
        default=0, metavar="K",
    )  # fmt: skip
    add_trained_model_options(parser, train=None)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Draws and prints; gives the exit status.

    Raises:
        InputError: an option or the prompt cannot be used.
        RunFileError: the run cannot be read, or has no such step.
        DomainError: the numbers were not finite.
    """
    seed_is_of_the_draws = arguments.run_file is not None and "--seed" in getattr(
        arguments, "given", ()
    )
    if seed_is_of_the_draws:
        arguments.given = tuple(flag for flag in arguments.given if flag != "--seed")
    looked_at = trained_model(arguments, after_update=True)
    rng = random.Random(arguments.seed)
    if not seed_is_of_the_draws:
        rng.setstate(looked_at.rng_state)
    for number in range(1, arguments.count + 1):
        try:
            text = looked_at.model.sample(
                rng, arguments.temperature, arguments.prompt, arguments.top_k
            )
        except InputError as error:
            raise InputError(f"--prompt: {error}") from error
        except DomainError as error:
            raise DomainError(f"sample {number}, {looked_at.origin}: {error}") from error
        say(f"sample {number:2d}: {text}", exact=True)
    return 0
