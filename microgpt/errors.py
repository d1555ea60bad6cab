"""The errors a user can cause, each worth exactly one line.

Front ends print ``str(error)`` after ``microgpt: error:`` and exit with status 2; anything that is
not a `MicrogptError` is a defect of this package and keeps its traceback.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, Self

from microgpt.printable import MOST_REPEATED, shortened


class MicrogptError(Exception):
    """Something a user can mend: the message says what is wrong, where, and what would be valid."""


class InputError(MicrogptError, ValueError):
    """A setting, a corpus or a document that cannot be used as given."""


class ConditionError(InputError):
    """A breakpoint's or a search's condition that says nothing that can be true of a node."""


class NotFetchedError(InputError):
    """A corpus that is not built in and has to be fetched first."""


class EngineUnavailableError(MicrogptError):
    """An engine that needs a library which is not installed."""


class RunFileError(MicrogptError):
    """A run file that cannot be read, written or trusted; the message names file and step."""


class DomainError(MicrogptError, ArithmeticError):
    """An op has no finite real result for its operand: log of 0, exp of 1000, (-1) ** 0.5."""

    node: object
    """The `Value` that would have been made, its data nan; None where no op of a graph failed.
    `microgpt.debugger.post_mortem` looks at what it was computed from."""

    def __init__(self, message: str, node: object = None) -> None:
        super().__init__(message)
        self.node = node

    @classmethod
    def of_op(cls, failed: FailedNode, place: str) -> Self:
        """The op that would have made a node.

        Args:
            failed: the node.
            place: scope and line of the program, in words.
        """
        operands, immediate = failed._children, getattr(failed, "_detail", None)
        numbers = [operand.data for operand in operands]
        if immediate is not None:
            numbers.append(immediate)
        made = [f"{o.name or o._op} made in {o.scope or 'no scope'}" for o in operands]
        return cls(
            f"{failed._op}({', '.join(map(repr, numbers))}) has no finite real value, {place}; its "
            f"{'operand is' if len(made) == 1 else 'operands are'} {' and '.join(made)}",
            failed,
        )

    @classmethod
    def of_division(cls, by: float, place: str) -> Self:
        """A division by a plain number that has no finite reciprocal; `place` as in `of_op`."""
        why = f"{by!r} has no finite real value" if by else "0 is undefined"
        return cls(f"division by {why}, {place}")


class FailedNode(Protocol):
    """What is told of the node that an op would have made, and of its operands."""

    @property
    def _op(self) -> str: ...
    @property
    def _children(self) -> tuple[Any, ...]: ...


class GraphError(MicrogptError, LookupError):
    """A question the graph at hand cannot answer: an unknown node, scope or event."""


def abridged(message: str, typed: Iterable[str]) -> str:
    """A message in which what somebody typed is repeated in part, where it is long.

    Args:
        typed: what it may repeat, as a whole or in words.

    >>> abridged("no node '" + 100 * "a" + "'; there is b", [100 * "a"])[:52]
    "no node 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa… ("
    """
    pieces: set[str] = set()
    for text in typed:
        if len(text) > MOST_REPEATED:
            inside = [text, text.strip(), *text.split(), *re.findall(r"\w+|\S+", text)]
            inside += [text.partition(sign)[2].strip() for sign in (" ", "=")]
            pieces.update(piece for piece in inside if len(piece) > MOST_REPEATED)
    for piece in sorted(pieces, key=len, reverse=True):
        for written in (piece, repr(piece)[1:-1]):
            message = message.replace(written, shortened(piece))
    return message


@contextmanager
def repeating_little(*typed: str) -> Iterator[None]:
    """What is raised within is told without repeating all of what somebody typed."""
    try:
        yield
    except MicrogptError as error:
        error.args = (abridged(str(error), typed), *error.args[1:])
        raise
