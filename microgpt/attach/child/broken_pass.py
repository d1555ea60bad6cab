"""`BrokenPasses`: a pass that raised, as far as it came.

Its exception ends the script as a rule, and the stop at that has the events and writes until then.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager

from microgpt.attach.child.learner import Learner
from microgpt.attach.child.naming import Names
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.reading import (
    FrozenColumns,
    columns_at_failure,
    columns_of_run,
    frames_of,
    graph_columns,
    names_of,
    read_safely,
    snapshot_of_run,
)
from microgpt.attach.child.script_failure import ScriptFailure
from microgpt.attach.child.snapshot import IN_NODES, Snapshot
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import WatchedRun, root_of, shape_of_run


class BrokenPasses:
    """Remembers the last pass that raised while it was looked at."""

    def __init__(self) -> None:
        # By `id()`, since the exception itself would keep the script's calls alive.
        self._error = 0
        self._of: tuple[ValueClass, Snapshot, PassLog, Names] | None = None

    @contextmanager
    def noting(
        self, kind: ValueClass, snapshot: Snapshot, log: PassLog, names: Names
    ) -> Iterator[None]:
        """Remembers the pass inside if it raises."""
        self.forget()
        try:
            yield
        except BaseException as error:
            self._error, self._of = id(error), (kind, snapshot, log, names)
            raise

    def forget(self) -> None:
        """Remembers none."""
        if self._of is not None:
            self._of[2].entries.clear()  # see `Learner.end`
        self._error, self._of = 0, None

    @staticmethod
    def learn(run: WatchedRun | None) -> None:
        """Learns from a run that was broken off what its class is, if that is not known."""
        if run is not None and run.kind.shape is None:
            run.is_broken = True
            run.kind.shape = shape_of_run(run)

    def columns(
        self, death: ScriptFailure, run: WatchedRun | None, learner: Learner
    ) -> FrozenColumns:
        """The computation that a script which raised was at, with what its pass had done.

        Args:
            death: the exception.
            run: writes that were under way.
            learner: is not to watch meanwhile.
        """
        found: FrozenColumns = ""
        if self._of is not None and self._error in death.ids:
            kind, snapshot, log, names = self._of
            found = read_safely(lambda: graph_columns(snapshot, kind, names, log), learner)
            self.forget()
        elif run is not None and run.kind.shape is not None:
            found = read_safely(lambda: _columns_of_run(run, learner), learner)
        if isinstance(found, str) or found[0]["kept"] != array("q", [IN_NODES]):
            return columns_at_failure(death, learner)
        found[0]["raised"] = array("b", [1])
        return found


def _columns_of_run(run: WatchedRun, learner: Learner) -> FrozenColumns:
    shape = run.kind.known_shape
    if run.array_log is not None or not shape.grad:
        return ""
    names = names_of(frames_of(run.caller, run.kind.base), run.kind, learner)
    learner.is_asleep = True  # still: names are read safely, too
    return columns_of_run(run, snapshot_of_run(run, root_of(run, shape)), names)
