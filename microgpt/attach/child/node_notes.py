"""What is noted of a node, in one slot of its own.

One number says when and where a node was made: its creation number and, in the lower bits, the
place of its origin in a table, which is the code that made it with the user's line. A node of the
script's is as large as without us then, and Python's cyclic collector has nothing more to look at;
seven slots made a step a fifth slower. Where that does not say it all, the slot has a tuple.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection
from itertools import count
from types import CodeType
from typing import Any, NamedTuple

from microgpt.autograd.scopes import Scope, Site

NOTE = "_attach_note"
"""The slot."""
SHIFT = 32
"""So many bits are the origin's."""
ORIGIN = (1 << SHIFT) - 1
MANY = 50_000
"""So many origins are kept before those that no node has any more are forgotten."""

next_note = count(0, 1 << SHIFT).__next__
"""The number of the next node, without an origin."""


class More(NamedTuple):
    """What is noted of a node that was made by no sum or product, or of operands that lie in a set.

    Of one or two operands how many there are and the first, which says it all and keeps no tuple
    alive; of more all of them.
    """

    number: int  # as it is noted else
    arguments: Any  # what the method was called with, None if its operands tell
    arity: int  # of operands; 0 where these are not noted
    operands: Any  # the first of one or two, or a tuple of more


class Origins:
    """The code that made nodes, and where in the script: by the number noted."""

    def __init__(self) -> None:
        self._makers: dict[int, CodeType | None] = {0: None}
        self._sites: dict[int, Any] = {0: None}
        self._called: dict[int, str] = {}  # what a function was told to make, where it was
        self._next = count(1).__next__
        self._enough = MANY
        self.maker: Callable[[int], CodeType | None] = self._makers.get
        self.site: Callable[[int], Site | Scope | None] = self._sites.get

    def add(self, maker: CodeType | None, site: Site | Scope | None, called: str = "") -> int:
        """The number of an origin that is new.

        Args:
            called: what the op is called that the code was told to make, `""` if it was not.
        """
        number = self._next()
        if number > ORIGIN:  # more than any script has
            return 0
        self._makers[number], self._sites[number] = maker, site
        if called:
            self._called[number] = called
        return number

    def since(self, number: int) -> list[tuple[int, CodeType | None, Any]]:
        """Those that are newer than a number, with what made nodes there and where.

        A line that runs again in the same call, as a file's own do, is not new.
        """
        newer = []
        for each in reversed(self._makers):
            if each <= number:
                break
            newer.append((each, self._makers[each], self._sites[each]))
        return newer[::-1]

    def called(self, number: int) -> str:
        """What the op was called when the code was told to make it, `""` if it was not told."""
        return self._called.get(number, "")

    def forget_unused(self, types: Collection[type]) -> None:
        """Forgets those that no instance of some classes has, if there are many.

        A table that only grows would keep the scopes of every step.
        """
        if len(self._makers) < self._enough:
            return
        used = {0}
        for thing in gc.get_objects():
            if type(thing) in types:
                used.add(origin_in(noted(thing)))
        for number in [each for each in self._makers if each not in used]:
            del self._makers[number], self._sites[number]
            self._called.pop(number, None)
        self._enough = max(MANY, 2 * len(self._makers))


def noted(node: Any) -> Any:
    """What is noted of a node, None if nothing is; its class is not asked."""
    try:
        return object.__getattribute__(node, NOTE)
    except AttributeError:
        return None


def give_number(node: Any) -> None:
    """Notes that a node was made, and nothing else, whatever `__setattr__` its class has."""
    object.__setattr__(node, NOTE, next_note())


def origin_in(note: Any) -> int:
    """The number of the origin in a note, 0 for none."""
    if note is None:
        return 0
    number: int = (note if note.__class__ is int else note[0]) & ORIGIN
    return number


def number_in(note: Any) -> int | None:
    """The creation number in a note."""
    if note is None:
        return None
    number: int = (note if note.__class__ is int else note[0]) >> SHIFT
    return number
