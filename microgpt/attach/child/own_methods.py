"""`OwnMethods`: computes nodes again, for other operands, by the methods that made them.

The operands themselves are given the other numbers for the moment of the call, so that a method
finds all else about them as it was, and get their own back. Its result is a node that nobody keeps.
Whatever else such a method may do, printing say, it does once more.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from microgpt.attach.child.anatomy import own_attribute
from microgpt.attach.child.local_gradients import LocalGradients
from microgpt.attach.child.pass_log import installed
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.tapes import Tapes
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watches import GradTap, grads_of_closure
from microgpt.graph.op_evaluator import Evaluated


class Refused(Exception):  # noqa: N818  # not an error of ours
    """Why a node cannot be computed again; the message is for the user."""


class OwnMethods:
    """An `OpEvaluator` in the process where the nodes are.

    Args:
        kind: their class.
        nodes: by id.
    """

    def __init__(self, kind: ValueClass, nodes: Sequence[Node]) -> None:
        self._kind = kind
        self._nodes = nodes
        self._tapes: Tapes | None = None  # that its methods write on

    def evaluate(self, nodes: Sequence[int], operands: Sequence[float]) -> Evaluated:
        """Computes some nodes for these operands; see `OpEvaluator`."""
        kind, tap = self._kind, GradTap()
        data, locals_, problems = array("d"), array("d"), []
        at = 0
        shape = kind.shape
        assert shape is not None
        asks = shape.is_closure or (shape.store is not None and shape.grad)
        with installed(kind.cls, {shape.grad: tap}) if asks else nullcontext():
            for place in nodes:
                node = self._nodes[place]
                slots = kind.operands(node)
                numbers = operands[at : at + len(slots)]
                at += len(slots)
                try:
                    with self._tapes_left_alone(node):
                        result, shares = self._computed(node, slots, numbers, tap)
                    problem = ""
                except Refused as error:
                    problem = str(error)
                except BaseException as error:  # noqa: BLE001  # also `exit()`, and Ctrl-C
                    # A script must not die of being looked at.
                    problem = f"{type(error).__name__}: {error}".removesuffix(": ")
                if problem:
                    result, shares = float("nan"), [float("nan")] * len(slots)
                data.append(result)
                locals_.extend(shares)
                problems.append(problem)
        return Evaluated(data, locals_, problems)

    def _tapes_left_alone(self, node: Node) -> AbstractContextManager[None]:
        # Also one that keeps operands in its nodes may have its rules on a tape.
        if self._tapes is None:
            self._tapes = Tapes(self._kind, node)
        return self._tapes.left_alone()

    def _computed(
        self, node: Node, operands: tuple[Node, ...], numbers: Sequence[float], tap: GradTap
    ) -> tuple[float, list[float]]:
        """Data and local gradients for these operands."""
        call = self._kind.call(node, operands)
        if isinstance(call, str):
            raise Refused(call)
        own = [self._kind.data(operand) for operand in operands]
        kept = [_state(operand) for operand in operands]
        try:
            for operand, is_at, number in zip(operands, own, numbers):
                if float(is_at).hex() != number.hex():  # else it stays an int, if it is one
                    self._kind.set_data(operand, number)
            result = call.method(*call.positional, **call.keywords)
            self._check_operands(node, result, operands)
            return float(self._kind.data(result)), self._local_grads(result, operands, tap)
        finally:
            for operand, is_at in zip(operands, own):
                if self._kind.data(operand) is not is_at:
                    self._kind.set_data(operand, is_at)
            for operand, state in zip(operands, kept):
                _put_back(operand, state)

    def _check_operands(self, node: Node, result: Any, operands: tuple[Node, ...]) -> None:
        """A function may make some itself: then to move those that it made before tells nothing."""
        kind, maker = self._kind, self._kind.maker(node)
        if maker is None or kind.owns(maker) or kind.uses_tape or not kind.is_node(result):
            return
        if set(map(id, kind.operands(result))) != set(map(id, operands)):
            raise Refused("the function that made it makes other nodes, too")

    def _local_grads(self, result: Any, operands: tuple[Node, ...], tap: GradTap) -> list[float]:
        kind = self._kind
        assert kind.shape is not None
        if kind.shape.store is not None:
            if not kind.is_node(result):
                raise Refused("its method gives something else than one node")
            asked = LocalGradients(kind, tap)
            asked.tapes = self._tapes if kind.uses_tape else None
            return asked.of(result, operands)  # nan where nothing tells them
        made_from = [id(o) for o in kind.operands(result)] if kind.is_node(result) else []
        slots = [id(operand) for operand in operands]
        held = getattr(result, kind.shape.visited, None)
        if kind.shape.is_closure:
            if set(made_from) == set(slots):
                return grads_of_closure(tap, result, operands, held)
        elif made_from == slots and isinstance(held, (tuple, list)) and len(held) == len(slots):
            return [float(local) for local in held]
        raise Refused("its method gives something else than one node made from the same operands")


def _state(node: Node) -> dict[str, tuple[Any, int]]:
    """What a node holds, and how long its lists are: making another of it may count or list it."""
    held = own_attribute(node, "__dict__") or {}
    return {name: (each, len(each) if type(each) is list else 0) for name, each in held.items()}


def _put_back(node: Node, state: dict[str, tuple[Any, int]]) -> None:
    held = own_attribute(node, "__dict__") or {}
    for name, (each, length) in state.items():
        if held.get(name) is not each:
            held[name] = each
        if type(each) is list and len(each) > length:
            del each[length:]
