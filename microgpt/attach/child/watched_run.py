"""`WatchedRun`: a run of writes to the nodes of a class, and what it says of that class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

from microgpt.attach.child.anatomy import (
    Anatomy,
    Store,
    anatomy_of,
    attributes,
    is_array,
    is_number,
    is_same,
    own_attribute,
)
from microgpt.attach.child.array_pass_log import ArrayPassLog
from microgpt.attach.child.call_chain import chain_around, root_above
from microgpt.attach.child.found_gradients import KeptAt
from microgpt.attach.child.in_place import is_under_way
from microgpt.attach.child.pass_log import READ, PassLog
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.shapes import Shape
from microgpt.attach.child.value_class import ValueClass

if TYPE_CHECKING:
    from microgpt.attach.child.fast_watch import FastWatch


SOON = 20_000
"""After so many reads and writes of a first pass it is known what it needs, as a rule."""


class WatchedRun:
    """A run of writes that may be a pass."""

    def __init__(self, kind: ValueClass, anatomy: Anatomy, node: Node, frame: FrameType) -> None:
        self.kind = kind
        self.anatomy = anatomy
        self.first = node  # it is given a gradient first, or hands one on
        self.frame = frame  # of its first write
        self.caller = frame  # of the pass, or of its first write
        self.line = frame.f_lineno  # there
        # (node, code, offset, number, attribute), and reads without the last
        self.entries: list[tuple[Any, ...]] = []
        self.before: dict[tuple[int, str], Any] = {}  # what was there, by node and attribute
        self.attribute_at: dict[tuple[int, int], str] = {}  # read by an instruction
        self.chain: list[FrameType] = []  # calls from the one that writes outwards
        self.returned: dict[FrameType, int] = {}  # of these, with the line of the call
        self.shape: Shape | None = None  # as far as it was learnt before the end
        self.log: PassLog | None = None  # of the gradients of that shape
        self.fast: FastWatch | None = None  # that notes it
        self.enough = SOON  # reads and writes to try to learn the shape from
        self.is_broken = False  # whether the script has ended in it
        self.has_raised = False  # whether one of the calls that make it has
        self.is_of_leaves = False  # whether only leaves are written to
        self.kept: KeptAt | None = None  # where the function keeps gradients beside the nodes
        self.result: Any = None  # what was there in the end
        self.array_log: ArrayPassLog | None = None  # of the gradients of nodes that hold arrays
        self.watched: dict[str, Any] = {}  # what classes had under the names watched


def called_by(run: WatchedRun, frame: FrameType, store: Store) -> list[FrameType]:
    """The calls that a run's first write is a part of, from it outwards; sets what that tells."""
    chain = list(chain_around(run.kind, frame))
    run.first = root_above(run.kind, chain, run.first, store)
    if chain:
        run.caller = chain[-1].f_back or frame
        run.line = run.caller.f_lineno
    return chain


def is_bookkeeping(run: WatchedRun, name: str, inner: FrameType) -> bool:
    """Whether all that a run has written is about one node, by a call that has returned.

    That is no pass but what made the node, and wrote of which generation it is, say.

    Args:
        run: as far as it was seen.
        name: the attribute that is written now.
        inner: the call under way.
    """
    if not run.watched or name in run.watched or name == run.anatomy.data:
        return False
    one = all(entry[0] is run.entries[0][0] for entry in run.entries)
    return one and not is_under_way(run.frame, inner)


def shape_of_run(run: WatchedRun) -> Shape | None:
    """The shape of the class, as its pass has shown it; None if the run was no pass."""
    if run.shape is not None:
        return run.shape
    subject, store = run.kind.subject(), run.anatomy.store
    operands = str(store)
    if run.is_of_leaves:
        return _shape_of_leaves(run)
    if run.kept is not None:
        return Shape(operands, "", False, run.anatomy.data, "", store, kept=run.kept)
    entries = list(_entries_of(run))
    written: dict[str, dict[int, Node]] = {}
    others = _no_gradients(run, entries)
    for entry in entries:
        if len(entry) == 5 and entry[4] not in others:
            written.setdefault(entry[4], {})[id(entry[0])] = entry[0]
    best, most = "", 1
    for name, nodes in written.items():
        if any(map(subject.is_result, nodes.values())) and len(nodes) > most:
            best, most = name, len(nodes)
    if not best and run.is_broken:
        seeds = [entry for entry in entries if len(entry) == 5 and is_same(entry[3], 1)]
        best = seeds[0][4] if len(seeds) == 1 else ""  # it had begun at its root
    if not best:
        return None
    visited = _read_at_visits(run, entries, best)
    return Shape(operands, visited, False, run.anatomy.data, best, store)


