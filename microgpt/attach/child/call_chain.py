"""The calls around a write to a node: which of them are a pass, and what they were given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

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


def root_among(kind: ValueClass, given: Iterable[Any], *, is_noted: bool) -> Node:
    """The node that a function makes a pass from, None if it is given none.

    Args:
        kind: the class of which the function makes passes.
        given: to the function.
        is_noted: whether it is noted what nodes were made of, which of those on a tape is not
            known else.
    """
    nodes = [each for each in given if kind.is_node(each)]
    if kind.uses_tape and not is_noted:
        return next(iter(nodes), None)
    return next(filter(kind.operands, nodes), None)


def is_whole(kind: ValueClass, frame: FrameType) -> bool:
    """Whether a call that returns wrote to nothing but what its node was made of.

    A class whose leaves ask for their gradients has a call for each leaf: all are one pass.
    """
    code, here = frame.f_code, frame.f_locals
    given = [here.get(name) for name in code.co_varnames[: code.co_argcount]]
    roots = [each for each in given if kind.is_node(each)]
    subject = kind.subject()
    return not roots or any(subject.is_result(root) for root in roots)


def is_returning(frame: FrameType) -> bool:
    """Whether a call that ends does so by itself, and not by an exception."""
    return frame.f_code.co_code[frame.f_lasti] in _RETURNS


def _return_instructions() -> frozenset[int]:
    """The instructions that return something computed, and a constant."""
    codes = [compile(f"lambda x: {result}", "", "eval").co_consts[0] for result in ("x", "1")]
    return frozenset(code.co_code[-2] for code in codes)


_RETURNS = _return_instructions()
