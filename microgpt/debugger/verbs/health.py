"""`health`: what is not well, though finite; `checks/health_checks.py` looks."""

from __future__ import annotations

from dataclasses import dataclass

from microgpt.debugger.checks.health_checks import Finding, findings
from microgpt.debugger.session_core import SessionCore
from microgpt.debugger.verbs.verb import CHECK, Answer, Json, Verb


@dataclass(frozen=True, slots=True)
class Health(Answer):
    """All findings of all checks."""

    found: tuple[Finding, ...]

    def lines(self) -> list[str]:
        """One line each."""
        return [f"{f.check}: {f.what}; see {f.name}" for f in self.found] or ["all is well"]

    def as_json(self) -> Json:
        """A list."""
        return {
            "health": [
                {"check": f.check, "what": f.what, "value": f.value, "node": f.node, "name": f.name}
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
