"""`FreePasses`: passes that are no function but code of the script, of classes that are known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FrameType

from microgpt.attach.child.anatomy import Anatomy
from microgpt.attach.child.fast_watch import FastWatch, Seed
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.recorded import Node
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import WatchedRun, called_by


class FreePasses:
    """Follows classes, each with a fast watch of its own.

    Args:
        begins: is told of a run that begins, and says whether it is to be seen.
        ends: is called when it is over.
    """

    def __init__(self, begins: Callable[[WatchedRun], bool], ends: Callable[[], None]) -> None:
        self._begins, self._ends = begins, ends
        self._watches: dict[ValueClass, FastWatch] = {}
        self._seeds: dict[ValueClass, Seed | None] = {}

    def follow(self, kind: ValueClass, *, counts: Callable[[], None] | None) -> bool:
        """Sees the passes of a class from now on.

        Args:
            kind: the class.
            counts: is called at each pass, of which nothing else is to be seen; None to see them.

        Returns:
            whether they are only counted, for which nodes need no numbers.
        """
        shape = kind.shape
        assert shape is not None
        watch = self._watches.get(kind)
        if watch is None:
            watch = FastWatch(kind, shape, partial(self._begun, kind), self._ends)
            self._watches[kind] = watch
        seed = self._seeds.get(kind)
        if counts is not None and seed is not None:
            watch.count(seed, counts)
            return True
        watch.wait(was_made=False)
        return False

    def remember(self, kind: ValueClass, log: PassLog) -> None:
        """Keeps how a pass began, so that others can be counted."""
        self._seeds[kind] = Seed.of(log)

    def stop(self, kind: ValueClass) -> None:
        """Follows a class no more, if it did."""
        if kind in self._watches:
            self._watches[kind].stop()

    def _begun(self, kind: ValueClass, node: Node, frame: FrameType) -> None:
        """A node that was made gets a gradient: a pass begins, if it was made of others."""
        shape = kind.shape
        if shape is None or not kind.operands(node):
            return
        run = WatchedRun(kind, Anatomy(shape.data, shape.store, ()), node, frame)
        called_by(run, frame, shape.store)
        run.shape, run.log = shape, PassLog()
        if self._begins(run):
            self._watches[kind].begin(run.log, run.before)
