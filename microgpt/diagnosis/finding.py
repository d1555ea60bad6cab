"""What a diagnosis says: its findings, its verdict, as text and as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, TypeAlias

from microgpt.diagnosis.program import SourcePlace

Certainty: TypeAlias = Literal["certain", "likely", "note"]
Verdict: TypeAlias = Literal["faulty", "suspect", "sound", "unverified"]
RANK: dict[Certainty, int] = {"certain": 0, "likely": 1, "note": 2}
EXIT_STATUS: dict[Verdict, int] = {"sound": 0, "faulty": 1, "suspect": 1, "unverified": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, or what may be one."""

    kind: str  # one of the catalogue's, `""` of an observation that is of none
    certainty: Certainty
    what: str  # is wrong, in one sentence
    mend: str  # what people do about it
    place: SourcePlace | None = None  # the line that a person would change
    op: str | None = None
    nodes: tuple[int, ...] = ()  # to go and look at
    pass_number: int | None = None  # in which pass
    event: int | None = None  # of that pass
    was: float | None = None
    should: float | None = None  # two numbers that must be equal and are not
    spoils: int | None = None  # how many gradients are wrong by it
    unless: str = ""  # the innocent explanation of a likely finding
    about: str = ""
    """Of a training: the matrix, or the scope at any position, that it is about; `""` of all."""

    @property
    def file(self) -> str | None:
        """The file of the line."""
        return self.place[0] if self.place is not None else None

    @property
    def line(self) -> int | None:
        """The line that a person would change, None where there is none."""
        return self.place[1] if self.place is not None else None

    def as_json(self) -> dict[str, object]:
        """By the documented names; numbers that are not finite as texts."""
        return {
            "kind": self.kind,
            "certainty": self.certainty,
            "what": self.what,
            "mend": self.mend,
            "file": self.file,
            "line": self.line,
            "op": self.op,
            "nodes": list(self.nodes),
            "pass": self.pass_number,
            "event": self.event,
            "was": _number(self.was),
            "should": _number(self.should),
            "spoils": self.spoils,
            "unless": self.unless,
        }


def _number(number: float | None) -> float | str | None:
    if number is None or abs(number) < float("inf"):
        return number
    return str(number)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found, and how much was looked at."""

    findings: tuple[Finding, ...]  # causes first
    passes: int  # that were watched
    n_gradients: int  # compared with the true ones
    n_updates: int  # of parameters, between the passes
    n_unchecked: int  # gradients that could not be
    why_unchecked: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """`sound` only if every gradient was compared and nothing was found."""
        certainties = {finding.certainty for finding in self.findings}
        if "certain" in certainties:
            return "faulty"
        if "likely" in certainties:
            return "suspect"
        if self.passes and self.n_gradients and not self.n_unchecked and not self.why_unchecked:
            return "sound"
        return "unverified"

    @property
    def exit_status(self) -> int:
        """0 sound, 1 faulty or suspect, 2 unverified."""
        return EXIT_STATUS[self.verdict]

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "verb": "diagnose",
            "verdict": self.verdict,
            "findings": [finding.as_json() for finding in self.findings],
            "passes": self.passes,
            "checked": {"gradients": self.n_gradients, "updates": self.n_updates},
            "unchecked": self.n_unchecked,
            "why_unchecked": list(self.why_unchecked),
        }

    def to_json(self) -> str:
        """The same, one line."""
        return json.dumps(self.as_json(), allow_nan=False)
