"""Reading the script's nodes without its noticing, whatever its classes do."""

from __future__ import annotations

import gc
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from microgpt.attach.child.learner import Learner
from microgpt.attach.child.naming import Names, names_in
from microgpt.attach.child.own_methods import OwnMethods
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.recorded import Node, Watched
from microgpt.attach.child.snapshot import ReadingError, Snapshot
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.wire import Field
from microgpt.graph.op_evaluator import Evaluated

if TYPE_CHECKING:
    from typing import TypeAlias

T = TypeVar("T")
FrozenColumns: TypeAlias = "tuple[dict[str, Field], OwnMethods] | str"
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


def frames_of(innermost: FrameType, base: FrameType) -> Iterator[FrameType]:
    """The script's calls under way, from the innermost outwards."""
    frame: FrameType | None = innermost
    while frame is not None and frame is not base:
        yield frame
        frame = frame.f_back


def graph_columns(
    snapshot: Snapshot,
    kind: ValueClass,
    names: Names,
    log: PassLog | None = None,
    why_no_events: str = "",
    finals: Sequence[Any] = (),
) -> tuple[dict[str, Field], OwnMethods]:
    """A computation as columns, and what computes its nodes again; see `Snapshot.fields`."""
    return snapshot.fields(names, log, why_no_events, finals), OwnMethods(kind, snapshot.nodes)


def class_of(cls: type, kinds: Iterable[ValueClass]) -> ValueClass | None:
    """The candidate that a type belongs to, None if to none."""
    found = next((kind for kind in kinds if issubclass(cls, kind.cls)), None)
    if found is None and Watched in cls.__mro__:
        # A decorator made another class of it, as `dataclass(slots=True)` does.
        names = (cls.__module__, cls.__qualname__)
        for each in kinds:
            if (each.cls.__module__, each.cls.__qualname__) == names:
                each.replaced(cls)
                each.add_code(cls)
                found = each
    return found


def answer_columns(answer: Evaluated) -> dict[str, Field]:
    """What methods gave when they were asked again, as columns."""
    return {
        "data": array("d", answer.data),
        "local_grads": array("d", answer.local_grads),
        "problems": list(answer.problems),
    }


def loss_of(kind: ValueClass, root: Node) -> float:
    """The number of a root, nan if it is none."""
    try:
        return float(kind.data(root))
    except (AttributeError, TypeError, ValueError, OverflowError):
        return float("nan")


def ints(*numbers: int) -> array[int]:
    """A column of whole numbers."""
    return array("q", numbers)
