"""The catalogue: every kind of fault, causes before their consequences."""

from __future__ import annotations

from collections.abc import Iterator

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import RANK, Finding
from microgpt.diagnosis.kinds import (
    arrays,
    changed,
    heads,
    kept,
    numbers,
    optimizers,
    order,
    probabilities,
    rates,
    reach,
    sizes,
    slopes,
    streams,
    tables,
    texts,
    unused,
    updates,
    writes,
)
from microgpt.diagnosis.kinds.kind import FaultKind

CATALOGUE: tuple[FaultKind, ...] = (
    *arrays.KINDS,
    *writes.KINDS,
    *order.KINDS,
    *changed.KINDS,
    *slopes.KINDS,
    *reach.KINDS,
    *kept.KINDS,
    *texts.KINDS,
    *probabilities.KINDS,
    *tables.KINDS,
    *updates.KINDS,
    *optimizers.KINDS,
    *rates.KINDS,
    *sizes.KINDS,
    *numbers.KINDS,
    *streams.KINDS,
    *unused.KINDS,
    *heads.KINDS,
)
OF_ARRAYS = frozenset(kind.name for kind in arrays.KINDS)
OF_PASSES = frozenset(kind.name for kind in (*writes.KINDS, *order.KINDS, *slopes.KINDS))


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """What all kinds find; what follows from another finding is not told."""
    found = [(kind, tuple(kind.findings(evidence))) for kind in CATALOGUE]
    told = {kind.name for kind, own in found for f in own if f.certainty != "note"}
    if told & OF_ARRAYS:  # what else a pass has wrong comes of it
        found = [(kind, own) for kind, own in found if kind.name not in OF_PASSES]
    kept = [f for kind, own in found if not kind.follows & told for f in _once(own)]
    return tuple(sorted(kept, key=lambda finding: RANK[finding.certainty]))


def _once(found: tuple[Finding, ...]) -> Iterator[Finding]:
    """Each line and op once."""
    seen = set()
    for finding in found:
        key = (finding.file, finding.line, finding.op)
        if key not in seen:
            seen.add(key)
            yield finding
