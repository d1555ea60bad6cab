"""`Learner`: sees what the nodes of an unknown class are by watching the script's first pass.

Until then every number that is written to an attribute of a candidate's instance is noted, slowly.
A pass is a run of such writes, at least one to a node that was made of others, in which no node is
made and no leaf's number is written; it ends there, or when the function returns that began it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType
from typing import Any

from microgpt.attach.child.anatomy import (
    Anatomy,
    anatomy_of,
    attributes,
    is_number,
    own_attribute,
)
from microgpt.attach.child.pass_log import PassLog, read_watch
from microgpt.attach.child.shapes import Shape
from microgpt.attach.child.value_class import Node, ValueClass

MAX_CHAIN = 12
"""So many calls out from the first write the function that makes the pass is looked for."""


class Run:
    """A run of writes that may be a pass."""

    def __init__(self, kind: ValueClass, anatomy: Anatomy, node: Node, frame: FrameType) -> None:
        self.kind = kind
        self.anatomy = anatomy
        self.first = node
        self.caller = frame  # of the pass, or of its first write
        self.line = frame.f_lineno  # there
        # (node, code, offset, number, attribute), and reads without the last two
        self.entries: list[tuple[Any, ...]] = []
        self.before: dict[tuple[int, str], Any] = {}  # what was there, by node and attribute
        self.attribute_at: dict[tuple[int, int], str] = {}  # read by an instruction
        self.chain: list[FrameType] = []  # calls from the one that writes outwards
        self.returned: list[FrameType] = []
        self.result: Any = None  # of a function that returned its gradients
        self.watched: dict[str, Any] = {}  # what classes had under the names watched


class Learner:
    """Watches candidates until a pass has shown what they are.

    Args:
        watched: the base of ours that all candidates have.
        kind_of: the candidate that something is an instance of.
        finished: is told of a run that is over, with the function that it was, if it was one.
    """

    def __init__(
        self,
        watched: Any,
        kind_of: Callable[[Any], ValueClass | None],
        finished: Callable[[Run, CodeType | None], None],
    ) -> None:
        self._watched = watched
        self._kind_of = kind_of
        self._finished = finished
        self._run: Run | None = None
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
        number_of = _number_getter(self._watched)

        def __setattr__(node: Node, name: str, value: Any) -> None:  # noqa: N807
            if name[:8] == "_attach_" or self.is_asleep:
                put(node, name, value)
            elif number_of(node) is None:
                put(node, name, value)
                made(node)
            elif is_number(value) or value is None:
                frame = getframe(1)
                while frame.f_code.co_name == "__setattr__" and frame.f_back is not None:
                    frame = frame.f_back
                wrote(node, name, value, frame, put)
            else:
                put(node, name, value)

        return __setattr__

    # -- what is seen ------------------------------------------------------------------------------

    def _makes(self, node: Node) -> None:
        """A node is being made."""
        if self._run is not None:
            self.end(None)
        kind = self._kind_of(node)
        if kind is not None:
            if not kind.is_armed:  # a dataclass gets its `__init__` after it is built
                kind.arm(kind.base)
                kind.give_number(node)
            kind.n_seen += 1
            if kind.n_seen & (kind.n_seen - 1) == 0:
                kind.sample = node

    def _wrote(
        self, node: Node, name: str, value: Any, frame: FrameType, put: Callable[..., None]
    ) -> None:
        before = attributes(node).get(name)
        run = self._run
        if run is None:
            kind = self._kind_of(node)
            if kind is None or value is None or kind.is_making(node, frame.f_code):
                put(node, name, value)
                return
            run = self._begun(kind, node, frame)
            if run is None or name == run.anatomy.data:
                self._run = None
                put(node, name, value)
                return
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

    def _begun(self, kind: ValueClass, node: Node, frame: FrameType) -> Run | None:
        """A run that begins with a write, None if that is to a leaf or tells nothing."""
        subject = kind.subject()
        if not subject.is_result(node):
            return None
        anatomy = anatomy_of(subject, node)
        if anatomy is None:
            return None
        run = Run(kind, anatomy, node, frame)
        run.chain = list(self._chain(kind, frame))
        if run.chain:
            outer = run.chain[-1].f_back
            run.caller = outer if outer is not None else frame
            run.line = run.caller.f_lineno
            self._trace(run.chain)
        self._run = run
        return run

    def _chain(self, kind: ValueClass, frame: FrameType) -> Iterator[FrameType]:
        """The calls around a write, from it outwards, that are handed a node or are the class's."""
        at: FrameType | None = frame
        for _ in range(MAX_CHAIN):
            if at is None or at is kind.base or at.f_code.co_name == "<module>":
                return
            code, here = at.f_code, at.f_locals
            given = (here.get(name) for name in code.co_varnames[: code.co_argcount])
            if not kind.owns(code) and not any(map(kind.is_node, given)):
                return
            yield at
            at = at.f_back

    def _watch(self, run: Run, name: str) -> None:
        """Notes reads of the attribute written, and of all that hold operands or code."""
        cls, entries = run.kind.cls, run.entries
        for each in (name, *run.anatomy.holders):
            if each not in run.watched:
                run.watched[each] = vars(cls).get(each, run)
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

    def _returned(self, frame: FrameType, event: str, _: Any) -> Any:
        run = self._run
        if event == "return" and run is not None and frame in run.chain:
            run.returned.append(frame)
            if frame is run.chain[-1] and self._is_whole(run, frame):
                self.end(frame.f_code)
        return self._returned

    def _is_whole(self, run: Run, frame: FrameType) -> bool:
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
        if function is None and run.returned:
            frame = next((f for f in reversed(run.chain) if f in run.returned), None)
            if frame is not None and self._is_whole(run, frame):
                function = frame.f_code
        self._finished(run, function)

    # -- gradients that are returned ---------------------------------------------------------------

    def _profile(self, frame: FrameType, event: str, result: Any) -> None:
        """Looks for a function that is given a node and returns a gradient of many."""
        if (
            event != "return"
            or self._run is not None
            or self.is_asleep
            or result.__class__ not in _RETURNED
        ):
            return
        if len(result) < 2 or frame.f_code.co_name.startswith("<"):
            return
        code, here = frame.f_code, frame.f_locals
        for name in code.co_varnames[: code.co_argcount]:
            node = here.get(name)
            kind = self._kind_of(node)
            if kind is None or kind.shape is not None or not kind.subject().is_result(node):
                continue
            anatomy = anatomy_of(kind.subject(), node)
            if anatomy is None or gradients_in(result, kind.below(node, anatomy.store)) is None:
                continue
            run = Run(kind, anatomy, node, frame.f_back or frame)
            run.result = result
            self._finished(run, code)
            return


