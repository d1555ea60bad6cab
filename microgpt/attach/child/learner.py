"""`Learner`: sees what the nodes of an unknown class are by watching the script's first pass.

Until then every number that is written to an attribute of a candidate's instance is noted, slowly.
A pass is a run of such writes, at least one to a node that was made of others, in which no node is
made and no leaf's number is written; it ends there, or when the function returns that began it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.anatomy import (
    anatomy_of,
    attributes,
    is_array,
    is_number,
    is_numeric,
    number_getter,
    own_attribute,
)
from microgpt.attach.child.array_pass_log import ArrayPassLog, Noted
from microgpt.attach.child.found_gradients import (
    CONTAINERS,
    KeptAt,
    containers_of,
    fills_containers,
    gradients_in,
)
from microgpt.attach.child.pass_log import read_watch
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_failure import OWN_FOLDER
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import WatchedRun, may_be_gradients

FIRST = 8
"""One of so many first instances, and then of every twice as many, is kept to be looked at."""
MAX_CHAIN = 12
"""So many calls out from the first write the function that makes the pass is looked for."""
DEEPEST = 100_000
"""The same where only leaves are written to, which a recursion comes to last."""


class Learner:
    """Watches candidates until a pass has shown what they are.

    Args:
        watched: the base of ours that all candidates have.
        kind_of: the candidate that something is an instance of.
        finished: is told of a run that is over, with the function that it was, if it was one.
        begins: is called before a run.
    """

    def __init__(
        self,
        watched: Any,
        kind_of: Callable[[Any], ValueClass | None],
        finished: Callable[[WatchedRun, CodeType | None], None],
        begins: Callable[[], None],
    ) -> None:
        self._watched = watched
        self._kind_of = kind_of
        self._finished = finished
        self._begins = begins
        self._run: WatchedRun | None = None
        self._is_on = False
        self.is_asleep = False  # while we ourselves ask the script's code
        self._own_trace = False

    # -- on and off --------------------------------------------------------------------------------

    def start(self) -> None:
        """Watches from now on, if it does not already."""
        if self._is_on:
            return
        self._is_on = True
        self._watched.__setattr__ = self.setter(object.__setattr__)
        if sys.getprofile() is None:
            sys.setprofile(self._profile)

    def stop(self) -> None:
        """Watches no more."""
        if not self._is_on:
            return
        self._is_on = False
        if "__setattr__" in vars(self._watched):
            del self._watched.__setattr__
        if sys.getprofile() == self._profile:
            sys.setprofile(None)

    def setter(self, put: Callable[[Any, str, Any], None]) -> Callable[[Any, str, Any], None]:
        """A `__setattr__` that notes numbers.

        Args:
            put: what really sets an attribute.
        """
        getframe, wrote, made = sys._getframe, self._wrote, self._makes
        watched, number_of = self._watched, number_getter(self._watched)

        def is_of_arrays(value: Any) -> bool:
            """Whether it is a node that holds an array: a gradient may be one."""
            return isinstance(value, watched) and any(map(is_array, attributes(value).values()))

        def __setattr__(node: Node, name: str, value: Any) -> None:  # noqa: N807
            if name[:8] == "_attach_" or self.is_asleep:
                put(node, name, value)
            elif number_of(node) is None:
                put(node, name, value)
                made(node)
            elif is_numeric(value) or value is None or is_of_arrays(value):
                frame = getframe(1)
                while frame.f_code.co_name == "__setattr__" and frame.f_back is not None:
                    frame = frame.f_back
                wrote(node, name, value, frame, put)
            else:
                put(node, name, value)

        return __setattr__

    # -- what is seen ------------------------------------------------------------------------------

    def _makes(self, node: Node) -> None:
        """A node is being made, which ends a run, unless its gradients are nodes themselves."""
        run = self._run
        if run is not None and not (run.array_log is not None and run.chain):
            self.end(None)
        kind = self._kind_of(node)
        if kind is not None:
            if not kind.records(type(node)):  # a dataclass gets its `__init__` after it is built
                kind.arm(kind.base)
                kind.give_number(node)
            kind.n_seen += 1
            if kind.n_seen == 1:  # operators may have been put on its class since
                kind.add_code(type(node))
            if kind.n_seen <= FIRST or kind.n_seen & (kind.n_seen - 1) == 0:
                kind.sample = node

    def _wrote(
        self, node: Node, name: str, value: Any, frame: FrameType, put: Callable[..., None]
    ) -> None:
        run = self._run
        if run is not None and run.is_of_leaves and run.kind.subject().is_result(node):
            self._leave(run)
            run = self._run = None
        before = _held(node, name, run)
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
            self._log_arrays(run, name)
            self._watch(run, name)
        elif name == run.anatomy.data:
            if not run.kind.subject().is_result(node) and value != before:
                self.end(None)
            put(node, name, value)
            return
        elif name not in run.watched:
            self._watch(run, name)
        put(node, name, value)
        run.before.setdefault((id(node), name), before)
        run.entries.append((node, frame.f_code, frame.f_lasti, value, name))

    def _begun(self, kind: ValueClass, node: Node, frame: FrameType) -> WatchedRun | None:
        """A run that begins with a write, None if that is to a leaf or tells nothing."""
        subject = kind.subject()
        if not subject.is_result(node):
            return None
        self.is_asleep = True
        anatomy = anatomy_of(subject, node)
        self.is_asleep = False
        if anatomy is None:
            return None
        self._begins()
        run = WatchedRun(kind, anatomy, node, frame)
        run.chain = list(self._chain(kind, frame))
        if run.chain:
            outer = run.chain[-1].f_back
            run.caller = outer if outer is not None else frame
            run.line = run.caller.f_lineno
            self._trace(run.chain)
        self._run = run
        return run

    def _log_arrays(self, run: WatchedRun, name: str) -> None:
        """Notes what a pass does to arrays, too, if its class has such."""
        kind, store = run.kind, run.anatomy.store
        self.is_asleep = True
        if is_array(own_attribute(run.first, run.anatomy.data)) or any(
            is_array(own_attribute(node, run.anatomy.data)) for node in kind.below(run.first, store)
        ):
            kind.holds_arrays = True
            nodes = kind.below(run.first, store)
            run.array_log = ArrayPassLog(kind, name, run.anatomy.holders, nodes, run.anatomy.data)
        self.is_asleep = False

    def _begun_at_leaf(
        self, kind: ValueClass, leaf: Node, frame: FrameType, value: Any
    ) -> WatchedRun | None:
        """A run that begins with a write to a leaf, by a function that is given a result."""
        subject = kind.subject()
        is_zero = is_number(value) and value == 0
        if kind.shape is not None or is_zero or subject.is_result(leaf):
            return None
        chain = list(self._chain(kind, frame, DEEPEST))
        while chain and self._root_given(kind, chain[-1]) is None:
            chain.pop()
        if not chain:
            return None
        root = self._root_given(kind, chain[-1])
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

    def _root_given(self, kind: ValueClass, frame: FrameType) -> Node:
        """The first result that a call is handed, None if there is none."""
        code, here = frame.f_code, frame.f_locals
        given = (here.get(name) for name in code.co_varnames[: code.co_argcount])
        subject = kind.subject()
        return next(
            (each for each in given if kind.is_node(each) and subject.is_result(each)), None
        )

    def _chain(
        self, kind: ValueClass, frame: FrameType, most: int = MAX_CHAIN
    ) -> Iterator[FrameType]:
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
            sys.settrace(_no_trace)
            self._own_trace = True
        for frame in chain:
            if frame.f_trace is None:
                frame.f_trace_lines = False
                frame.f_trace = self._returned

    def _returned(self, frame: FrameType, event: str, result: Any) -> Any:
        run = self._run
        if event == "return" and run is not None and frame in run.chain:
            if run.is_of_leaves and run.kept is None:
                self._look_for_gradients(run, frame, result)
            caller = frame.f_back
            run.returned[frame] = caller.f_lineno if caller is not None else 0
            if frame is run.chain[-1] and self._is_whole(run, frame):
                self.end(frame.f_code)
        return self._returned

    def _is_whole(self, run: WatchedRun, frame: FrameType) -> bool:
        """Whether a call that returns wrote to nothing but what its node was made of.

        A class whose leaves ask for their gradients has a call for each leaf: all are one pass.
        """
        code, here = frame.f_code, frame.f_locals
        given = [here.get(name) for name in code.co_varnames[: code.co_argcount]]
        roots = [each for each in given if run.kind.is_node(each)]
        subject = run.kind.subject()
        return not roots or any(subject.is_result(root) for root in roots)

    def end(self, function: CodeType | None) -> None:
        """Ends the run at hand, if there is one.

        Args:
            function: what the pass was, if it has just returned; else the outermost call of it that
                has returned since counts.
        """
        run, self._run = self._run, None
        if run is None:
            return
        if run.array_log is not None:
            run.array_log.ends()
        self._leave(run)
        if function is None and run.returned:
            frame = next((f for f in reversed(run.chain) if f in run.returned), None)
            if frame is not None and self._is_whole(run, frame):
                function = frame.f_code
                run.caller, run.line = frame.f_back or frame, run.returned[frame]
        self._finished(run, function)

    def _leave(self, run: WatchedRun) -> None:
        """Takes away what watched a run."""
        cls = run.kind.cls
        for name, before in run.watched.items():
            if before is run:
                delattr(cls, name)
            else:
                setattr(cls, name, before)
        if self._own_trace:
            sys.settrace(None)
            self._own_trace = False
        for frame in run.chain:
            if frame.f_trace == self._returned:
                frame.f_trace = None

    # -- gradients beside the nodes ----------------------------------------------------------------

    def _profile(self, frame: FrameType, event: str, result: Any) -> None:
        """Looks for a function that is given a node and has gradients of many when it returns."""
        if event != "return" or self._run is not None or self.is_asleep:
            return
        code = frame.f_code
        if not isinstance(result, CONTAINERS) and not fills_containers(code):
            return
        if code.co_name.startswith("<") or code.co_filename.startswith(OWN_FOLDER):
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
            self._look_for_gradients(run, frame, result)
            if run.kept is not None:
                self._finished(run, code)
                return

    def _look_for_gradients(self, run: WatchedRun, frame: FrameType, returned: Any) -> None:
        """Notes where a call that returns has the gradients of a run, if it has them."""
        containers = containers_of(frame, returned, run.kind.is_node)
        if not containers:
            return
        kind, store = run.kind, run.anatomy.store
        self.is_asleep = True
        nodes = kind.below(run.first, store)
        fits = may_be_gradients(kind, store, run.anatomy.data, nodes)
        for path, container in containers:
            found = gradients_in(container, nodes)
            if found is not None and fits(found):
                run.kept, run.result = KeptAt(frame.f_code, path), container
                break
        self.is_asleep = False


def _held(node: Node, name: str, run: WatchedRun | None) -> Any:
    """What an attribute holds, past whatever watches it."""
    own = own_attribute(node, "__dict__")
    if own is not None and name in own:
        return own[name]
    slot = run.watched.get(name) if run is not None else None
    if slot is None or slot is run:
        return attributes(node).get(name)
    try:
        return slot.__get__(node, type(node))
    except AttributeError:
        return None


def _no_trace(*_: Any) -> None:
    """Traces nothing: only so that calls under way can be."""
