"""Where a verb that seeks on begins: before a walk, with the backward pass, as `s` does."""

from __future__ import annotations

from microgpt.debugger.console import Console
from microgpt.debugger.outcome import Outcome
from microgpt.debugger.verbs import TypedLine
from microgpt.errors import MicrogptError
from tui.debugger.explorer import Explorer

SEEKING = ("continue", "until")
"""Verbs that go on to what they find."""


def carried_out(explorer: Explorer | None, reader: Console, typed: TypedLine) -> Outcome:
    """Carries out a line.

    Raises:
        MicrogptError: of the line; nothing has moved then.
    """
    if (
        explorer is None
        or explorer.stepping
        or typed.verb.name not in SEEKING
        or not explorer.graph.backpropagated
    ):
        return reader.carry_out(typed)
    before = explorer.session.state
    explorer.session.goto("backward 0")
    try:
        return reader.carry_out(typed)
    except MicrogptError:
        explorer.session.state = before
        raise