def lack_of(kind: ValueClass) -> str:
    """What a class lacked that no pass was seen of, in a sentence's words."""
    if kind.sample is None:
        return "no instance of it was made"
    subject = kind.subject()
    held = attributes(kind.sample)
    for name, value in held.items():
        if isinstance(value, complex):
            return f"its {name} holds complex numbers: real ones are needed"
        if hasattr(value, "dtype") and getattr(value, "shape", ()) != ():
            return f"its {name} holds arrays: a number in each node is needed"
    below = subject.sample(kind.sample)
    if not any(subject.held(n, v) for n in below for v in attributes(n).values()):
        return "its results remember no operands"
    if anatomy_of(subject, kind.sample) is None:
        return f"none of its {', '.join(held) or 'attributes'} holds a number in every node"
    return "nothing wrote gradients to its nodes"


_RETURNED = (dict, list)


def _number_getter(watched: Any) -> Callable[[Any], Any]:
    """Gives a node's creation number, None until it is made."""
    get = watched._attach_number.__get__

    def number_of(node: Any) -> Any:
        try:
            return get(node)
        except AttributeError:
            return None
        except TypeError:  # of a class that could not be put on our base
            return own_attribute(node, "_attach_number")

    return number_of


def _no_trace(*_: Any) -> None:
    """Traces nothing: only so that calls under way can be."""


