"""`microgpt debug`: steps through the passes of a document or a script's graphs, both ways."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from microgpt import InputError
from microgpt.files import read_whole
from tui.cli.debug_script import debug_script, is_recording, is_script
from tui.cli.options.number_options import WHOLE_FROM_1, add_number
from tui.cli.options.parser import CommandParser, StoreText, Subparsers, given_options
from tui.cli.options.script_options import STOP_OPTIONS, add_python_option, add_stop_options
from tui.cli.options.trained_model import add_document_argument, add_trained_model_options

_DESCRIPTION = """\
Steps through one document's computation: the forward pass, in which values are
computed, and the backward pass, in which gradients flow; in both directions,
with breakpoints and watchpoints. Asks why a gradient has its value, what would
be if a value were another, and where a number goes wrong.

Or through those of a script: a name that ends in .py, or the path of a file.
It runs unmodified, in a process of its own and with your rights. Any class of
numbers that remember what they were made of is followed, by any name, and so
is any function or loop that writes their gradients. It stops after each such
backward pass and where it raises; the verb `run` lets it go on. What it
prints goes to stderr, at the prompt to the terminal. Its own arguments follow
after --. A notebook (.ipynb) runs cell by cell, its magics left out; -m runs a
module. With --run MINE.run its passes are recorded instead, in a new file,
which is then given in the place of the script, here and to map, view, diff.

Verbs come from -c and --script, else from stdin; at a terminal there is a
prompt with history and completion. `help` there lists them.
"""
_EXAMPLES = """\
examples:
  microgpt debug emma
  microgpt debug emma -c 'watch layer0.attn_wq[3][7]' -c continue -c why
  microgpt debug emma --json -c 'print layer0.attn_wq[3][7]'
  microgpt debug --run names.run --step 300 --script verbs.txt
  microgpt debug train.py --run mine.run
  microgpt debug mine.run --pass 3
  microgpt debug emma --region pos3/layer0/attn/head1 -c 'goto end' -c why
  microgpt debug train.py -c gradcheck -c 'run 10' -c health -- --lr 0.1
  microgpt debug --when 'loss > 10' train.py
  microgpt debug --pass 3 lesson.ipynb
  microgpt debug --python ~/env/bin/python -m lessons.train
"""


class _AppendLines(argparse.Action):
    """Collects verbs of -c and files of --script in the order in which they were given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        is_script = self.const is not None
        namespace.lines = [*(namespace.lines or []), (is_script, str(values))]


def add_parser(subparsers: Subparsers) -> CommandParser:
    """Adds the command and its options."""
    parser = subparsers.add_parser(
        "debug",
        help="step through a document's passes, forwards and backwards",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    add_document_argument(parser, "TEXT|SCRIPT", "; or a script, as train.py [-- ARGS]")
    parser.keep_rest("rest")
    group = parser.add_argument_group("what to do")
    group.add_argument(
        "-c", dest="lines", metavar="VERB", action=_AppendLines,
        help="a verb to carry out, as `break exp`; may be given again",
    )  # fmt: skip
    group.add_argument(
        "--script", dest="lines", metavar="FILE", action=_AppendLines, const=True,
        help="a file of verbs, one a line; lines that begin with # are comments",
    )  # fmt: skip
    group.add_argument(
        "--region", action=StoreText, metavar="SCOPE,SCOPE",
        help="of a document, these scopes alone, such as pos3/layer2/attn/head1: of a model whose "
        "step is too many nodes, in a second",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="one JSON object a line for each verb")
    group = parser.add_argument_group("a script")
    group.add_argument(
        "-m", dest="module", action=StoreText, metavar="MODULE",
        help="a module to run as `python -m MODULE` would, instead of a script's file",
    )  # fmt: skip
    add_python_option(group)
    add_stop_options(group)
    add_number(
        group, "--budget", WHOLE_FROM_1,
        "with --run FILE, which records the passes of a script: at most so many MB (default 200)",
    )  # fmt: skip
    add_trained_model_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Opens a session and carries out verbs; gives the exit status.

    Raises:
        InputError: an option, the document or a script cannot be used.
    """
    lines = None if arguments.lines is None else _lines(arguments.lines)
    rest = arguments.rest or []
    if arguments.text is None and rest:  # a document may begin with a dash
        arguments.text = rest.pop(0)
    if arguments.module is not None and arguments.text is not None:
        raise InputError(f"-m {arguments.module} or {arguments.text}: one of them; what the module "
                         "itself gets follows after --")  # fmt: skip
    if arguments.module is not None or is_script(arguments.text):
        from tui.cli.script_recording import debug_recording, record_script  # noqa: PLC0415

        if arguments.text is not None and is_recording(arguments.text):
            return debug_recording(arguments, lines)
        if arguments.run_file is not None:
            return record_script(arguments, rest)
        return debug_script(arguments, rest, lines)
    stray = [option for option in given_options(arguments) if option in STOP_OPTIONS] or rest
    if stray:
        raise InputError(f"{stray[0]} is for a script, as train.py, and none is given")
    from tui.cli.debug_document import debug_document  # noqa: PLC0415  # numpy; help need not wait

    return debug_document(arguments, lines)


def _lines(given: Iterable[tuple[bool, str]]) -> list[str]:
    """The verbs of -c and --script."""
    return [line for is_script, text in given for line in (_script(text) if is_script else [text])]


def _script(path: str) -> list[str]:
    try:
        return read_whole(Path(path), "script").decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"script {path!r} is not UTF-8") from error
