"""The debugger at a prompt, with history and completion; a front end of `microgpt.debug`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

from microgpt.debugger.console import PROMPT, Console
from microgpt.debugger.saved_stops import state_folder
from microgpt.debugger.session import DebugSession
from microgpt.debugger.verbs import find_verb
from microgpt.debugger.verbs.where import Standing
from microgpt.errors import MicrogptError
from tui.cli.terminal.output import print_error, say
from tui.cli.verb_lines import carry_out


class _VerbCompleter(Completer):
    def __init__(self, console: Console) -> None:
        self._console = console

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        del complete_event
        line = document.text_before_cursor
        replaced, candidates = self._console.completions(line)
        is_verb = replaced == len(line.lstrip())
        for candidate in candidates:
            space = " " if is_verb and find_verb(candidate).usage else ""  # an argument may follow
            yield Completion(candidate + space, -replaced, display=candidate)


def open_session(session: DebugSession, title: str = "") -> None:
    """Reads verbs at the terminal until `quit` or ctrl-D; an empty line repeats the last one.

    Where stdin is no terminal, verbs are read from there and echoed.

    Args:
        session: the session to walk.
        title: what is being debugged, said first.
    """
    if not sys.stdin.isatty():
        carry_out(session, sys.stdin, as_json=False)
        return
    console = Console(session)
    prompt: PromptSession[str] = PromptSession(
        PROMPT,
        history=_history(),
        completer=_VerbCompleter(console),
        complete_while_typing=False,
    )
    say(f"{title}: {session.graph!r}" if title else repr(session.graph))
    say("`help` lists the verbs; tab completes; ctrl-D leaves")
    for line in Standing.of(session).lines():
        say(line)
    last = ""
    while True:
        try:
            line = prompt.prompt().strip() or last
        except KeyboardInterrupt:  # ctrl-C leaves the line, as in a shell
            continue
        except EOFError:
            return
        last = line
        try:
            outcome = console.execute(line)
        except MicrogptError as error:
            print_error(str(error))
            continue
        except KeyboardInterrupt:  # a verb only computes; the graph and the changes are as before
            print_error(f"{line.split()[0]} was broken off")
            continue
        if outcome is None:
            continue
        for told in outcome.lines():
            say(told)
        if outcome.verb == "quit":
            return


def _history() -> History:
    """Lines typed before; of this session only where the user's folder cannot be written."""
    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        history = folder / "debug_history"
        history.touch()
    except OSError:
        return InMemoryHistory()
    return FileHistory(history)
