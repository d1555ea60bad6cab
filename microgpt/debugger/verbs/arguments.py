"""What is typed after a verb, read: a count, a node, an assignment."""

from __future__ import annotations

from microgpt.debugger.session_core import SessionCore
from microgpt.errors import GraphError, InputError


def count_of(argument: str) -> int:
    """How often, 1 if it is not said. Raises `InputError` if it is no count."""
    if not argument:
        return 1
    if not argument.isdecimal() or not 1 <= int(argument) <= 10**9:
        raise InputError(f"{argument!r} is no count: a whole number from 1")
    return int(argument)


def node_of(session: SessionCore, argument: str) -> int:
    """The node named, the selected one if none is. Raises `GraphError` if there is no such node."""
    if argument:
        return session.find(argument)
    if session.state.selection is None:
        raise GraphError("nothing is visited yet: name a NODE, or step")
    return session.state.selection


def assignment_of(argument: str, example: str) -> tuple[str, str]:
    """Both sides of `LEFT = RIGHT`. Raises `InputError`, with the example, if it is none."""
    left, equals, right = argument.partition("=")
    if not equals or not left.strip() or not right.strip():
        raise InputError(f"{argument!r} sets nothing; write it as: {example}")
    return left.strip(), right.strip()
