"""The one table of the debugger's verbs, and the parser of lines that everyone shares.

A verb is a file here. The prompt, scripts, `-c`, and a screen's command line all read lines with
`parse`; help and completion come from the same rows. Nothing here knows who reads the answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from microgpt.debugger.verbs import (
    anomalies,
    break_and_watch,
    diagnose,
    flow,
    gradcheck,
    health,
    moves,
    run_on,
    saved_sessions,
    search,
    shown,
    source,
    updates,
    what_if,
    where,
    why,
)
from microgpt.debugger.verbs import quit as quit_
from microgpt.debugger.verbs.help import Help
from microgpt.debugger.verbs.verb import SESSION, Verb, verb_called
from microgpt.errors import InputError, repeating_little

LONGEST_NUMBER = 1_000
"""Python reads none of over 4,300 digits, and no float has more than 309. Units: digits."""

VERBS: tuple[Verb, ...] = (
    *moves.ROWS,
    *shown.ROWS,
    *where.ROWS,
    *source.ROWS,
    *search.ROWS,
    *break_and_watch.ROWS,
    *why.ROWS,
    *flow.ROWS,
    *what_if.ROWS,
    *gradcheck.ROWS,
    *diagnose.ROWS,
    *anomalies.ROWS,
    *health.ROWS,
    *run_on.ROWS,
    *updates.ROWS,
    *saved_sessions.ROWS,
    Verb("help", ("h", "?"), SESSION, "[VERB]", "all verbs, or one", "help until", "verb",
         lambda _, word: Help(word, VERBS)),
    *quit_.ROWS,
)  # fmt: skip
"""Every verb, by group."""


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line that was understood: a verb, and its argument as it was typed."""

    verb: Verb
    argument: str


def parse(line: str) -> TypedLine | None:
    """The verb and argument of a line; None of an empty one or a comment, which begins with `#`.

    Raises:
        InputError: there is no such verb, or several; or it wants an argument, or none.
    """
    line = line.strip()
    if not line or line.startswith("#"):
        return None
    word, argument = _split(line)
    with repeating_little(word, argument):
        return _checked(find_verb(word), argument)


def _checked(verb: Verb, argument: str) -> TypedLine:
    if not verb.usage and argument:
        raise InputError(f"{verb.name} takes no argument, and {argument!r} was given")
    if re.search(rf"[\d_]{{{LONGEST_NUMBER}}}", argument):
        raise InputError(f"{argument!r} has a number of over {LONGEST_NUMBER:,} digits")
    if verb.usage and not verb.usage.startswith("[") and not argument:
        raise InputError(f"{verb.name} needs {verb.usage}, as in: {verb.example}")
    return TypedLine(verb, argument)


def find_verb(word: str) -> Verb:
    """The verb of a name, a short form or an unmistakable beginning.

    Raises:
        InputError: there is none, or there are several.
    """
    return verb_called(word, VERBS)


def typed_verb(line: str) -> str:
    """What to call the verb of a line that was not understood: its full name, or as typed."""
    word, _ = _split(line.strip())
    try:
        return find_verb(word).name
    except InputError:
        return word


def _split(line: str) -> tuple[str, str]:
    if line.startswith("/"):
        return "/", line[1:].strip()
    word, *rest = line.split(maxsplit=1)
    return word, rest[0].strip() if rest else ""
