"""`CallsAround`: what calls were given that made nodes and are none of the class's own.

A function of the script's makes a result if nodes that it was given list that as a consumer. It may
be given thousands of nodes and make as many, so neither is gone through once for each of the other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator
from operator import is_
from types import CodeType, FrameType

from microgpt.attach.child.anatomy import attributes, held_in
from microgpt.attach.child.node_notes import SHIFT, next_note
from microgpt.attach.child.operand_notes import nodes_in
from microgpt.attach.child.recorded import Arguments, Node, arguments_of, n_parameters_of

MAX_RECENT = 8
"""So many calls are at hand; more would keep more alive that have returned."""
FRESH = 4
"""So many of the newest nodes may be made already and not yet listed as consumers."""


class CallsAround:
    """Those calls, for one class.

    Args:
        is_node: whether something is a node of it.
    """

    def __init__(self, is_node: Callable[[object], bool]) -> None:
        self._is_node = is_node
        # Of a call what its parameters were bound to, and the arguments made of that.
        self._given: dict[FrameType, tuple[list[object], Arguments | None]] = {}
        self._makes_more: dict[int, CodeType] = {}  # by id, code that made several in one call
        self._drawn = -1  # the number last drawn here
        self._fresh = 0  # nodes with this number and later ones are fresh
        # By `id()` of the arguments, with these: of the nodes in them those that list a node, by
        # its `id()`. Whatever is made may be listed, so it counts only until then.
        self._listed: dict[int, tuple[Arguments, dict[int, list[Node]]]] = {}

    def given_to(self, call: FrameType) -> Arguments | None:
        """What a call was given, None if there is no node in it.

        It may have bound its parameters to other nodes since it made the node before.
        """
        code, here = call.f_code, call.f_locals
        if not (n_parameters := n_parameters_of(code)):
            return None
        bound = [here.get(name) for name in code.co_varnames[:n_parameters]]
        known = self._given.get(call)
        if known is not None:
            self._makes_more[id(code)] = code
            if all(map(is_, known[0], bound)):
                return known[1]
        if len(self._given) >= MAX_RECENT:
            self._given = {each: self._given[each] for each in _and_around(call, self._given)}
        arguments = arguments_of(call)
        has_nodes = arguments is not None and self._has_nodes(arguments)
        self._given[call] = (bound, arguments if has_nodes else None)
        return self._given[call][1]

    def consumed_by(self, node: Node, number: int, given: Arguments) -> tuple[Node, ...] | None:
        """Those that list a node as their consumer, of all that a call was given; None for none.

        Args:
            node: which the call has made.
            number: its creation number.
            given: to the call.
        """
        now = next_note() >> SHIFT
        if now != self._drawn + 1:  # nodes were made since
            self._listed.clear()
            self._fresh = now - FRESH
        self._drawn = now
        known = self._listed.get(id(given))
        if known is None:
            known = self._listed[id(given)] = (given, self._listed_in(given))
        found = known[1].get(id(node))
        if found is None and number >= self._fresh:
            found = self._listed_in(given).get(id(node))
        return tuple(found) if found else None

    def may_be_op(self, code: CodeType) -> bool:
        """Whether code makes a node and may do nothing else: one in a call, and no pass in it."""
        if id(code) in self._makes_more:
            return False
        call: FrameType | None = sys._getframe()
        while call is not None:  # the script stands in a pass
            if call.f_code is code:
                return False
            call = call.f_back
        return True

    def forget(self) -> None:
        """Keeps no call and no node alive any more."""
        self._given.clear()
        self._listed.clear()

    def _has_nodes(self, given: Arguments) -> bool:
        return any(
            any(map(self._is_node, each))
            if isinstance(each, (list, tuple))
            else self._is_node(each)
            for each in given.all()
        )

    def _listed_in(self, given: Arguments) -> dict[int, list[Node]]:
        listed: dict[int, list[Node]] = {}
        for each in nodes_in(given.all(), self._is_node):
            values = attributes(each).values()
            held = (id(found) for value in values for found in held_in(value, self._is_node))
            for key in dict.fromkeys(held):
                listed.setdefault(key, []).append(each)
        return listed


def _and_around(call: FrameType, among: Container[FrameType]) -> Iterator[FrameType]:
    """A call and those around it, which alone have not returned, if they are among some."""
    at: FrameType | None = call
    while at is not None:
        if at in among:
            yield at
        at = at.f_back
