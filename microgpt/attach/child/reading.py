"""Reading the script's nodes without its noticing, whatever its classes do."""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from microgpt.attach.child.anatomy import is_array
from microgpt.attach.child.array_pass_log import ArrayPassLog
from microgpt.attach.child.array_questions import ArrayQuestions
from microgpt.attach.child.array_snapshot import ArraySnapshot
from microgpt.attach.child.learner import Learner
from microgpt.attach.child.naming import Names, names_in
from microgpt.attach.child.own_methods import OwnMethods
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.script_arrays import numpy_of_script
from microgpt.attach.child.script_failure import ScriptFailure
from microgpt.attach.child.snapshot import ReadingError, Snapshot, nodes_below
from microgpt.attach.child.torch_graph import TorchGraph
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import WatchedRun, before_of, log_of
from microgpt.attach.wire import Field

if TYPE_CHECKING:
    from typing import TypeAlias

T = TypeVar("T")
Methods: TypeAlias = "OwnMethods | ArrayQuestions | TorchGraph"
"""What computes the nodes of a graph again."""
FrozenColumns: TypeAlias = "tuple[dict[str, Field], Methods] | str"
"""A computation as columns, and what computes its nodes again; or why there is none, in words."""


def names_of(calls: Iterable[FrameType], kind: ValueClass, learner: Learner) -> Names:
    """What the script calls its nodes; nothing if that cannot be found out."""
    names = read_safely(lambda: names_in(calls, kind), learner)
    return {} if isinstance(names, str) else names


def read_safely(reading: Callable[[], T], learner: Learner) -> T | str:
    """What is read from the script's nodes; or in words why it cannot be.

    A script must not die of being looked at, whatever its classes do. Python's cyclic collector
    would search the many objects made here again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    learner.is_asleep = True
    try:
        return reading()
    except ReadingError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001
        return f"its nodes cannot be read: {type(error).__name__}: {error}"
    finally:
        learner.is_asleep = False
        if was_enabled:
            gc.enable()


def frames_of(innermost: FrameType, base: FrameType | None) -> Iterator[FrameType]:
    """The script's calls under way, from the innermost outwards to one that is not its own."""
    frame: FrameType | None = innermost
    while frame is not None and frame is not base:
        yield frame
        frame = frame.f_back


def snapshot_of(
    kind: ValueClass,
    roots: Sequence[Node],
    before: Mapping[int, Any] | None = None,
    moved: Sequence[tuple[Node, Any]] = (),
) -> Snapshot:
    """The computation below some roots, of numbers or of arrays; see `Snapshot`."""
    if kind.holds_arrays is None and numpy_of_script() is not None:
        kind.holds_arrays = any(is_array(kind.data(node)) for node in nodes_below(kind, roots))
    if kind.holds_arrays:
        return ArraySnapshot(kind, roots, before, moved)
    return Snapshot(kind, roots, before)


def watched_pass(snapshot: Snapshot, log: PassLog, kind: ValueClass) -> Any:
    """A context in which what a pass does is noted, in the snapshot's own log if it has one."""
    shape = kind.shape
    assert shape is not None
    if isinstance(snapshot, ArraySnapshot) and snapshot.log is not None:
        return snapshot.log.installed()
    has_all = bool(shape.grad) and snapshot.all_have(shape.grad)
    return log.installed(kind.cls, shape.grad, shape.visited, has_all=has_all)


def graph_columns(
    snapshot: Snapshot,
    kind: ValueClass,
    names: Names,
    log: PassLog | ArrayPassLog | None = None,
    why_no_events: str = "",
    finals: Sequence[Any] = (),
) -> tuple[dict[str, Field], OwnMethods | ArrayQuestions]:
    """A computation as columns, and what answers about its nodes; see `Snapshot.fields`."""
    if isinstance(snapshot, ArraySnapshot):
        seen = snapshot.log_of(log)
        return snapshot.fields(names, seen, why_no_events, finals), snapshot.questions
    assert not isinstance(log, ArrayPassLog)  # which is of a class that holds arrays
    return snapshot.fields(names, log, why_no_events, finals), OwnMethods(kind, snapshot.nodes)


def snapshot_of_run(run: WatchedRun, root: Node) -> Snapshot:
    """The computation that a run was a pass over, with gradients as the run found them."""
    if run.array_log is not None:  # arrays may have been changed in place
        return snapshot_of(run.kind, [root], run.array_log.before, run.array_log.moved_since())
    return snapshot_of(run.kind, [root], before_of(run, run.kind.known_shape))


def columns_of_run(
    run: WatchedRun, snapshot: Snapshot, names: Names
) -> tuple[dict[str, Field], OwnMethods | ArrayQuestions]:
    """That computation as columns, with what the run did; see `graph_columns`."""
    finals = (snapshot.finals_in(run.result) or []) if run.kept is not None else []
    return graph_columns(
        snapshot, run.kind, names, log_of(run, run.kind.known_shape), finals=finals
    )


def columns_at_failure(death: ScriptFailure, learner: Learner) -> FrozenColumns:
    """What there was of a computation when the script raised, `""` if that is nothing."""
    found = death.roots()
    if not found:
        return ""
    kind, roots = found
    names = names_of(death.frames, kind, learner)
    reason = "the script raised before backward() had returned"
    return read_safely(
        lambda: graph_columns(snapshot_of(kind, roots), kind, names, why_no_events=reason), learner
    )


def loss_of(kind: ValueClass, root: Node) -> float:
    """The number of a root, nan if it is none."""
    try:
        number = kind.data(root)
        if is_array(number):
            return float(number.sum())  # what a pass seeded with ones is of
        return float(number)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return float("nan")


def ints(*numbers: int) -> array[int]:
    """A column of whole numbers."""
    return array("q", numbers)
