"""`ScriptFailure`: what can be learnt from the exception that ended the script."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from types import FrameType, TracebackType

from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass

OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep

MAX_LOOKED_AT = 500_000
"""So many objects in the variables of the failed calls are looked at, and no more."""


class ScriptFailure:
    """An exception, without the frames of our own hooks."""

    def __init__(self, error: BaseException, kinds: Sequence[ValueClass]) -> None:
        self._kinds = kinds
        self._error = error
        self.frames: list[FrameType] = []  # of the calls that failed, the innermost first
        self.ids = strip(error)  # of it and of what it came of
        self.text = shown(error)  # the traceback as Python would show it
        # File and line of the innermost call that is not in a Value-like class itself.
        self.place = (getattr(error, "filename", None) or "", getattr(error, "lineno", None) or 0)
        traceback = error.__traceback__
        while traceback is not None:
            self.frames.append(traceback.tb_frame)
            code = traceback.tb_frame.f_code
            if not any(kind.owns(code) for kind in kinds):
                self.place = (code.co_filename, traceback.tb_lineno)
            traceback = traceback.tb_next
        self.frames.reverse()

    def roots(self) -> tuple[ValueClass, list[Node]] | None:
        """The results that were computed last, the newest at the end, and their class.

        They are looked for in the variables of the calls that failed: nothing else is sure to
        hold on to them, and a list of all nodes made would keep every step's graph alive.
        """
        for kind in self._kinds:
            found = {id(node): node for node in self._nodes(kind)}
            used = {id(o) for node in found.values() for o in kind.operands(node)}
            tops = [node for node in found.values() if id(node) not in used]
            if roots := [node for node in tops if kind.operands(node)] or tops[-1:]:
                numbers = {id(root): kind.number(root) for root in roots}
                return kind, sorted(
                    roots, key=lambda root: -1 if (n := numbers[id(root)]) is None else n
                )
        return None

    def _nodes(self, kind: ValueClass) -> Iterator[Node]:
        """The nodes in the variables of the failed calls, and in containers in them.

        The node that could not be made is one, if the error carries it, as our own `DomainError`
        does.
        """
        waiting: list[object] = [
            value for frame in self.frames for value in frame.f_locals.values()
        ]
        waiting.append(getattr(self._error, "node", None))
        seen: set[int] = set()
        while waiting and len(seen) < MAX_LOOKED_AT:
            thing = waiting.pop()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if kind.is_node(thing):
                yield thing
            elif isinstance(thing, (list, tuple, set, frozenset)):
                waiting += thing
            elif isinstance(thing, dict) and "__builtins__" not in thing:
                waiting += thing.values()


def strip(error: BaseException) -> set[int]:
    """Takes the frames of our own hooks out of an exception's traceback, and its causes'.

    Returns:
        the `id()` of each.
    """
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = _without_own(each.__traceback__)
        waiting += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    return seen


def _without_own(traceback: TracebackType | None) -> TracebackType | None:
    while traceback is not None and _is_own(traceback):
        traceback = traceback.tb_next
    at = traceback
    while at is not None:
        while at.tb_next is not None and _is_own(at.tb_next):
            at.tb_next = at.tb_next.tb_next
        at = at.tb_next
    return traceback


def _is_own(traceback: TracebackType) -> bool:
    return traceback.tb_frame.f_code.co_filename.startswith(OWN_FOLDER)


def shown(error: BaseException) -> str:
    """The text that Python itself would print for an exception nobody catches."""
    written: list[str] = []

    class Listener:
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

        def flush(self) -> None:
            pass

    stderr, sys.stderr = sys.stderr, Listener()
    try:
        sys.__excepthook__(type(error), error, error.__traceback__)
    finally:
        sys.stderr = stderr
    return "".join(written)
