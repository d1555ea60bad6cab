"""`State`: where a debugging session stands after a verb, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from microgpt.debugger.stops import StopPoint
from microgpt.graph.events import Phase

StopReason: TypeAlias = Literal[
    "start", "step", "next", "finish", "until", "goto", "edit", "stop", "end", "post mortem"
]


@dataclass(frozen=True, slots=True)
class StopCause:
    """Why the session stands where it does."""

    reason: StopReason
    """The kind of verb that came here; `"stop"` if it went on to the next breakpoint or watchpoint,
    `"edit"` if the graph was changed under it, `"start"` or `"end"` if the timeline ended first,
    `"post mortem"` at the op that failed, or the first number out of range."""
    points: tuple[StopPoint, ...] = ()
    """The breakpoints and watchpoints that stop at this moment, whatever came here."""

    def __str__(self) -> str:
        """`"step"`, `"breakpoint 2"`, `"breakpoint 1, watchpoint 3"`."""
        points = ", ".join(f"{point.kind} {point.number}" for point in self.points)
        return self.reason if self.reason in {"start", "end"} else points or self.reason


@dataclass(frozen=True, slots=True)
class GradChange:
    """What an event did to one node's grad: `old + contribution = new`, the floats of the pass."""

    node: int  # the operand that gained
    name: str  # or `#id`
    place: str  # what it is in its scope, in words; `""` if it has a name, or lies in no scope
    old: float
    local: float | None  # local gradient along the slot; None where the root's grad is set
    contribution: float | None  # None for a number that was not added to: see `kind`
    new: float
    kind: str = "added"  # or "replaced", "scaled", "zeroed": see `microgpt.graph.ledger`
    line: tuple[str, int] | None = None  # file and line that wrote it, where writes were seen


@dataclass(frozen=True, slots=True)
class State:
    """Where a session stands."""

    phase: Phase  # the pass
    event: int  # the event's number within the pass; see `microgpt.debugger.timeline`
    moment: int  # its place on the timeline of both passes
    node: int | None  # the node it visits; None before the first
    selection: int | None
    """The node that verbs without an argument are about: the one visited, the watched one that just
    changed, or the one selected since."""
    stop: StopCause  # why it stands here
    changes: tuple[GradChange, ...]  # of grads, in slot order; none in the forward pass
