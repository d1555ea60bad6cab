"""`diagnose`: what is wrong with the pass at hand, its kind and its line."""

from __future__ import annotations

from dataclasses import dataclass, field

from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import CHECK, Answer, Json, Verb
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import diagnosis_of
from microgpt.diagnosis.wording import lines_of
from microgpt.errors import GraphError


@dataclass(frozen=True, slots=True)
class Diagnosed(Answer):
    """What was found in one pass."""

    diagnosis: Diagnosis
    program: Program = field(repr=False)

    def lines(self) -> list[str]:
        """The verdict, the findings, and how much was checked."""
        return lines_of(self.diagnosis, self.program)

    def as_json(self) -> Json:
        """As `microgpt diagnose --json` prints it, but for the verb."""
        told = self.diagnosis.as_json()
        del told["verb"]
        return told


def diagnose(session: SessionCore) -> Diagnosed:
    """Compares the pass at hand with the pass as it should be.

    What an update does takes several passes: `microgpt diagnose` watches them.

    Raises:
        GraphError: there is no pass.
    """
    graph, halt = session.graph, session.halt
    if not graph.backpropagated:
        raise GraphError(f"this graph has no backward pass of its own: {graph.why_no_events}")
    seen = PassEvidence.of_graph(
        graph,
        session.methods,
        number=halt.number if halt is not None else session.step_number or 1,
        place=(halt.file, halt.line) if halt is not None else None,
    )
    program = Program()
    return Diagnosed(diagnosis_of(Evidence((seen,), program)), program)


ROWS = (
    Verb("diagnose", ("D",), CHECK, "", "what is wrong with this pass: the kind and the line",
         "diagnose", "", lambda session, _: diagnose(session), needs_whole=True),
)  # fmt: skip
