"""Recording where in a program each Value is made: its source line, and its place in the calls.

    with recording():
        loss = my_model(inputs)
    loss.backward()
    graph = Graph.from_value(loss)      # graph.line(node) now answers

Code that opens no scopes gets them from its calls: what `linear` makes when `gpt` calls it the
second time lies in `gpt/linear[1]`. A scope opened by hand stands for all calls around it, and the
calls inside it are scopes within it: `pos0/gpt/linear[1]`.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

from microgpt import bindings, scopes, value
from microgpt.scopes import Scope, Site, current_scope
from microgpt.value import Value

_OWN_FILES = frozenset({value.__file__, bindings.__file__})
_lock = threading.Lock()
_recorders: dict[int, list[_Recorder]] = {}
"""The open recordings of each thread, innermost last."""


@contextmanager
def recording(*, calls_in_scopes: bool = True, kept: list[Value] | None = None) -> Iterator[None]:
    """While open, Values made by this thread know their source line and are scoped by their calls.

    A step takes about half as long again, so it is meant for the computation to be looked at and
    not for all of training. Of two recordings, one inside the other, the inner one counts.

    Args:
        calls_in_scopes: whether calls are scopes inside those opened by hand, too. A program that
            names all its parts itself, as microgpt's model does, has no use for that.
        kept: gets every Value made, for whoever wants to see a computation that came to no end.
    """
    thread = threading.get_ident()
    recorder = _Recorder(_frame_outside_contextlib(sys._getframe(1)), calls_in_scopes, kept)
    with _lock:
        _recorders.setdefault(thread, []).append(recorder)
        value.where = _where
        scopes.observer = _OBSERVER
    try:
        yield
    finally:
        with _lock:
            _recorders[thread].remove(recorder)
            if not _recorders[thread]:
                del _recorders[thread]
            if not _recorders:
                value.where = current_scope
                scopes.observer = None


def _where() -> Scope | Site | None:
    """The place that the Value being made is made in."""
    recorders = _recorders.get(threading.get_ident())
    if not recorders:
        return current_scope()
    made = sys._getframe(1)  # Value.__init__
    if (kept := recorders[-1].kept) is not None:
        kept.append(made.f_locals["self"])
    frame = made.f_back or made
    while frame.f_code.co_filename in _OWN_FILES and frame.f_back:
        frame = frame.f_back
    return recorders[-1].site_of(frame)


def _frame_outside_contextlib(frame: FrameType) -> FrameType:
    while frame.f_code.co_filename == contextlib.__file__ and frame.f_back:
        frame = frame.f_back
    return frame


class _Observer:
    """Hands scopes opened by hand to the recording of the thread that opens them."""

    def entered(self, scope: Scope) -> None:
        if recorders := _recorders.get(threading.get_ident()):
            recorders[-1].entered(scope, _frame_outside_contextlib(sys._getframe(2)))

    def left(self, scope: Scope) -> None:
        for recorder in _recorders.get(threading.get_ident(), ()):
            recorder.left(scope)


_OBSERVER = _Observer()


class _Recorder:
    """What one recording has seen: sites by place in the code, and the calls under way."""

    def __init__(self, base: FrameType, calls_in_scopes: bool, kept: list[Value] | None) -> None:
        self.kept = kept
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
            if not at.f_code.co_name.startswith("<"):  # comprehensions belong to their function
                new.append(at)
            at = at.f_back
        else:
            new.clear()  # not below the recording: made by code that it was handed to
            del calls[1:]
        for call in reversed(new):
            calls.append((call, Scope(call.f_code.co_name, parent=calls[-1][1])))
        return calls[-1][1]
