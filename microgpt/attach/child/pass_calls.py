"""`PassCalls`: stands in for the functions and methods of a script that are passes.

What is called in the midst of such a call is a part of it. Where nothing is to be looked at, or
what looks has failed, the script's own function is called, and nothing else happens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType, FunctionType
from typing import Any

from microgpt.attach.child.call_chain import root_among
from microgpt.attach.child.guard import Guard
from microgpt.attach.child.pass_functions import hook_functions, hook_method
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass

OwnCall = Callable[[], Any]
Looks = Callable[[Any, Node, OwnCall, FrameType], Any]
"""Class, root, the script's own call, the call around it -> what the script's own gives."""


class PassCalls:
    """Those of one process.

    Args:
        guard: keeps what fails here out of the script.
        looks: calls a pass, and may look at it.
        is_noted: whether it is noted what nodes are made of.
        is_off: whether calls are not to be looked at, all of them.
        passes: counts a pass that is not to be looked at, where that is known at once, and says so.
    """

    def __init__(
        self,
        guard: Guard,
        looks: Looks,
        is_noted: Callable[[], bool],
        is_off: Callable[[], bool],
        passes: Callable[[], bool],
    ) -> None:
        self._guard, self._looks = guard, looks
        self._is_noted, self._is_off, self._passes = is_noted, is_off, passes
        self._depth = 0
        self._unhook: list[Callable[[], None]] = []

    def follow_functions(self, code: CodeType | None, kind: ValueClass) -> bool:
        """Stands in for all functions with this code from now on; whether there are any."""
        unhook = hook_functions(code, partial(self._called, kind)) if code is not None else []
        self._unhook += unhook
        return bool(unhook)

    def follow_backward(self, cls: type, kind: ValueClass) -> None:
        """Stands in for the method `backward` of a class, if that has one of its own."""
        backward = cls.__dict__.get("backward")
        if not isinstance(backward, FunctionType):
            return

        def hooked(node: Node, *args: Any, **keywords: Any) -> Any:
            if self._depth or self._is_off():
                return backward(node, *args, **keywords)
            if self._passes():
                self._depth += 1
                try:
                    return backward(node, *args, **keywords)
                finally:
                    self._depth -= 1
            if not kind.is_node(node):
                kind.replaced(type(node))
            caller: Any = sys._getframe(1)
            return self._outer(kind, node, lambda: backward(node, *args, **keywords), caller)

        self._unhook.append(hook_method(cls, "backward", backward, hooked))

    def of_torch(self, torch: Any, root: Any, run: OwnCall, caller: FrameType) -> Any:
        """`backward` of a tensor is called."""
        return run() if self._depth or self._is_off() else self._outer(torch, root, run, caller)

    def let_go(self) -> None:
        """Gives the script its own again."""
        while self._unhook:
            self._unhook.pop()()

    def _called(
        self, kind: ValueClass, function: Any, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        if self._depth or self._is_off():
            return function(*args, **keywords)
        try:
            root = root_among(kind, (*args, *keywords.values()), is_noted=self._is_noted())
        except Exception as error:  # noqa: BLE001  # of whatever kind
            self._guard.failed(error)
            root = None
        if root is None:
            return function(*args, **keywords)
        caller: Any = sys._getframe(3)
        return self._outer(kind, root, lambda: function(*args, **keywords), caller)

    def _outer(self, kind: Any, root: Node, run: OwnCall, caller: FrameType) -> Any:
        self._depth += 1
        try:
            return self._guard.around_pass(run, lambda own: self._looks(kind, root, own, caller))
        finally:
            self._depth -= 1
