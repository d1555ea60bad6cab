"""What the diagnosis says of a program, run as a user's would be."""

from __future__ import annotations

from pathlib import Path

from microgpt.attach import ScriptProcess
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import Watching, diagnosis_of


def evidence_of(path: Path, allowed: frozenset[str] = frozenset()) -> Evidence:
    """What is seen of a program."""
    watching = Watching(Program(allowed))
    with ScriptProcess(path) as script:
        watching.watch(script)
    return watching.evidence


def diagnosed(path: Path, allowed: frozenset[str] = frozenset()) -> Diagnosis:
    """What is said of it."""
    diagnosis = diagnosis_of(evidence_of(path, allowed))
    assert not [why for why in diagnosis.why_unchecked if "looked for" in why]
    return diagnosis
