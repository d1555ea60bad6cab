"""Where in a program a frame is, as a source line and a scope named by its calls.

Knows nothing of Values: `recording` asks it about `microgpt.Value`, `attach` about any class.
"""

from __future__ import annotations

import os.path
import sys
from collections.abc import Callable
from types import CodeType, FrameType

from microgpt.autograd.scopes import BY_HAND, CallPlace, Scope, Site, current_scope

_OWN_FOLDER = os.path.dirname(__file__) + os.sep  # noqa: PTH120  # see `attach.child`


def is_own_frame(code: CodeType) -> bool:
    """Whether a frame runs code of this autograd: it is no place in anyone's program."""
    return code.co_filename.startswith(_OWN_FOLDER)


def place_in_program() -> str:
    """The scope and the line of the program that are being worked on, in words."""
    scope = current_scope()
    frame = sys._getframe(1)
    while is_own_frame(frame.f_code) and frame.f_back:
        frame = frame.f_back
    place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
    return f"in {scope.path if scope else 'no scope'} at {place}"


class CallPaths:
    """What has been seen of a program's calls: sites by place in the code, and calls under way.

    Args:
        base: the frame whose calls are looked at; its own name is no scope.
        calls_in_scopes: whether calls are scopes inside those opened by hand, too.
        skips: whether code is of a library whose calls are no scopes.
    """

    def __init__(
        self,
        base: FrameType,
        calls_in_scopes: bool,
        skips: Callable[[CodeType], bool] | None = None,
    ) -> None:
        self._skips = skips
        self._sites: dict[tuple[CodeType, int, Scope | None], Site] = {}
        self._calls_in_scopes = calls_in_scopes
        # The calls that are under way below the recording (None) and below each scope opened by
        # hand in it, innermost last, each with its scope.
        self._calls: dict[Scope | None, list[tuple[FrameType, Scope | None]]] = {
            None: [(base, None)]
        }
        if outer := current_scope():
            self._calls[outer] = [(base, outer)]

    def entered(self, scope: Scope, frame: FrameType) -> None:
        """A frame opens a scope by hand, perhaps in a call inside another such scope."""
        if self._calls_in_scopes:
            scope.place = _place_of(frame)._replace(offset=BY_HAND, inner=0)
            if scope.parent is not None:
                scope.parent = self._scope_of_call(frame, scope.parent)
            self._calls[scope] = [(frame, scope)]

    def left(self, scope: Scope) -> None:
        """A scope opened by hand is closed; its frames can go."""
        self._calls.pop(scope, None)

    def site_of(self, frame: FrameType) -> Site:
        """The scope and line that a frame is at."""
        scope = current_scope()
        if scope is None or self._calls_in_scopes:
            scope = self._scope_of_call(frame, scope)
        key = (frame.f_code, frame.f_lasti, scope)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site(scope, frame.f_code.co_filename, frame.f_lineno)
        return site

    def _scope_of_call(self, frame: FrameType, opened: Scope | None) -> Scope | None:
        """The scope of a call below the innermost scope opened by hand, or below the recording."""
        calls = self._calls.get(opened)
        if calls is None:  # opened before the recording, and not the innermost then
            return opened
        new: list[FrameType] = []
        at: FrameType | None = frame
        while at is not None:
            if at is calls[-1][0]:
                break
            known = next((i for i, (call, _) in enumerate(calls) if call is at), None)
            if known is not None:
                del calls[known + 1 :]  # those have returned
                break
            is_call = not at.f_code.co_name.startswith("<")  # else it belongs to its function
            if is_call and not (self._skips is not None and self._skips(at.f_code)):
                new.append(at)
            at = at.f_back
        else:
            new.clear()  # not below the recording: made by code that it was handed to
            del calls[1:]
        for call in reversed(new):
            scope = Scope(_name_of(call.f_code), parent=calls[-1][1])
            caller = call.f_back
            while caller is not None and self._skips is not None and self._skips(caller.f_code):
                caller = caller.f_back
            if caller is not None:
                scope.place = _place_of(caller)
            calls.append((call, scope))
        return calls[-1][1]


def _place_of(frame: FrameType) -> CallPlace:
    """Where a frame is: a comprehension stands at a place of its function."""
    code, line, function = frame.f_code, frame.f_lineno, frame
    while (
        function.f_code.co_name.startswith("<")
        and function.f_code.co_name != "<module>"
        and function.f_back
    ):
        function = function.f_back
    inner = 0 if function is frame else frame.f_lasti
    return CallPlace(code.co_filename, line, function.f_lasti, inner)


def _name_of(code: CodeType) -> str:
    """What a call is called: `linear`, but `Neuron.__call__`, since every class may have that."""
    if code.co_name.startswith("__"):
        # Before Python 3.11 a code object does not know what it is in.
        return ".".join(getattr(code, "co_qualname", code.co_name).split(".")[-2:])
    return code.co_name