def gradients_in(result: Any, nodes: list[Node]) -> list[Any] | None:
    """Each node's gradient in what a function returned, None if it is no such thing.

    Args:
        result: a dict by node or by `id()`, or a list by a number that each node keeps.
        nodes: the root first, each once.
    """
    if isinstance(result, dict):
        by_id = {key if isinstance(key, int) else id(key): value for key, value in result.items()}
        found = [by_id.get(id(node), 0.0) for node in nodes]
        if id(nodes[0]) not in by_id or sum(id(node) in by_id for node in nodes) < 2:
            return None
    elif isinstance(result, list):
        place = next(
            (name for name, at in attributes(nodes[0]).items()
             if at.__class__ is int and 0 < at < len(result) and result[at] == 1.0), None
        )  # fmt: skip
        if place is None:
            return None
        places = [attributes(node).get(place) for node in nodes]
        if len(set(places)) < len(nodes) or not all(
            isinstance(at, int) and 0 <= at < len(result) for at in places
        ):
            return None
        found = [result[at] for at in places if at is not None]
    else:
        return None
    return found if all(map(is_number, found)) else None


def shape_of_run(run: Run) -> Shape | None:
    """The shape of the class, as its pass has shown it; None if the run was no pass."""
    subject, store = run.kind.subject(), run.anatomy.store
    operands = str(store)
    if run.result is not None:
        return Shape(operands, "", False, data=run.anatomy.data, grad="", store=store)
    written: dict[str, dict[int, Node]] = {}
    for entry in run.entries:
        if len(entry) == 5:
            written.setdefault(entry[4], {})[id(entry[0])] = entry[0]
    best, most = "", 1
    for name, nodes in written.items():
        if any(map(subject.is_result, nodes.values())) and len(nodes) > most:
            best, most = name, len(nodes)
    if not best:
        return None
    log = log_of(run, best, "")
    kind = run.kind
    counts: dict[str, int] = {}
    for code, offset in log.places_of_visits(lambda node: kind.below_one(node, run.anatomy.store)):
        name = run.attribute_at.get((id(code), offset), "")
        counts[name] = counts.get(name, 0) + 1
    visited = next((n for n in run.anatomy.holders if counts.get(n)), "")
    return Shape(operands, visited, False, run.anatomy.data, best, store)


def log_of(run: Run, grad: str, visited: str) -> PassLog:
    """What was noted of one attribute of gradients.

    Args:
        visited: the attribute whose reads are visits; `""` for all reads.
    """
    log = PassLog()
    for entry in run.entries:
        if len(entry) == 5:
            if entry[4] == grad:
                log.entries.append(entry[:4])
        elif not visited or run.attribute_at.get((id(entry[1]), entry[2])) == visited:
            log.entries.append(entry)
    if not visited:  # by gradients: what else is read does not count
        log.entries = [
            entry
            for entry in log.entries
            if len(entry) == 4 or run.attribute_at.get((id(entry[1]), entry[2])) == grad
        ] or log.entries
    return log


def root_of(run: Run, shape: Shape) -> Node:
    """The node that a pass begins at: of those written, the one that no other was made of."""
    if run.result is not None:
        return run.first
    nodes = {id(e[0]): e[0] for e in run.entries if len(e) == 5 and e[4] == shape.grad}
    used: set[int] = set()
    for node in nodes.values():
        used.update(map(id, run.kind.below_one(node, run.anatomy.store)))
    tops = [node for key, node in nodes.items() if key not in used]
    subject = run.kind.subject()
    results = [node for node in tops if subject.is_result(node)]
    return max(results or tops or [run.first], key=subject.age)
