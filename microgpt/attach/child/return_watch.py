"""`ReturnWatch`: looks whether a function that is given a node has gradients when it returns.

At first at every call; when a program turns out to be large, only at those of functions that fill
containers, which get code for that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import CodeType, FrameType, FunctionType
from typing import Any

from microgpt.attach.child.anatomy import anatomy_of
from microgpt.attach.child.found_gradients import (
    CONTAINERS,
    KeptAt,
    containers_of,
    fills_containers,
    gradients_in,
)
from microgpt.attach.child.gradients_or_not import may_be_gradients
from microgpt.attach.child.guard import Guard
from microgpt.attach.child.pass_functions import PassFunctions
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import WatchedRun

OURS = os.path.dirname(OWN_FOLDER.rstrip(os.sep)) + os.sep
"""The folder of all that follows programs: some of it is called for each node that is made."""


class ReturnWatch:
    """Watches what functions have when they return.

    Args:
        kind_of: the candidate that something is an instance of.
        finished: is told of a run that is over, with the function that it was.
        is_busy: whether a pass is under way that writes gradients to nodes.
        guard: keeps what fails here out of the script.
    """

    def __init__(
        self,
        kind_of: Callable[[Any], ValueClass | None],
        finished: Callable[[WatchedRun, CodeType | None], None],
        is_busy: Callable[[], bool],
        guard: Guard,
    ) -> None:
        self.guard = guard
        self._kind_of = kind_of
        self._finished = finished
        self._is_busy = is_busy
        self._functions = PassFunctions()
        self._is_on = False
        self.was_displaced = False  # whether the script has set a profiler of its own

    def start(self) -> None:
        """Watches every call, unless the script profiles itself."""
        if sys.getprofile() is None and not self._functions.is_on:
            sys.setprofile(self._profile)
            self._is_on = True

    def stop(self) -> None:
        """Watches no more."""
        self._functions.let_go()
        self.was_displaced |= self._is_on and sys.getprofile() != self._profile
        self._is_on = False
        if sys.getprofile() == self._profile:
            sys.setprofile(None)

    def narrow(self) -> None:
        """Watches only calls of functions that may be passes, and only those with a node."""
        if sys.getprofile() != self._profile and not self._functions.is_on:
            return  # it is the script's own profiler, or there is nothing to see
        sys.setprofile(None)
        self._is_on = False
        self._functions.hold(self._called)

    def _called(
        self, function: FunctionType, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        given = (*args, *keywords.values())
        if sys.getprofile() is not None or not any(self._kind_of(each) for each in given):
            return function(*args, **keywords)
        sys.setprofile(self._profile)
        try:
            return function(*args, **keywords)
        finally:
            if sys.getprofile() == self._profile:
                sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, result: Any) -> None:
        if event == "return" and not self._is_busy():
            try:
                self._returned(frame, result)
            except Exception as error:  # noqa: BLE001  # of whatever kind
                self.guard.failed(error)

    def _returned(self, frame: FrameType, result: Any) -> None:
        """Looks whether it is a function that is given a node and has gradients of many."""
        code = frame.f_code
        if not isinstance(result, CONTAINERS) and not fills_containers(code):
            return
        if code.co_name.startswith("<") or code.co_filename.startswith(OURS):
            return
        here = frame.f_locals
        for name in code.co_varnames[: code.co_argcount]:
            node = here.get(name)
            kind = self._kind_of(node)
            if kind is None or kind.shape is not None or not kind.subject().is_result(node):
                continue
            anatomy = anatomy_of(kind.subject(), node)
            if anatomy is None:
                continue
            run = WatchedRun(kind, anatomy, node, frame.f_back or frame)
            self.look(run, frame, result)
            if run.kept is not None:
                self._functions.let_go()
                self._finished(run, code)
                return

    def look(self, run: WatchedRun, frame: FrameType, returned: Any) -> None:
        """Notes where a call that returns has the gradients of a run, if it has them."""
        containers = containers_of(frame, returned, run.kind.is_node)
        if not containers:
            return
        kind, store = run.kind, run.anatomy.store
        nodes = kind.below(run.first, store)
        fits = may_be_gradients(kind, store, run.anatomy.data, nodes)
        for path, container in containers:
            found = gradients_in(container, nodes)
            if found is not None and fits(found):
                run.kept, run.result = KeptAt(frame.f_code, path), container
                break
