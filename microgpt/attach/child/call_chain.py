"""The calls around a write to a node: which of them are a pass, and what they were given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import Any

from microgpt.attach.child.anatomy import Store, attributes, held_in
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


def root_above(kind: ValueClass, chain: Sequence[FrameType], node: Node, store: Store) -> Node:
    """The node that a pass begins at which writes to another one first.

    A pass may hand the root's gradient on and write it nowhere, as `grad(root, 1.0)` does. So it is
    the result that the outermost call was handed, if the node was made of that; and where that asks
    another one for its gradient, which asks its consumers, the last of these.

    Args:
        kind: the class.
        chain: the calls around the write, from it outwards.
        node: the result that is written first.
        store: where nodes keep their operands.
    """
    asks = False
    for frame in reversed(chain):
        code, here = frame.f_code, frame.f_locals
        given = [here.get(name) for name in code.co_varnames[: code.co_argcount]]
        nodes = list(filter(kind.is_node, given))
        if any(each is node for each in nodes):
            return _last_consumer(kind, node) if asks else node
        for each in filter(kind.subject().is_result, nodes):
            if any(below is node for below in kind.below(each, store)):
                return each
        asks |= bool(nodes)
    return node


def _last_consumer(kind: ValueClass, node: Node) -> Node:
    """The newest of the nodes that one is used for, as far as they hold each other."""
    subject, seen = kind.subject(), {id(node)}
    waiting, newest = [node], node
    while waiting:
        at = waiting.pop()
        for value in attributes(at).values():
            for each in held_in(value, kind.is_node):
                if id(each) not in seen and subject.age(each) > subject.age(at):
                    seen.add(id(each))
                    waiting.append(each)
        newest = max(newest, at, key=subject.age)
    return newest


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


def no_trace(*_: Any) -> None:
    """Traces nothing: only so that calls under way can be traced."""


def _return_instructions() -> frozenset[int]:
    """The instructions that return something computed, and a constant."""
    codes = [compile(f"lambda x: {result}", "", "eval").co_consts[0] for result in ("x", "1")]
    return frozenset(code.co_code[-2] for code in codes)


_RETURNS = _return_instructions()
