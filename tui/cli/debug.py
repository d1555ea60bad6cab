"""`microgpt debug`: steps through one document's passes, both ways, at a prompt or by script."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from microgpt import InputError, MicrogptError
from tui.cli.errors import EXIT_ERROR
from tui.cli.options import CommandParser, Subparsers
from tui.cli.output import notice, print_error, say
from tui.cli.trained_model import (
    add_document_argument,
    add_trained_model_options,
    trained_model,
    untrained_model,
)

if TYPE_CHECKING:
    from microgpt.debugger.session import DebugSession

_DESCRIPTION = """\
Steps through one document's computation: the forward pass, in which values are
computed, and the backward pass, in which gradients flow; in both directions,
with breakpoints and watchpoints. Asks why a gradient has its value, what would
be if a value were another, and where a number goes wrong.

Verbs come from -c and --script, else from stdin; at a terminal there is a
prompt with history and completion. `help` there lists them.
"""
_EXAMPLES = """\
examples:
  microgpt debug emma
  microgpt debug emma -c 'watch layer0.attn_wq[3][7]' -c continue -c why
  microgpt debug emma --json -c 'print layer0.attn_wq[3][7]'
  microgpt debug --run names.run --step 300 --script verbs.txt
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
    add_document_argument(parser)
    group = parser.add_argument_group("what to do")
    group.add_argument(
        "-c", dest="lines", metavar="VERB", action=_AppendLines,
        help="a verb to carry out, as `break exp`; may be given again",
    )  # fmt: skip
    group.add_argument(
        "--script", dest="lines", metavar="FILE", action=_AppendLines, const=True,
        help="a file of verbs, one a line; lines that begin with # are comments",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="one JSON object a line for each verb")
    add_trained_model_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Opens a session and carries out verbs; gives the exit status.

    Raises:
        InputError: an option, the document or the script cannot be used.
    """
    from microgpt.debugger.origin import Origin  # noqa: PLC0415  # numpy comes with them
    from microgpt.debugger.post_mortem import compute  # noqa: PLC0415
    from microgpt.debugger.session import DebugSession  # noqa: PLC0415

    lines = None if arguments.lines is None else _lines(arguments.lines)
    untrained_model(arguments)
    looked_at = trained_model(arguments, stop_where_it_fails=True)
    document = (
        looked_at.document if looked_at.problem else looked_at.chosen_document(arguments.text)
    )
    origin = Origin(
        looked_at.model, document, looked_at.state.step + 1, looked_at.documents, looked_at.state,
        looked_at.config,
    )  # fmt: skip
    computed = compute(looked_at.model, document)
    session = DebugSession(computed.graph, origin, computed.problem)
    if looked_at.problem:
        notice(f"training failed: {looked_at.problem}")
    if lines is None and sys.stdin.isatty() and not arguments.json:
        from tui.cli.debug_prompt import open_session  # noqa: PLC0415  # slow to import

        open_session(session, looked_at.caption(document))
        return 0
    return carry_out(session, sys.stdin if lines is None else lines, as_json=arguments.json)


def carry_out(session: DebugSession, lines: Iterable[str], *, as_json: bool) -> int:
    """Carries out lines one by one and says what each did.

    A line that cannot be carried out is reported, and the next one goes on.

    Returns:
        The exit status: 2 if there was such a line.
    """
    from microgpt.debugger import as_json as json_lines  # noqa: PLC0415
    from microgpt.debugger import transcript  # noqa: PLC0415
    from microgpt.debugger.console import Console  # noqa: PLC0415
    from microgpt.debugger.verbs import typed_verb  # noqa: PLC0415

    console, status = Console(session), 0
    for line in lines:
        try:
            outcome = console.execute(line)
        except MicrogptError as error:
            status = EXIT_ERROR
            if as_json:
                say(json_lines.error_as_json(typed_verb(line), str(error)))
            else:
                say(f"{transcript.PROMPT}{line.strip()}")
                print_error(str(error))
            continue
        if outcome is None:
            continue
        if as_json:
            say(json_lines.outcome_as_json(session, outcome))
        else:
            say(f"{transcript.PROMPT}{line.strip()}")
            for told in transcript.lines(session, outcome):
                say(told)
        if outcome.verb == "quit":
            break
    return status


def _lines(given: Iterable[tuple[bool, str]]) -> list[str]:
    """The verbs of -c and --script."""
    return [line for is_script, text in given for line in (_script(text) if is_script else [text])]


def _script(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"cannot read script {path!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"script {path!r} is not UTF-8") from error
