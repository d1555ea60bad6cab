"""The catalogue: every kind of fault, causes before their consequences."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import RANK, Finding
from microgpt.diagnosis.kinds import (
    arrays,
    changed,
    heads,
    kept,
    mixed,
    numbers,
    optimizers,
    order,
    probabilities,
    rates,
    reach,
    sizes,
    slopes,
    softmax_twice,
    streams,
    tables,
    texts,
    unread,
    unused,
    updates,
    writes,
)
from microgpt.diagnosis.kinds.kind import FaultKind
from microgpt.diagnosis.update_lines import line_that_updates_within

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
    *softmax_twice.KINDS,
    *tables.KINDS,
    *updates.KINDS,
    *unread.KINDS,
    *mixed.KINDS,
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
OF_NUMBERS = frozenset(kind.name for kind in changed.KINDS)


class AllFindings(NamedTuple):
    """What all kinds found."""

    findings: tuple[Finding, ...]
    not_looked_for: tuple[str, ...] = ()
    """Kinds whose own code failed, each with how: nothing is known of them, and that is said."""


def findings(evidence: Evidence) -> AllFindings:
    """What all kinds find; what follows from another finding is not told."""
    found, failed = [], []
    with np.errstate(all="ignore"):  # gradients that are not finite are looked at like others
        for kind in CATALOGUE:
            try:
                found.append((kind, tuple(kind.findings(evidence))))
            except Exception as error:  # noqa: BLE001  # one kind's mistake hides no other's finding
                failed.append(f"{kind.name} could not be looked for: {_how(error)}")
    told = {kind.name for kind, own in found for f in own if f.certainty != "note"}
    fused = _update_within_pass(evidence)
    if fused:
        failed.append(fused)
    untold = OF_PASSES | OF_NUMBERS if fused else OF_PASSES if told & OF_ARRAYS else frozenset()
    found = [(kind, own) for kind, own in found if kind.name not in untold]  # comes of that
    kept = [f for kind, own in found if not kind.follows & told for f in _once(own)]
    return AllFindings(
        tuple(sorted(kept, key=lambda finding: RANK[finding.certainty])), tuple(failed)
    )


def _update_within_pass(evidence: Evidence) -> str:
    """Says that passes update parameters while they run, if they do: no more of them is seen."""
    for seen in evidence.passes[:1]:
        function = evidence.program.pass_function(seen.place, seen.files)
        line = line_that_updates_within(evidence.program, function) if function else None
        if function and line is not None:
            return (
                f"{Path(function.file).name}:{line} updates parameters while the pass goes on: "
                "what a gradient should be after that is not known"
            )
    return ""


def _how(error: Exception) -> str:
    """An error of our own in a line, with where it is."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"


def _once(found: tuple[Finding, ...]) -> Iterator[Finding]:
    """Each line and op once."""
    seen = set()
    for finding in found:
        key = (finding.file, finding.line, finding.op)
        if key not in seen:
            seen.add(key)
            yield finding
