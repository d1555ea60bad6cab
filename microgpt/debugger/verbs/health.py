"""`health`: what is not well, though finite; `checks/health_checks.py` looks.

That all is well is said only of a pass whose gradients were compared with the true ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.checks.health_checks import HealthFinding, findings
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import CHECK, Answer, Json, Verb
from microgpt.model.place_names import spoken


@dataclass(frozen=True, slots=True)
class Health(Answer):
    """All findings of all checks."""

    found: tuple[HealthFinding, ...]
    gradients: str = ""  # what a comparison of the gradients says, in words; `""` if none was made

    def lines(self) -> list[str]:
        """One line each."""
        told = [f"{f.check}: {f.what}; see {spoken(f.name, f.place)}" for f in self.found]
        return [*told, self.gradients] if self.gradients else told or [NOT_COMPARED]

    def as_json(self) -> Json:
        """A list."""
        return {
            "health": [
                {
                    "check": f.check,
                    "what": f.what,
                    "value": f.value,
                    "node": f.node,
                    "name": f.name,
                    "place": f.place,
                }
                for f in self.found
            ]
        }


NOT_COMPARED = "nothing stands out; gradients were not compared with the true ones"
MOST_COMPARED = 200_000
"""Gradients of graphs of more nodes are compared only when `diagnose` asks for it."""


def compared(session: SessionCore, *, beside: bool) -> str:
    """What comparing the gradients of the pass at hand says, in a line.

    Args:
        beside: whether something else was found.
    """
    graph = session.graph
    if not graph.backpropagated or len(graph) > MOST_COMPARED:
        return ""
    from microgpt.debugger.verbs.diagnose import diagnose  # noqa: PLC0415  # a neighbour, if asked

    found = diagnose(session).diagnosis
    if found.verdict == "sound":
        well = "gradients" if beside else "all is well"
        what = "" if beside else " gradients"
        return f"{well}: {found.n_gradients:,}{what} are as they should be"
    if found.verdict == "unverified":
        why = "; ".join(found.why_unchecked)
        if not found.n_unchecked:
            return f"not explained: {why}"
        return f"{found.n_unchecked:,} gradients could not be checked: {why}"
    kinds = ", ".join(dict.fromkeys(f.kind for f in found.findings if f.certainty != "note"))
    return f"gradients: {kinds}; `diagnose` tells more"


def health(session: SessionCore) -> tuple[HealthFinding, ...]:
    """What is not well, though finite: dead units, saturated softmaxes, sizes of gradients."""
    return findings(session.graph, session.origin)


def _health(session: SessionCore) -> Health:
    found = health(session)
    return Health(found, compared(session, beside=bool(found)))


ROWS = (
    Verb("health", (), CHECK, "",
         "dead units, saturated softmaxes, vanishing or exploding gradients, idle parameters",
         "health", "", lambda session, _: _health(session), needs_whole=True),
)  # fmt: skip
