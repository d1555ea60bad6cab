"""`PassDoctor`: diagnoses the passes that a debugged program has stopped at. Knows no widget."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import Watching, diagnosis_of
from microgpt.graph.debuggee import Stop
from microgpt.graph.graph import Graph
from microgpt.graph.op_evaluator import OpEvaluator

MOST_KEPT = 8
"""So many passes are kept, the newest; graphs are large. Units: passes."""


@dataclass(frozen=True, eq=False)
class Checkup:
    """What is known after a pass."""

    diagnosis: Diagnosis
    program: Program  # the lines to quote
    seen: PassEvidence | None  # the pass at hand as it was and as it should be


class PassDoctor:
    """Looks at one stop after the other; the program has to stand still there meanwhile."""

    def __init__(self) -> None:
        self._program = Program()
        self._kept: list[tuple[Stop, PassEvidence]] = []
        self._unseen: list[str] = []
        self._end: Stop | None = None

    def look(self, stop: Stop) -> Checkup:
        """What is known with this pass."""
        watching = Watching(self._program)
        watching.take(stop)
        evidence = watching.evidence
        seen = evidence.passes[0] if evidence.passes else None
        self._unseen += evidence.unseen
        self._end = evidence.end or self._end
        if seen is not None:
            self._kept = [*self._kept, (stop, seen)][-MOST_KEPT:]
        passes = tuple(each for _, each in self._kept)
        whole = Evidence(passes, self._program, self._end, "", tuple(self._unseen[-MOST_KEPT:]))
        return Checkup(diagnosis_of(whole), self._program, seen)

    def stop_at(self, number: int | None) -> Stop | None:
        """The stop of a pass, if it is still kept."""
        return next((stop for stop, seen in self._kept if seen.number == number), None)

    def evidence_of(self, graph: Graph) -> PassEvidence | None:
        """The pass of a graph, if it is still kept."""
        return next((seen for _, seen in self._kept if seen.graph is graph), None)


def checkup_of(graph: Graph, methods: OpEvaluator | None) -> Checkup:
    """What is to be said of the one pass of a graph; none is needed."""
    seen = PassEvidence.of_graph(graph, methods) if graph.backpropagated else None
    program = Program()
    unseen = () if seen else (graph.why_no_events or "there was no backward pass",)
    passes = (seen,) if seen else ()
    return Checkup(diagnosis_of(Evidence(passes, program, unseen=unseen)), program, seen)