def _read_at_visits(run: WatchedRun, entries: list[tuple[Any, ...]], grad: str) -> str:
    """The attribute that a pass reads once a visit; `""` if visits are told by reads of gradients.

    Args:
        run: the pass.
        entries: what it did.
        grad: the attribute of the gradient.
    """
    kind, store = run.kind, run.anatomy.store

    def operands(node: Node) -> tuple[Node, ...]:
        return kind.below_one(node, store)

    def log_of_reads(names: set[str]) -> PassLog:
        log = PassLog()
        for entry in entries:
            if len(entry) == 5:
                if entry[4] == grad:
                    log.entries.append(entry[:4])
            elif run.attribute_at.get((id(entry[1]), entry[2])) in names:
                log.entries.append(entry)
        return log

    # Reads of gradients are left out: a visit is told best by what is read once.
    log = log_of_reads(set(run.anatomy.holders) - {grad})
    told: dict[str, set[int]] = {}  # by attribute the nodes whose visits its reads tell
    places: dict[str, set[tuple[int, int]]] = {}
    for place, keys in log.places_of_visits(operands).items():
        name = run.attribute_at.get(place, "")
        told.setdefault(name, set()).update(keys)
        places.setdefault(name, set()).add(place)
    visited_nodes = set().union(*told.values())
    # Where each class derived from it has operands under names of its own, no attribute tells all.
    reads = {name: 0 for name, keys in told.items() if keys == visited_nodes}
    # Of several the one that is read least: sorting the graph does not read it, too.
    for entry in log.entries:
        if entry[3] is READ:
            name = run.attribute_at[id(entry[1]), entry[2]]
            if name in reads:
                reads[name] += 1
    visited = min(reads, key=lambda name: (reads[name], name), default="")
    if visited and not log.are_told_by(places[visited], operands):
        # It may be read when a node is found, long before its visit.
        by_grads = log_of_reads({grad})
        if by_grads.are_told_by(by_grads.places_of_visits(operands), operands):
            return ""
    return visited


def _no_gradients(run: WatchedRun, entries: list[tuple[Any, ...]]) -> set[str]:
    """Attributes that were written and hold something else than gradients.

    Those are counters, of uses say: whole numbers, each by 1 more than what was there; arrays in
    nodes whose numbers are none; and what goes from operands to results.
    """
    now, data = dict(run.before), run.anatomy.data
    told: dict[str, bool] = {}
    for node, _, _, value, name in (entry for entry in entries if len(entry) == 5):
        was = now.get((id(node), name))
        now[id(node), name] = value
        counts = type(value) is int and (type(was) is int or was is None)
        is_counter = counts and value == (was or 0) + 1
        is_other = is_array(value) and not is_numeric_array(node, data)
        told[name] = told.get(name, True) and (is_counter or is_other)
    return {name for name, is_none in told.items() if is_none or _is_forward(run, entries, name)}


def _is_forward(run: WatchedRun, entries: list[tuple[Any, ...]], name: str) -> bool:
    """Whether a number was written to each node after those it was made of: it is no gradient.

    So are numbers that are computed when they are asked for, long after the graph was built.
    """
    first: dict[int, int] = {}
    nodes: dict[int, Node] = {}
    for place, entry in enumerate(entries):
        is_number = len(entry) == 5 and entry[4] == name and entry[3] is not None
        if is_number and not is_same(entry[3], 0):
            first.setdefault(id(entry[0]), place)
            nodes[id(entry[0])] = entry[0]
    pairs = [
        (first[id(operand)], first[key])
        for key, node in nodes.items()
        for operand in run.kind.below_one(node, run.anatomy.store)
        if id(operand) in first
    ]
    return bool(pairs) and all(operand < result for operand, result in pairs)


def is_numeric_array(node: Node, data: str) -> bool:
    """Whether a node's number is an array, or not known."""
    value = own_attribute(node, data) if data else node
    return value is None or is_array(value) or not is_number(value)


def _entries_of(run: WatchedRun) -> Iterator[tuple[Any, ...]]:
    """What was noted, in order; of gradients that are arrays what was changed in place, too."""
    if run.array_log is None:
        yield from run.entries
        return
    yield from run.array_log.as_entries()
    for entry in run.entries:
        if len(entry) == 5 and entry[4] != run.array_log.grad:
            yield entry


def _shape_of_leaves(run: WatchedRun) -> Shape | None:
    """The shape of a class whose pass wrote to leaves only; None if these were no gradients."""
    kind, store = run.kind, run.anatomy.store
    below = {id(node) for node in kind.below(run.first, store)}
    written: dict[str, set[int]] = {}
    for entry in run.entries:
        if len(entry) == 5:
            written.setdefault(entry[4], set()).add(id(entry[0]))
    for name, keys in written.items():
        had = [old for (_, each), old in run.before.items() if each == name]
        has_old = any(old.any() if is_array(old) else old for old in had)
        if keys <= below and not has_old and (len(keys) > 1 or run.kept is not None):
            return Shape(str(store), "", False, run.anatomy.data, name, store,
                         leaves_only=True, kept=run.kept)  # fmt: skip
    return None


