"""Recording where in a program each Value is made: its source line, and its place in the calls.

    with recording():
        loss = my_model(inputs)
    loss.backward()
    graph = Graph.from_value(loss)      # graph.line(node) now answers

Code that opens no scopes gets them from its calls: what `linear` makes when `gpt` calls it the
second time lies in `gpt/linear[1]`. Scopes that are opened by hand go before that.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

from microgpt import bindings, value
from microgpt.scopes import Scope, Site, current_scope

_OWN_FILES = frozenset({value.__file__, bindings.__file__})
_lock = threading.Lock()
_recorders: dict[int, list[_Recorder]] = {}
"""The open recordings of each thread, innermost last."""


@contextmanager
def recording() -> Iterator[None]:
    """While open, Values made by this thread know their source line and are scoped by their calls.

    A step takes about half as long again, so it is meant for the computation to be looked at and
    not for all of training. Of two recordings, one inside the other, the inner one counts.
    """
    thread = threading.get_ident()
    frame = sys._getframe(1)
    while frame.f_code.co_filename == contextlib.__file__ and frame.f_back:
        frame = frame.f_back
    recorder = _Recorder(frame)
    with _lock:
        _recorders.setdefault(thread, []).append(recorder)
        value.where = _where
    try:
        yield
    finally:
        with _lock:
            _recorders[thread].remove(recorder)
            if not _recorders[thread]:
                del _recorders[thread]
            if not _recorders:
                value.where = current_scope


def _where() -> Scope | Site | None:
    """The place that the Value being made is made in."""
    recorders = _recorders.get(threading.get_ident())
    if not recorders:
        return current_scope()
    frame = sys._getframe(2)  # past this function and Value.__init__
    while frame.f_code.co_filename in _OWN_FILES and frame.f_back:
        frame = frame.f_back
    return recorders[-1].site_of(frame)


class _Recorder:
    """What one recording has seen: sites by place in the code, and the calls under way."""

    def __init__(self, base: FrameType) -> None:
        self._sites: dict[tuple[CodeType, int, Scope | None], Site] = {}
        # The calls below the recording that are under way, innermost last, each with its scope.
        self._calls: list[tuple[FrameType, Scope | None]] = [(base, None)]

    def site_of(self, frame: FrameType) -> Site:
        """The scope and line that a frame is at."""
        scope = current_scope() or self._scope_of_call(frame)
        key = (frame.f_code, frame.f_lasti, scope)
        site = self._sites.get(key)
        if site is None:
            site = self._sites[key] = Site(scope, frame.f_code.co_filename, frame.f_lineno)
        return site

    def _scope_of_call(self, frame: FrameType) -> Scope | None:
        calls = self._calls
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
