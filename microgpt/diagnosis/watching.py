"""Watching a program for long enough to diagnose it."""

from __future__ import annotations

import time

from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis
from microgpt.diagnosis.kinds import findings
from microgpt.diagnosis.kinds.kind import matrix_of
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.graph.debuggee import Debuggee, Ended, Stop

MOST_PASSES = 30
LONGEST = 20.0
"""A program is watched for so many passes, or so long, unless its updates tell enough before.
Units: seconds."""
ENOUGH_UPDATES = 3
"""So often each group of parameters is to be seen updated."""


class Watching:
    """Takes a program from pass to pass, and keeps what was seen.

    Args:
        program: the text of what is watched.
        most: of so many passes; None: until the updates tell enough, within bounds.
    """

    def __init__(self, program: Program | None = None, most: int | None = None) -> None:
        self.program = program or Program()
        self._most = most
        self._passes: list[PassEvidence] = []
        self._unseen: list[str] = []
        self._end: Stop | None = None
        self._began = time.monotonic()
        self.ended: Ended | None = None
        self.was_cut_short = ""

    def watch(self, debuggee: Debuggee) -> None:
        """Goes from stop to stop until enough was seen, or the program is over.

        Raises:
            InputError: as `Debuggee.run_on`.
        """
        while not self.is_enough:
            stop = debuggee.run_on()
            if isinstance(stop, Ended):
                self.ended, self.was_cut_short = stop, stop.fault
                return
            self.take(stop)

    def take(self, stop: Stop) -> None:
        """One stop more."""
        if stop.kind == "exception":
            self._end = stop
            return
        seen = PassEvidence.of(stop)
        if seen is not None:
            self._passes.append(seen)
        else:
            why = stop.problem or (stop.graph.why_no_events if stop.graph else "no graph")
            self.unseen(stop, why)

    def unseen(self, stop: Stop, why: str) -> None:
        """A pass that could not be looked at."""
        self._unseen.append(f"backward {stop.number}: {why}")

    @property
    def n_seen(self) -> int:
        """How many passes there were, also those that could not be looked at."""
        return len(self._passes) + len(self._unseen)

    @property
    def is_enough(self) -> bool:
        """Whether more passes would tell nothing new."""
        n = self.n_seen
        if self._most is not None:
            return n >= self._most
        if n >= MOST_PASSES or (n and time.monotonic() - self._began > LONGEST):
            return True
        return n > ENOUGH_UPDATES + 1 and self._all_updated(ENOUGH_UPDATES)

    def _all_updated(self, often: int) -> bool:
        """Whether all groups of leaves that last and have gradients were updated often enough.

        Optimizers may take turns. Of a group that is never updated all passes are watched.
        """
        counts: dict[str, int] = {}
        for seen in self._passes:
            leaves = seen.updates.leaves if seen.updates else ()
            groups = {matrix_of(leaf.name) for leaf in leaves
                      if leaf.node is not None and leaf.name and leaf.grad != 0}  # fmt: skip
            moved = {matrix_of(leaf.name) for leaf in leaves if leaf.before != leaf.after}
            for group in groups | moved:
                counts[group] = counts.get(group, 0) + (group in moved)
        return bool(counts) and min(counts.values()) >= often

    @property
    def evidence(self) -> Evidence:
        """What was seen up to now."""
        return Evidence(
            tuple(self._passes), self.program, self._end, self.was_cut_short, tuple(self._unseen)
        )


def diagnosis_of(evidence: Evidence) -> Diagnosis:
    """What is to be said of all that was seen."""
    found, not_looked_for = findings(evidence)
    n_checked = n_unchecked = 0
    why = [*evidence.unseen, *not_looked_for]
    for place, seen in enumerate(evidence.passes):
        checked, unchecked = evidence.checked(place)
        n_checked, n_unchecked = n_checked + checked, n_unchecked + unchecked
        if unchecked:
            ops = sorted({seen.graph.op(int(seen.graph.edge_consumers[e]))
                          for e in seen.unknown_edges.tolist()})  # fmt: skip
            why.append(f"ops that cannot be computed again: {', '.join(ops)}")
    if evidence.was_cut_short:
        why.append(evidence.was_cut_short)
    told = any(finding.certainty != "note" for finding in found)
    wrong = evidence.wrong_passes() or [
        place for place in range(len(evidence.passes)) if len(evidence.off_parameters(place))
    ]
    if wrong and not told and not any(finding.certainty == "note" for finding in found):
        place = wrong[0]
        node = int(evidence.off_parameters(place)[0])
        why.append(
            f"the gradient of {evidence.name(place, node)} in backward "
            f"{evidence.passes[place].number} is another than it should be, and no kind says why"
        )
    n_updates = sum(
        leaf.before != leaf.after
        for interval in evidence.intervals
        for leaf in interval.updates.leaves
    )
    return Diagnosis(
        findings=found, passes=len(evidence.passes), n_gradients=n_checked, n_updates=n_updates,
        n_unchecked=n_unchecked, why_unchecked=tuple(dict.fromkeys(why)),
    )  # fmt: skip