def log_arrays(run: WatchedRun, name: str, moved: Callable[[], None]) -> None:
    """Notes what a pass does to arrays, too, if its class has such.

    Args:
        run: the pass.
        name: the attribute of the gradient.
        moved: is called when leaves have been updated in place.
    """
    kind, data, nodes = run.kind, run.anatomy.data, run.kind.below(run.first, run.anatomy.store)
    if not any(is_array(own_attribute(node, data)) for node in nodes):
        return
    kind.holds_arrays = True
    subject = kind.subject()
    run.array_log = ArrayPassLog(kind, name, run.anatomy.holders, nodes, data)
    results = [node for node in nodes if subject.is_result(node)]
    leaves = [node for node in nodes if not subject.is_result(node)]
    run.array_log.notes_all = True
    run.array_log.keep_numbers(leaves, results, moved)


def log_of(run: WatchedRun, shape: Shape) -> PassLog | ArrayPassLog:
    """What was noted of the gradients of a shape, and of what a pass reads at a visit."""
    if run.array_log is not None:
        return run.array_log
    if run.log is not None:
        return run.log
    log, read = PassLog(), shape.visited or shape.grad
    for entry in run.entries:
        if len(entry) == 5:
            if entry[4] == shape.grad:
                log.entries.append(entry[:4])
        elif run.attribute_at.get((id(entry[1]), entry[2])) == read:
            log.entries.append(entry)
    return log


def before_of(run: WatchedRun, shape: Shape) -> dict[int, Any]:
    """What gradients were before a run wrote them, by `id()` of the node."""
    return {key: old for (key, name), old in run.before.items() if name == shape.grad}


def root_of(run: WatchedRun, shape: Shape) -> Node:
    """The node that a pass begins at: of those written, the one that no other was made of."""
    if run.is_of_leaves or run.kept is not None:
        return run.first
    noted = [e for e in _entries_of(run) if len(e) == 5 and e[4] == shape.grad]
    writes = run.log.writes() if run.log is not None else noted
    nodes = {id(entry[0]): entry[0] for entry in writes}
    used: set[int] = set()
    for node in nodes.values():
        used.update(map(id, run.kind.below_one(node, run.anatomy.store)))
    if id(run.first) not in nodes:
        return run.first  # it hands on what it writes nowhere
    tops = [node for key, node in nodes.items() if key not in used]
    subject = run.kind.subject()
    results = [node for node in tops if subject.is_result(node)]
    return max(results or tops or [run.first], key=subject.age)


NEEDED = "int or float is needed"


def note_other(kind: ValueClass | None, name: str, value: Any) -> None:
    """Notes that something was written to a node of a class that is no number to be followed."""
    if kind is not None and not isinstance(value, bool):
        kind.written_other = f"its {name} is given {type(value).__name__}: {NEEDED}"


def lack_of(kind: ValueClass, is_profiled: bool) -> str:
    """What a class lacked that no pass was seen of, in a sentence's words.

    Args:
        kind: the class.
        is_profiled: whether the script has profiled itself.
    """
    if kind.sample is None:
        return "no instance of it was made"
    subject = kind.subject()
    sample = kind.sample if subject.holds(kind.sample) or kind.result is None else kind.result
    held = attributes(sample)
    for name, value in held.items():
        if isinstance(value, complex):
            return f"its {name} holds complex numbers: real ones are needed"
        if hasattr(value, "dtype") and getattr(value, "shape", ()) != () and not is_array(value):
            return f"its {name} holds arrays: a number in each node is needed, or numpy's arrays"
        is_plain = is_number(value) or is_array(value) or isinstance(value, bool)
        if hasattr(value, "__float__") and not is_plain:
            return f"its {name} holds {type(value).__name__}: {NEEDED}"
    below = subject.sample(sample)
    if not any(subject.held(n, v) for n in below for v in attributes(n).values()):
        return "its results remember no operands"
    if kind.is_numberless or anatomy_of(subject, sample) is None:
        return f"none of its {', '.join(held) or 'attributes'} holds a number in every node"
    told = kind.written_other or "nothing wrote gradients to its nodes"
    if any(map(is_array, held.values())):
        told += "; of arrays gradients are followed that its nodes keep themselves"
    if is_profiled:
        told += "; what its functions return is not seen while the script profiles itself"
    return told


def held_by(node: Node, name: str, run: WatchedRun | None) -> Any:
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
