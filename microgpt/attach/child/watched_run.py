"""`WatchedRun`: a run of writes to the nodes of a class, and what it says of that class."""

from __future__ import annotations

from types import FrameType
from typing import Any

from microgpt.attach.child.anatomy import (
    Anatomy,
    anatomy_of,
    attributes,
    is_array,
    is_number,
)
from microgpt.attach.child.array_pass_log import ArrayPassLog
from microgpt.attach.child.pass_log import READ, PassLog
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.shapes import Shape
from microgpt.attach.child.value_class import ValueClass


class WatchedRun:
    """A run of writes that may be a pass."""

    def __init__(self, kind: ValueClass, anatomy: Anatomy, node: Node, frame: FrameType) -> None:
        self.kind = kind
        self.anatomy = anatomy
        self.first = node
        self.caller = frame  # of the pass, or of its first write
        self.line = frame.f_lineno  # there
        # (node, code, offset, number, attribute), and reads without the last
        self.entries: list[tuple[Any, ...]] = []
        self.before: dict[tuple[int, str], Any] = {}  # what was there, by node and attribute
        self.attribute_at: dict[tuple[int, int], str] = {}  # read by an instruction
        self.chain: list[FrameType] = []  # calls from the one that writes outwards
        self.returned: dict[FrameType, int] = {}  # of these, with the line of the call
        self.result: Any = None  # of a function that returned its gradients
        self.array_log: ArrayPassLog | None = None  # of the gradients of nodes that hold arrays
        self.watched: dict[str, Any] = {}  # what classes had under the names watched


def shape_of_run(run: WatchedRun) -> Shape | None:
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
    # Reads of gradients are left out: a visit is told best by what is read once.
    log, held = PassLog(), set(run.anatomy.holders) - {best}
    for entry in run.entries:
        if len(entry) == 5:
            if entry[4] == best:
                log.entries.append(entry[:4])
        elif run.attribute_at.get((id(entry[1]), entry[2])) in held:
            log.entries.append(entry)
    kind = run.kind
    places = log.places_of_visits(lambda node: kind.below_one(node, run.anatomy.store))
    visiting = {run.attribute_at.get((id(code), offset), "") for code, offset in places}
    # Of several the one that is read least: sorting the graph does not read it, too.
    reads: dict[str, int] = dict.fromkeys(visiting, 0)
    for entry in log.entries:
        if entry[3] is READ:
            name = run.attribute_at[id(entry[1]), entry[2]]
            if name in reads:
                reads[name] += 1
    visited = min(visiting, key=lambda name: (reads[name], name), default="")
    return Shape(operands, visited, False, run.anatomy.data, best, store)


def log_of(run: WatchedRun, shape: Shape) -> PassLog | ArrayPassLog:
    """What was noted of the gradients of a shape, and of what a pass reads at a visit."""
    if run.array_log is not None:
        return run.array_log
    log, read = PassLog(), shape.visited or shape.grad
    for entry in run.entries:
        if len(entry) == 5:
            if entry[4] == shape.grad:
                log.entries.append(entry[:4])
        elif run.attribute_at.get((id(entry[1]), entry[2])) == read:
            log.entries.append(entry)
    return log


def root_of(run: WatchedRun, shape: Shape) -> Node:
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


def lack_of(kind: ValueClass) -> str:
    """What a class lacked that no pass was seen of, in a sentence's words."""
    if kind.sample is None:
        return "no instance of it was made"
    subject = kind.subject()
    held = attributes(kind.sample)
    for name, value in held.items():
        if isinstance(value, complex):
            return f"its {name} holds complex numbers: real ones are needed"
        if hasattr(value, "dtype") and getattr(value, "shape", ()) != () and not is_array(value):
            return f"its {name} holds arrays: a number in each node is needed, or numpy's arrays"
    below = subject.sample(kind.sample)
    if not any(subject.held(n, v) for n in below for v in attributes(n).values()):
        return "its results remember no operands"
    if anatomy_of(subject, kind.sample) is None:
        return f"none of its {', '.join(held) or 'attributes'} holds a number in every node"
    held_arrays = "; of arrays gradients are followed that its nodes keep themselves"
    has_arrays = any(map(is_array, held.values()))
    return "nothing wrote gradients to its nodes" + (held_arrays if has_arrays else "")
