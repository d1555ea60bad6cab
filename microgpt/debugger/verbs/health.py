"""`health`: what is not well, though finite; `checks/health_checks.py` looks."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.checks.health_checks import Finding, findings
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import CHECK, Answer, Json, Verb
from microgpt.model.place_names import spoken


@dataclass(frozen=True, slots=True)
class Health(Answer):
    """All findings of all checks."""

    found: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """One line each."""
        told = [f"{f.check}: {f.what}; see {spoken(f.node, f.name, f.place)}" for f in self.found]
        return told or ["all is well"]

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


def health(session: SessionCore) -> tuple[Finding, ...]:
    """What is not well, though finite: dead units, saturated softmaxes, sizes of gradients."""
    return findings(session.graph, session.origin)


ROWS = (
    Verb("health", (), CHECK, "",
         "dead units, saturated softmaxes, vanishing or exploding gradients, idle parameters",
         "health", "", lambda session, _: Health(health(session))),
)  # fmt: skip
