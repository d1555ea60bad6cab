"""`Learner`: sees what the nodes of an unknown class are by watching the script's first pass.

Until then every number that is written to an attribute of a candidate's instance is noted, slowly.
A pass is a run of such writes, at least one to a node that was made of others, in which no node is
made and no leaf's number is written; it ends there, or when the function returns that began it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.anatomy import anatomy_of, is_number, is_same
from microgpt.attach.child.array_pass_log import Noted
from microgpt.attach.child.call_chain import (
    DEEPEST,
    chain_around,
    is_returning,
    is_whole,
    no_trace,
    root_given,
)
from microgpt.attach.child.fast_watch import FastWatch
from microgpt.attach.child.free_passes import FreePasses
from microgpt.attach.child.guard import Guard, guarded
from microgpt.attach.child.in_place import InPlaceWatch, Touched, is_under_way
from microgpt.attach.child.pass_log import PassLog, calling_frame, read_watch
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.return_watch import ReturnWatch
from microgpt.attach.child.set_hook import noting_setattr
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import (
    WatchedRun,
    called_by,
    held_by,
    is_bookkeeping,
    log_arrays,
    log_of,
    note_other,
    shape_of_run,
)

FIRST = 8
"""One of so many first instances, and then of every twice as many, is kept to be looked at."""
PROFILED = 5_000
"""After so many nodes functions are looked at one by one, and not every call. Units: nodes."""


class Learner:
    """Watches candidates until a pass has shown what they are.

    Args:
        watched: the base of ours that all candidates have.
        kind_of: the candidate that something is an instance of.
        finished: is told of a run that is over, with the function that it was, if it was one.
        begins: is called before a run.
        guard: keeps what fails here out of the script.
    """

    def __init__(
        self,
        watched: Any,
        kind_of: Callable[[Any], ValueClass | None],
        finished: Callable[[WatchedRun, CodeType | None], None],
        begins: Callable[[], None],
        guard: Guard,
    ) -> None:
        self.guard = guard
        self._watched = watched
        self._kind_of = kind_of
        self._finished = finished
        self._begins = begins
        self._run: WatchedRun | None = None
        self._newest: Node = None  # that is being made
        self._is_on = False
        self.is_asleep = False  # while we ourselves ask the script's code
        self._apart: dict[type, Any] = {}  # classes not on our base, with their own `__setattr__`
        self.in_place = InPlaceWatch(
            self._begin_in_place,
            lambda node: (
                self._run is None and not self.is_asleep and self._kind_of(node) is not None
            ),
        )
        self.free = FreePasses(self._begin_free, lambda: self.end(None))
        self.returns = ReturnWatch(
            kind_of, finished, lambda: self._run is not None or self.is_asleep, guard
        )

    # -- on and off --------------------------------------------------------------------------------

    def start(self) -> None:
        """Watches from now on, if it does not already."""
        if self._is_on:
            return
        self._is_on = True
        self._take_up()
        self.returns.start()

    def stop(self) -> None:
        """Watches no more."""
        if not self._is_on:
            return
        self._lay_down()
        self._is_on = False
        self.returns.stop()
        self.in_place.stop()

    def watch(self, cls: Any) -> None:
        """Watches a class, too, that is not on our base."""
        self._apart[cls] = vars(cls).get("__setattr__")
        if self._is_on:
            cls.__setattr__ = self.setter(cls.__setattr__)

    def _take_up(self) -> None:
        """Sees what is written, one attribute after the other."""
        if self._is_on:
            self._watched.__setattr__ = self.setter(object.__setattr__)

    def _lay_down(self) -> None:
        if "__setattr__" in vars(self._watched):
            del self._watched.__setattr__
        if not self._is_on:
            return
        for cls, own in self._apart.items():
            if own is not None:
                cls.__setattr__ = own  # type: ignore[method-assign]
            elif "__setattr__" in vars(cls):
                del cls.__setattr__

    def setter(self, put: Callable[[Any, str, Any], None]) -> Callable[[Any, str, Any], None]:
        """A `__setattr__` that notes numbers.

        Args:
            put: what really sets an attribute.
        """
        return noting_setattr(
            put, self._watched, self._apart, self._wrote, self._makes,
            lambda node, *written: note_other(self._kind_of(node), *written),
            lambda: self.is_asleep, self.guard.failed,
        )  # fmt: skip

    @guarded
    def _begin_free(self, run: WatchedRun) -> bool:
        """A pass of free code begins; whether it is to be seen."""
        if self._run is not None or self.is_asleep:
            return False
        self._begins()
        self._run = run
        return True

    # -- what is seen ------------------------------------------------------------------------------

    def _makes(self, node: Node) -> None:
        """A node is being made, which ends a run, unless its gradients are nodes themselves."""
        run, kind = self._run, self._kind_of(node)
        is_other = run is not None and kind is not None and kind is not run.kind
        if run is not None and not is_other and not (run.array_log is not None and run.chain):
            self.end(None)
        if kind is not None:
            if not kind.records(type(node)):  # a dataclass gets its `__init__` after it is built
                kind.arm(kind.base)
                kind.give_number(node)
            kind.n_seen += 1
            self.in_place.drop()
            if self._newest is not None and self._kind_of(self._newest) is kind:
                self.in_place.look(kind, self._newest)
            self._newest = node
            if kind.n_seen == 1:  # operators may have been put on its class since
                kind.add_code(type(node))
            if kind.n_seen <= FIRST or kind.n_seen & (kind.n_seen - 1) == 0:
                if kind.sample is not None and kind.subject().holds(kind.sample):
                    kind.result = kind.sample
                kind.sample = node
                if kind.n_seen > PROFILED:
                    self.returns.narrow()

    def _wrote(
        self, node: Node, name: str, value: Any, frame: FrameType, put: Callable[..., None]
    ) -> None:
        if self._run is None:
            self.in_place.settle()
        run = self._run
        if run is not None and run.is_of_leaves and run.kind.subject().is_result(node):
            self._leave(run)
            run = self._run = None
        if run is not None and is_bookkeeping(run, name, sys._getframe()):
            self.broken_off()
            run = None
        before = held_by(node, name, run)
        if run is None:
            kind = self._kind_of(node)
            if kind is None or value is None or kind.is_making(node, frame.f_code):
                put(node, name, value)
                return
            run = self._begun(kind, node, frame) or self._begun_at_leaf(kind, node, frame, value)
            if run is None or name == run.anatomy.data:
                self._run = None
                put(node, name, value)
                return
            self.in_place.pause(kind)
            self._log_arrays(run, name)
            self._watch(run, name)
        elif name == run.anatomy.data:
            if not run.kind.subject().is_result(node) and not is_same(value, before):
                self.end(None)
            put(node, name, value)
            return
        elif name not in run.watched:
            self._watch(run, name)
        put(node, name, value)
        run.before.setdefault((id(node), name), before)
        run.entries.append((node, frame.f_code, frame.f_lasti, value, name))
        if len(run.entries) >= run.enough and not run.is_of_leaves:
            self._hasten(run)

    def _hasten(self, run: WatchedRun) -> None:
        """Goes over to the fast watch in the middle of a pass that has shown what it needs."""
        kind = run.kind
        shape = shape_of_run(run)
        log = None if shape is None else log_of(run, shape)
        if shape is None or not isinstance(log, PassLog) or not FastWatch.can_watch(kind, shape):
            run.enough *= 4
            return
        run.log = log
        run.shape = shape
        run.before = {key: old for key, old in run.before.items() if key[1] == shape.grad}
        self._unwatch(run)
        run.entries.clear()
        kind.shape = shape  # which operands are read by
        self._lay_down()
        run.fast = FastWatch(kind, shape, lambda *_: None, lambda: self.end(None))
        run.fast.begin(log, run.before)

    def _begun(self, kind: ValueClass, node: Node, frame: FrameType) -> WatchedRun | None:
        """A run that begins with a write, None if that is to a leaf or tells nothing."""
        subject = kind.subject()
        if not subject.is_result(node):
            return None
        if kind.sample is not None and subject.holds(kind.sample) and not subject.holds(node):
            return None  # a plain number that became a node in a method is none of its results
        self.is_asleep = True
        anatomy = anatomy_of(subject, node)
        self.is_asleep = False
        if anatomy is None:
            kind.is_numberless = True
            return None
        self._begins()
        run = WatchedRun(kind, anatomy, node, frame)
        run.chain = called_by(run, frame, anatomy.store)
        if run.chain:
            self._trace(run.chain)
        self._run = run
        return run

    def _log_arrays(self, run: WatchedRun, name: str) -> None:
        """Notes what a pass does to arrays, too, if its class has such."""
        self.is_asleep = True
        log_arrays(run, name, lambda: self.end(None))
        self.is_asleep = False

    @guarded
    def _begin_in_place(self, touched: Touched) -> None:
        """A pass begins that has written to a gradient without setting an attribute."""
        kind, node, frame = touched.kind, touched.node, touched.frame
        at = frame if is_under_way(frame, sys._getframe()) else calling_frame()
        run = self._begun(kind, node, at)
        if run is None or touched.name == run.anatomy.data:
            self._run = None
            return
        self.in_place.pause(kind)
        self._log_arrays(run, touched.name)
        self._watch(run, touched.name)
        if run.array_log is not None:
            run.array_log.was_changed(node, touched.was, (frame.f_code, touched.offset))

    def _begun_at_leaf(
        self, kind: ValueClass, leaf: Node, frame: FrameType, value: Any
    ) -> WatchedRun | None:
        """A run that begins with a write to a leaf, by a function that is given a result."""
        subject = kind.subject()
        is_zero = is_number(value) and value == 0
        if kind.shape is not None or is_zero or subject.is_result(leaf):
            return None
        chain = list(chain_around(kind, frame, DEEPEST))
        while chain and root_given(kind, chain[-1]) is None:
            chain.pop()
        if not chain:
            return None
        root = root_given(kind, chain[-1])
        self.is_asleep = True
        anatomy = anatomy_of(subject, root)
        self.is_asleep = False
        if anatomy is None:
            return None
        run = WatchedRun(kind, anatomy, root, frame)
        run.is_of_leaves = True
        run.chain = chain
        run.caller = chain[-1].f_back or frame
        run.line = run.caller.f_lineno
        self._trace(chain)
        self._run = run
        return run

    def _watch(self, run: WatchedRun, name: str) -> None:
        """Notes reads of the attribute written, and of all that hold operands or code."""
        cls, log = run.kind.cls, run.array_log
        for each in (name, *run.anatomy.holders):
            if each in run.watched:
                continue
            run.watched[each] = vars(cls).get(each, run)
            entries: list[tuple[Any, ...]] = run.entries
            if log is not None and each == log.grad:
                setattr(cls, each, log.grad_watch())
                continue
            if log is not None:
                entries = Noted(run.entries.append, partial(log.was_read, each))
            setattr(cls, each, read_watch(cls, each, entries, run.attribute_at))

    # -- its end -----------------------------------------------------------------------------------

    def _trace(self, chain: list[FrameType]) -> None:
        if sys.gettrace() is None:
            sys.settrace(no_trace)
        for frame in chain:
            if frame.f_trace is None:
                frame.f_trace_lines = False
                frame.f_trace = self._returned

    @guarded
    def _returned(self, frame: FrameType, event: str, result: Any) -> Any:
        run = self._run
        if event == "return" and run is not None and frame in run.chain:
            if not is_returning(frame):
                run.has_raised |= frame is run.chain[-1]
                return self._returned
            if run.is_of_leaves and run.kept is None:
                self.returns.look(run, frame, result)
            caller = frame.f_back
            run.returned[frame] = caller.f_lineno if caller is not None else 0
            if frame is run.chain[-1] and is_whole(run.kind, frame):
                self.end(frame.f_code)
        return self._returned

    @guarded
    def end(self, function: CodeType | None) -> None:
        """Ends the run at hand, if there is one.

        Args:
            function: what the pass was, if it has just returned; else the outermost call of it that
                has returned since counts.
        """
        run = self.broken_off()
        if run is None or run.has_raised:
            return
        if function is None and run.returned:
            frame = next((f for f in reversed(run.chain) if f in run.returned), None)
            if frame is not None and is_whole(run.kind, frame):
                function = frame.f_code
                run.caller, run.line = frame.f_back or frame, run.returned[frame]
        self._finished(run, function)
        # Descriptors are types, which only a full collection frees: with all that they have noted.
        run.entries.clear()
        run.before.clear()
        if run.log is not None:
            run.log.entries.clear()

    def broken_off(self) -> WatchedRun | None:
        """The run at hand, which is watched no more; None if there is none."""
        run, self._run = self._run, None
        if run is not None:
            if run.array_log is not None:
                run.array_log.ends()
            self._leave(run)
            self.free.stop(run.kind)
        return run

    def _unwatch(self, run: WatchedRun) -> None:
        cls = run.kind.cls
        for name, before in run.watched.items():
            if before is run:
                delattr(cls, name)
            else:
                setattr(cls, name, before)
        run.watched.clear()

    def _leave(self, run: WatchedRun) -> None:
        """Takes away what watched a run."""
        self._unwatch(run)
        self.in_place.resume(run.kind)
        if run.fast is not None:
            run.fast.stop()
            self._take_up()
        if sys.gettrace() is no_trace:  # else the script has set its own since
            sys.settrace(None)
        for frame in run.chain:
            if frame.f_trace == self._returned:
                frame.f_trace = None
