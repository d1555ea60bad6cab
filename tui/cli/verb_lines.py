"""Carries out the debugger's verbs line by line, as a transcript or as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from microgpt import MicrogptError
from microgpt.printable import shortened
from tui.cli.terminal.exit_status import EXIT_ERROR
from tui.cli.terminal.output import print_error, say

if TYPE_CHECKING:
    from microgpt.debugger.session import DebugSession


def carry_out(session: DebugSession, lines: Iterable[str], *, as_json: bool) -> int:
    """Carries out lines one by one and says what each did.

    A line that cannot be carried out is reported, and the next one goes on.

    Returns:
        The exit status: 2 if there was such a line.
    """
    # numpy comes with them, which other commands do without
    from microgpt.debugger.console import PROMPT, Console  # noqa: PLC0415
    from microgpt.debugger.outcome import error_as_json  # noqa: PLC0415
    from microgpt.debugger.verbs import typed_verb  # noqa: PLC0415

    console, status = Console(session), 0
    for line in lines:
        try:
            outcome = console.execute(line)
        except MicrogptError as error:
            status = EXIT_ERROR
            if as_json:
                say(error_as_json(shortened(typed_verb(line)), str(error)))
            else:
                say(f"{PROMPT}{shortened(line.strip())}")
                print_error(str(error))
            continue
        if outcome is None:
            continue
        if as_json:
            say(outcome.as_json())
        else:
            say(f"{PROMPT}{shortened(line.strip())}")
            for told in outcome.lines():
                say(told)
        if outcome.verb == "quit":
            break
    return status
