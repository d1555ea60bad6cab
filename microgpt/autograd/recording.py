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
from types import FrameType

from microgpt.autograd import scopes, value
from microgpt.autograd.call_paths import CallPaths, is_own_frame
from microgpt.autograd.scopes import Scope, Site, current_scope
from microgpt.autograd.value import Value

_lock = threading.Lock()
_recorders: dict[int, list[CallPaths]] = {}
"""The open recordings of each thread, innermost last."""
_kept: dict[CallPaths, list[Value]] = {}
"""Where the Values of a recording go, if somebody wants them all."""


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
    paths = start_recording(_frame_outside_contextlib(sys._getframe(1)), calls_in_scopes, kept)
    try:
        yield
    finally:
        stop_recording(paths)


def start_recording(
    base: FrameType, calls_in_scopes: bool = True, kept: list[Value] | None = None
) -> CallPaths:
    """Opens a recording in this thread whose scopes are the calls below a frame."""
    paths = CallPaths(base, calls_in_scopes)
    if kept is not None:
        _kept[paths] = kept
    with _lock:
        _recorders.setdefault(threading.get_ident(), []).append(paths)
        value.where = _where
        scopes.observer = _OBSERVER
    return paths


def stop_recording(paths: CallPaths) -> None:
    """Closes a recording, from whichever thread."""
    _kept.pop(paths, None)
    with _lock:
        thread = next(thread for thread, open_ones in _recorders.items() if paths in open_ones)
        _recorders[thread].remove(paths)
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
    if (kept := _kept.get(recorders[-1])) is not None:
        kept.append(made.f_locals["self"])
    frame = made.f_back or made
    while is_own_frame(frame.f_code) and frame.f_back:
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
