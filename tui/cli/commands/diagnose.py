"""`microgpt diagnose`: names what is wrong with a program's gradients and updates, and its line."""

from __future__ import annotations

import argparse
from typing import Any

from microgpt import InputError
from tui.cli.debug_script import is_recording, is_script
from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.options.parser import CommandParser, StoreText, Subparsers, given_options
from tui.cli.options.script_options import add_python_option
from tui.cli.options.trained_model import add_document_argument, add_trained_model_options

_DESCRIPTION = """\
Runs a script, watches its backward passes and what comes between them, and
compares each gradient with the true one. What differs is named: the kind of
fault, the line that a person would change, the two numbers, how many gradients
are wrong by it, and how to go and see it in the debugger.

"sound" is said only where every gradient was compared. What could not be is
counted, and the verdict is "unverified" then. A detach, an ascent or a slope
of one's own that is meant is told by a comment on its line,
# microgpt: ok KIND, or by --allow.

The script runs unmodified, in a process of its own and with your rights, until
each of its groups of parameters has been updated three times, for 30 passes or
20 seconds at most. Its own arguments follow after --. A document, as emma, or
a recorded step is diagnosed as well.

Exit status: 0 sound, 1 something is wrong or suspect, 2 unverified or not run.
"""
_EXAMPLES = """\
examples:
  microgpt diagnose broken.py
  microgpt diagnose train.py --passes 10 -- --lr 0.1
  microgpt diagnose train.py --allow detached --json
  microgpt diagnose --watch broken.py
  microgpt diagnose emma
  microgpt diagnose emma --run names.run --step 300
"""


class _Allow(argparse.Action):
    """Collects kinds, and refuses what is none."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        namespace.allowed = [*namespace.allowed, str(values)]


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "diagnose",
        help="name what is wrong with a program's gradients and updates, and its line",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_document_argument(parser, "TEXT|SCRIPT", "; or a script, as train.py [-- ARGS]")
    parser.keep_rest("rest")
    group = parser.add_argument_group("a script")
    add_number(group, "--passes", WHOLE_FROM_1, "watch so many passes")
    group.add_argument(
        "--allow", dest="allowed", metavar="KIND", action=_Allow, default=[],
        help="a kind that is meant, which is only noted then; may be given again",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="print one line of JSON")
    group.add_argument(
        "--watch", action="store_true",
        help="run again when a file of the program changes, and say what the change did",
    )  # fmt: skip
    group.add_argument(
        "-m", dest="module", action=StoreText, metavar="MODULE",
        help="a module to run as `python -m MODULE` would, instead of a script's file",
    )  # fmt: skip
    add_python_option(group)
    add_trained_model_options(parser)
    return parser


ONLY_SCRIPTS = ("--passes", "--allow", "--watch", "-m", "--python")
FOR_SCRIPTS = (*ONLY_SCRIPTS, "--json")


def run(arguments: argparse.Namespace) -> int:
    """Diagnoses a script, or a document's pass; gives the exit status.

    Raises:
        InputError: an option, the document or the script cannot be used.
    """
    from tui.cli.diagnosing import diagnose_document, diagnose_script  # noqa: PLC0415  # numpy

    rest = arguments.rest or []
    if arguments.text is None and arguments.module is None and rest:
        arguments.text = rest.pop(0)
    if arguments.module is not None and arguments.text is not None:
        raise InputError(f"-m {arguments.module} or {arguments.text}: one of them; what the module "
                         "itself gets follows after --")  # fmt: skip
    given = given_options(arguments)
    if arguments.text is not None and is_recording(arguments.text):
        raise InputError(
            f"{arguments.text} is recorded: the script itself is needed to diagnose it"
        )
    if arguments.module is not None or is_script(arguments.text):
        stray = [option for option in given if option not in FOR_SCRIPTS]
        if stray:
            raise InputError(
                f"{stray[0]} cannot be given with {arguments.text or arguments.module}: a script "
                "has its own model; its own arguments follow after --"
            )
        return diagnose_script(arguments, rest)
    stray = [option for option in given if option in ONLY_SCRIPTS] or rest
    if stray:
        raise InputError(f"{stray[0]} is for a script, as train.py, and none is given")
    return diagnose_document(arguments)
