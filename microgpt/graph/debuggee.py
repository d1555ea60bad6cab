"""What runs a program and stops with its graphs: a `Debuggee`, its `Stop`s, and how it `Ended`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator


@dataclass(frozen=True, slots=True)
class Stop:
    """The script stands still: after a `backward()`, or where it raised."""

    kind: Literal["backward", "exception"]  # which of the two
    number: int  # how many times `backward()` has been called, this one included
    loss: float  # data of the root that it was called on; nan for an exception
    graph: Graph | None
    """The computation. After a backward pass all that the root was made from, with its events; at
    an exception all that was computed up to there, as far as the failed calls still hold on to it,
    and None if that is nothing."""
    file: str
    line: int  # the script's line that called `backward()`, or that raised
    traceback: str = ""  # of an exception, as Python shows it
    problem: str = ""  # why there is no graph, if there is none
    updates: Updates | None = field(default=None, repr=False)
    """What became of the leaves since the pass stopped at before; None at the first."""
    methods: OpEvaluator | None = field(default=None, repr=False, compare=False)
    """Computes nodes of the graph for other operands by the methods of the script's own class, as
    long as the script stands still here."""

    @property
    def error(self) -> str:
        """The exception in one line, as `ValueError: math domain error`; `""` if there is none."""
        lines = self.traceback.strip().splitlines()
        return lines[-1] if lines else ""


@dataclass(frozen=True, slots=True)
class LeafUpdate:
    """A leaf from one pass to the next."""

    node: int | None  # its id in the graph of the later pass; None if it is not in that
    name: str  # what the script called it, `""` if nothing
    before: float  # its number after the earlier pass
    after: float  # and before the later one
    grad: float  # its gradient after the earlier pass
    grad_now: float  # and before the later one; 0 if it was zeroed
    line: tuple[str, int] | None  # that wrote its number last, where that was seen
    grad_line: tuple[str, int] | None  # that wrote its gradient last
    flags: str = ""  # what it says of itself by yes or no, such as `requires_grad=False`
    made: tuple[str, int] | None = None  # where it was made, of one that is in no graph


class LeafWrite(NamedTuple):
    """A number or a gradient that was written between two passes."""

    leaf: int  # its place in `Updates.leaves`, and after those in `Updates.others`
    is_grad: bool  # whether its gradient was written, else its number
    new: float
    line: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Updates:
    """What a program did to the leaves of one graph before its next pass."""

    since: int  # the number of the earlier pass that was stopped at
    leaves: tuple[LeafUpdate, ...]  # of that pass's graph
    rebound: tuple[str, ...]
    """Names that stand for other objects now, though they stood for leaves then."""
    n_shared: int  # inner nodes that the graph has in common with that one
    writes: tuple[LeafWrite, ...] = ()
    """All that were seen, in order: those until the first node of the later pass was made."""
    others: tuple[LeafUpdate, ...] = ()
    """Nodes that were written to and are no leaves of the earlier pass's graph; `before` and `grad`
    are what they had before the first write."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The script is over."""

    status: int  # its exit status; minus the signal's number if one ended it
    reason: str  # how it ended, and what it lacked if it could not be followed, in one line
    n_backwards: int  # how many times it called `backward()`; if it was killed, as far as is known
    fault: str = ""  # what failed in what watched it, so that the rest was not seen


class Debuggee(Protocol):
    """A program that stands still with each graph; `microgpt.attach.ScriptProcess` is one."""

    def run_on(self, count: int = 1) -> Stop | Ended:
        """Lets it go on to its next stop and waits for that; see `ScriptProcess.run_on`.

        Raises:
            InputError: it is over, or there is no stop yet and the wait was broken off.
        """
