"""`PassDifference`: two programs run side by side, up to the first pass at which they part."""

from __future__ import annotations

from dataclasses import dataclass, replace

from microgpt.code_places import line_called
from microgpt.difference.graph_difference import GraphDifference
from microgpt.errors import InputError
from microgpt.graph.debuggee import Debuggee, Ended, Stop
from microgpt.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class PassDifference:
    """Two programs, pass by pass."""

    number: int  # the last pass that was compared, counted from 1
    n_compared: int  # passes compared, this one included
    graphs: GraphDifference
    """What the passes of that number computed; alike if all compared are."""
    ended: tuple[str, str]
    """Why each program gave no more passes, `""` where it did or was not asked."""

    @property
    def is_alike(self) -> bool:
        """Whether all compared is alike, and neither program has passes the other lacks."""
        return self.graphs.is_alike and bool(self.ended[0]) == bool(self.ended[1])

    @classmethod
    def of(cls, a: Debuggee, b: Debuggee, most: int) -> PassDifference:
        """Runs both from stop to stop until they part or one ends.

        Args:
            most: so many passes are compared at most.

        Raises:
            InputError: there is no pass to compare, or one gives no graph.
            GraphError: two passes have nothing in common.
        """
        found: PassDifference | None = None
        for n_compared in range(1, most + 1):
            first, second = a.run_on(), b.run_on()
            ended = _end(first), _end(second)
            if any(ended):
                if found is None:
                    which = zip("AB", ended, strict=True)
                    told = "; ".join(f"{name}: {why}" for name, why in which if why)
                    raise InputError(f"there is no pass to compare: {told}")
                return replace(found, ended=ended)
            graphs = GraphDifference.of(_graph(first, "A"), _graph(second, "B"))
            assert isinstance(first, Stop)
            found = cls(first.number, n_compared, graphs, ended)
            if not graphs.is_alike:
                return found
        assert found is not None
        return found


def _end(end: Stop | Ended) -> str:
    """Why there is no pass, `""` if there is one."""
    if isinstance(end, Ended):
        return end.reason
    if end.kind == "exception":
        return f"{line_called(end.file, end.line)}: raised {end.error}"
    return ""


def _graph(stop: Stop | Ended, name: str) -> Graph:
    assert isinstance(stop, Stop)
    if stop.graph is None:
        raise InputError(f"{name}: backward pass {stop.number} gives no graph: {stop.problem}")
    return stop.graph
