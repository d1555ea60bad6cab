"""The calls around a write to a node: which of them are a pass, and what they were given."""

from __future__ import annotations

from collections.abc import Iterator
from types import FrameType

from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass

MAX_CHAIN = 12
"""So many calls out from the first write the function that makes the pass is looked for."""
DEEPEST = 100_000
"""The same where only leaves are written to, which a recursion comes to last."""


def chain_around(kind: ValueClass, frame: FrameType, most: int = MAX_CHAIN) -> Iterator[FrameType]:
    """The calls around a write, from it outwards, that are handed a node or are the class's."""
    at: FrameType | None = frame
    for _ in range(most):
        if at is None or at is kind.base or at.f_code.co_name == "<module>":
            return
        code, here = at.f_code, at.f_locals
        given = (here.get(name) for name in code.co_varnames[: code.co_argcount])
        if not kind.owns(code) and not any(map(kind.is_node, given)):
            return
        yield at
        at = at.f_back


def root_given(kind: ValueClass, frame: FrameType) -> Node:
    """The first result that a call is handed, None if there is none."""
    code, here = frame.f_code, frame.f_locals
    given = (here.get(name) for name in code.co_varnames[: code.co_argcount])
    subject = kind.subject()
    return next((each for each in given if kind.is_node(each) and subject.is_result(each)), None)
