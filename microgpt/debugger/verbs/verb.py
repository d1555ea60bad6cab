"""`Verb`, a row of the table of what can be typed, and `Answer`, what carrying it out gives.

A verb is a file of this folder: the question, the answer with its words, and the row. To add one,
write such a file and put its row into the table in `__init__.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from microgpt.debugger.session_core import SessionCore
from microgpt.errors import InputError

Json: TypeAlias = dict[str, Any]

ArgumentKind: TypeAlias = Literal[
    "", "count", "place", "condition", "node", "nodes", "scope", "stop", "name", "verb"
]
"""What a verb's argument is, for completion: a moment, a scope, a breakpoint's number, ..."""

GO_ON, GO_BACK, LOOK = "go on", "go back", "look"
STOP, WHY, WHAT_IF = "break and watch", "ask why", "what if"
CHECK, PROGRAM, SESSION = "check", "script", "session"


class Answer(ABC):
    """What a verb was asked for. It holds all that it tells, since the session moves on."""

    __slots__ = ()

    @property
    def about(self) -> int | None:
        """The node that it is about; None where that is the one visited."""
        return None

    @abstractmethod
    def lines(self) -> list[str]:
        """It as plain text."""

    @abstractmethod
    def as_json(self) -> Json:
        """Its fields, beside those that every outcome has."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One row of the table."""

    name: str  # in full
    short: tuple[str, ...]  # may be typed instead, before unique beginnings of names are tried
    group: str  # the heading it stands under
    usage: str  # its argument, in brackets if it can be left out; `""` if it takes none
    help: str  # what it does, a phrase
    example: str  # a whole line
    argument: ArgumentKind
    run: Callable[[SessionCore, str], Answer]
    needs_whole: bool = False  # whether it cannot be answered in a region of a graph

    @property
    def is_slow(self) -> bool:
        """Whether it may take longer than a key may: a screen does not wait for it."""
        return self.group in (WHY, WHAT_IF, CHECK, PROGRAM)


def verb_called(word: str, table: Sequence[Verb]) -> Verb:
    """The verb of a name, a short form or an unmistakable beginning.

    Raises:
        InputError: there is none, or there are several.
    """
    for verb in table:
        if word == verb.name or word in verb.short:
            return verb
    found = [verb for verb in table if verb.name.startswith(word)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{word!r} could be {', '.join(verb.name for verb in found)}")
    raise InputError(f"no verb {word!r}; `help` lists them")
