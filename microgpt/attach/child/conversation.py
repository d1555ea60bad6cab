"""`Conversation`: the script's side. Follows the script and stops where it is told.

Before each `backward()` that was not waved through it tells its loss and asks whether to stop
there. At a stop it sends the computation and waits.
"""

from __future__ import annotations

import sys
from _signal import SIGINT, default_int_handler, signal  # type: ignore[import-not-found]  # a script may have a signal.py
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from microgpt.attach.child import reading
from microgpt.attach.child.answers import answer
from microgpt.attach.child.between import Between
from microgpt.attach.child.broken_pass import BrokenPasses
from microgpt.attach.child.channel import Channel, Instruction
from microgpt.attach.child.class_among import class_among
from microgpt.attach.child.fast_watch import FastWatch
from microgpt.attach.child.found_gradients import run_and_look
from microgpt.attach.child.guard import Guard, guarded
from microgpt.attach.child.learner import Learner
from microgpt.attach.child.naming import Names
from microgpt.attach.child.native_class import NativeClass
from microgpt.attach.child.operators import Operator
from microgpt.attach.child.pass_calls import PassCalls
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.reading import FrozenColumns, Methods
from microgpt.attach.child.recorded import Node, Recorded, Watched
from microgpt.attach.child.script_failure import ScriptFailure
from microgpt.attach.child.shapes import NO_ROOM, Shape, has_room, watch_classes
from microgpt.attach.child.snapshot import Snapshot
from microgpt.attach.child.torch_passes import TorchPasses
from microgpt.attach.child.value_class import ValueClass
from microgpt.attach.child.watched_run import WatchedRun, lack_of, log_of, root_of, shape_of_run
from microgpt.attach.wire import Field

if TYPE_CHECKING:
    from typing import TypeAlias

T = TypeVar("T")
Followed: TypeAlias = "ValueClass | TorchPasses"
PATIENCE = 3
"""After so many passes of a class that is known, others are not watched any more."""


class Conversation:
    """Everything attached in this process, and a channel to whoever looks at it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._base: FrameType = sys._getframe()
        self._beyond: FrameType | None = self._base  # from here on calls are no one's program
        self._classes: list[ValueClass] = []
        self._kinds: dict[type, ValueClass | None] = {}  # of the types met
        self._between = Between()
        self._broken = BrokenPasses()
        self._updates: dict[str, Field] = {}  # of the leaves since the pass before
        self._looked: tuple[ValueClass, Snapshot, Names] | None = None  # the graph stopped at
        self.guard = Guard(self._give_up)
        self._learner = Learner(
            Watched, self._kind_of, self._learnt, self._between.stop, self.guard
        )
        self._torch: TorchPasses | None = None  # of PyTorch, if the script loads it
        self._patience = PATIENCE
        self._n_backwards = 0
        self._quiet = 0
        self._calls = PassCalls(
            self.guard,
            self._backward,
            is_noted=lambda: not self._quiet,
            is_off=lambda: (
                self._learner.is_asleep or bool(self.guard.fault) or not self._channel.is_open
            ),
            passes=self._let_at_once,
        )
        order = self._channel.order(about=0)
        self._quiet, self._let_pass = order.quiet, (order.low, order.high)

    def start(self, base: FrameType) -> None:
        """From now on classes are recognised as they are built by the script that a frame runs."""
        self._base = self._beyond = base
        signal(SIGINT, default_int_handler)  # a shell's background job would ignore it
        watch_classes(Recorded, Watched, self)

    def close(self) -> None:
        """Lets a forked copy of the script run by itself: the conversation is not its own."""
        self._channel.close()
        self._watch_no_more()

    def _give_up(self) -> None:
        self._learner.is_asleep = True
        self._learner.broken_off()
        self._watch_no_more()

    def _watch_no_more(self) -> None:
        self._calls.let_go()
        self._learner.stop()
        self._between.stop()
        if self._torch is not None:
            self._torch.recorder.off()
        for kind in self._classes:
            kind.disarm()
            self._learner.free.stop(kind)

    # -- classes -----------------------------------------------------------------------------------

    @guarded
    def found(self, cls: type, shape: Shape | None, operators: Sequence[Operator] = ()) -> None:
        """Follows a class from now on, or learns what it is if its shape is not a known one."""
        if not has_room(cls) and not NativeClass.fits(cls):
            self._tell("candidate", cls, reason=[NO_ROOM])
            return
        self._kinds.clear()
        kind = (NativeClass if NativeClass.fits(cls) else ValueClass)(cls, shape, self._base)
        kind.failed = self.guard.failed
        kind.add_operators(operators)
        self._classes.append(kind)
        if shape is None:
            self._tell("watched", cls)
            if self._channel.is_open and self._patience:
                self._learner.start()
                if Watched not in cls.__mro__:
                    self._learner.watch(cls)
                if cls.__init__ is not object.__init__:  # type: ignore[misc]
                    kind.arm(self._base)
            return
        self._calls.follow_backward(cls, kind)
        self._tell("class", kind.cls, shape=[str(kind.shape)])
        # Without an `__init__` yet, it is a dataclass, say, and gets one now if there is none.
        if cls.__init__ is not object.__init__ and self._channel.is_open and not self._quiet:  # type: ignore[misc]
            kind.arm(self._base)

    def _tell(self, what: str, cls: type, **more: Field) -> None:
        self._channel.send(what, name=[cls.__qualname__], module=[cls.__module__], **more)

    @guarded
    def derived(self, cls: type) -> None:
        """Counts a derived class as a part of the one that it is derived from."""
        self._kinds.clear()
        for kind in self._classes:
            if issubclass(cls, kind.cls):
                kind.add_code(cls)
                if kind.is_armed:
                    kind.arm(self._base)
                if kind.shape is not None and kind.shape.store is None:
                    self._calls.follow_backward(cls, kind)

    def _kind_of(self, thing: Any) -> ValueClass | None:
        """The class of something, if it is still to be watched."""
        cls = type(thing)
        if cls not in self._kinds:
            self._kinds[cls] = class_among(self._classes, cls, Watched)
        kind = self._kinds[cls]
        return kind if kind is not None and (kind.shape is None or kind.is_slow) else None

    @guarded
    def _learnt(self, run: WatchedRun, function: CodeType | None) -> None:
        """A run of writes is over, which may have shown what a class is."""
        kind = run.kind
        is_new = kind.shape is None or run.fast is not None
        if (shape := shape_of_run(run) if is_new else kind.shape) is None:
            return
        kind.shape = shape
        if is_new:
            hooked = self._calls.follow_functions(function, kind)
            kind.is_free, kind.sample, kind.result = not hooked, None, None
            can_be_fast = not kind.holds_arrays and FastWatch.can_watch(kind, shape)
            kind.is_slow = not hooked and not can_be_fast
            self._learner.in_place.learnt(kind)
            self._tell("class", kind.cls, shape=[str(kind.shape)])
            seen = [each for each in self._classes if each.n_seen]
            if all(each.shape is not None and not each.is_slow for each in seen):
                self._learner.stop()
        if kind.is_free and not kind.is_slow and isinstance(log := log_of(run, shape), PassLog):
            self._learner.free.remember(kind, log)
        self._count_backward()
        quiet, self._quiet = self._quiet, max(0, self._quiet - 1)
        if quiet:
            self._obey(self._channel.unasked_order())
            return
        root = root_of(run, shape)
        loss = reading.loss_of(kind, root)
        order = None
        if not self._let_pass[0] <= loss <= self._let_pass[1]:
            self._channel.send(
                "backward", number=reading.ints(self._n_backwards), loss=array("d", [loss])
            )
            order = self._channel.order(about=self._n_backwards)
        if order is None or not order.stop:
            self._obey(order or self._channel.unasked_order())
            return
        names = reading.names_of(reading.frames_of(run.caller, self._beyond), kind, self._learner)
        graph: FrozenColumns = self._safely(lambda: self._graph_of_run(run, root, names))
        self._stop("backward", loss, graph, (run.caller.f_code.co_filename, run.line))

    @guarded
    def _passed(self) -> None:
        """A pass in free code begins that is not to be looked at."""
        self._count_backward()
        self._quiet -= 1
        if not self._quiet or self._channel.may_look():
            self._obey(self._channel.unasked_order())

    def _graph_of_run(self, run: WatchedRun, root: Node, names: Names) -> FrozenColumns:
        snapshot = reading.snapshot_of_run(run, root)
        self._compare(run.kind, snapshot, names)
        return reading.columns_of_run(run, snapshot, names)

    def _safely(self, read: Callable[[], T]) -> T | str:
        return reading.read_safely(read, self._learner)

    def _compare(self, kind: ValueClass, snapshot: Snapshot, names: Names) -> None:
        """Finds what has become of the leaves of the pass before, to be told at the next stop."""
        found = self._safely(lambda: self._between.columns(kind, snapshot, names))
        self._updates = {} if isinstance(found, str) else found
        self._looked = (kind, snapshot, names)

    @guarded
    def found_torch(self, cls: type) -> None:
        """Follows PyTorch's tensors from now on."""
        self._torch = torch = TorchPasses(self._base)
        self._channel.send("class", name=["Tensor"], module=["torch"], shape=["grad_fn"])
        if self._channel.is_open and not self._quiet:
            torch.recorder.on()
        torch.hook(cls, partial(self._calls.of_torch, torch))

    # -- backward passes ---------------------------------------------------------------------------

    def _backward(
        self, kind: Followed, root: Node, run: Callable[[], Any], caller: FrameType
    ) -> Any:
        if self._torch is not None:
            self._torch.recorder.off()
        self._count_backward()
        if self._quiet:
            result = run()
            self._quiet -= 1
            self._obey(self._channel.unasked_order())
            return result
        loss = kind.loss(root) if isinstance(kind, TorchPasses) else reading.loss_of(kind, root)
        if self._let_pass[0] <= loss <= self._let_pass[1]:
            result = run()
            self._obey(self._channel.unasked_order() if self._channel.may_look() else None)
            return result
        self._channel.send(
            "backward", number=reading.ints(self._n_backwards), loss=array("d", [loss])
        )
        order = self._channel.order(about=self._n_backwards)
        if not order.stop:
            result = run()
            self._obey(order)
            return result
        result, graph = self._looked_at(kind, root, run, caller)
        self._stop("backward", loss, graph, (caller.f_code.co_filename, caller.f_lineno))
        return result

    def _let_at_once(self) -> bool:
        """Counts a pass that nothing is to be done about, and says whether it is one."""
        if self._quiet <= 1 or self._channel.may_look():
            return False
        self._n_backwards += 1
        self._quiet -= 1
        return True

    def _count_backward(self) -> None:
        self._n_backwards += 1
        self._patience -= self._patience > 0
        if not self._patience and not any(each.is_slow for each in self._classes):
            self._learner.stop()
            for each in self._classes:
                if each.shape is None:
                    each.disarm()

    def _looked_at(
        self, kind: Followed, root: Node, run: Callable[[], Any], caller: FrameType
    ) -> tuple[Any, FrozenColumns]:
        """The result of a backward pass, and the computation with what the pass did."""
        if isinstance(kind, TorchPasses):
            frames = list(reading.frames_of(caller, self._beyond))
            result, graph, self._updates = kind.looked_at(
                root, run, frames, self._n_backwards, self._channel, self._learner
            )
            return result, graph
        for each in self._classes:
            each.disarm()
        self._between.stop()
        before = self._safely(lambda: reading.snapshot_of(kind, [root]))
        if isinstance(before, str):
            return run(), before
        names = reading.names_of(reading.frames_of(caller, self._beyond), kind, self._learner)
        self._compare(kind, before, names)
        log, shape = PassLog(), kind.shape
        assert shape is not None
        finals: list[Any] | None = []
        broken = self._broken.noting(kind, before, log, names)
        with broken, reading.watched_pass(before, log, kind):
            if shape.kept is None:
                result = run()
            else:
                result, kept = run_and_look(run, shape.kept)
                finals = before.finals_in(kept)
        if finals is None:
            return result, "the function that made the last pass has no gradients now"
        names = reading.names_of(reading.frames_of(caller, self._beyond), kind, self._learner)
        graph = self._safely(
            lambda: reading.graph_columns(before, kind, names, log, finals=finals or [])
        )
        log.entries.clear()  # the descriptors that noted them are only freed by a full collection
        return result, graph

    @guarded
    def failed(self, error: BaseException) -> None:
        """The script raised: stops one last time."""
        if not self._channel.is_open:
            return
        run = self._learner.broken_off()
        self._watch_no_more()
        self._broken.learn(run)
        death = ScriptFailure(error, [kind for kind in self._classes if kind.shape is not None])
        graph = self._broken.columns(death, run, self._learner)
        self._stop("exception", float("nan"), graph, death.place, death.text)

    def ended(self, replaced: list[str]) -> None:
        """The script is over; `replaced` of Python's own functions it has put others for."""
        if self._channel.is_open:
            self._tell_lacks()
            self._channel.send(
                "end", number=reading.ints(self._n_backwards), replaced=replaced,
                fault=[self.guard.fault],
            )  # fmt: skip

    @guarded
    def _tell_lacks(self) -> None:
        self._learner.end(None)
        self._learner.stop()
        for kind in (each for each in self._classes if each.shape is None):
            lack = self._safely(partial(lack_of, kind, self._learner.returns.was_displaced))
            self._tell("candidate", kind.cls, reason=[lack])

    # -- conversation ------------------------------------------------------------------------------

    def _stop(
        self, kind: str, loss: float, graph: FrozenColumns, place: tuple[str, int],
        traceback: str = "",
    ) -> None:  # fmt: skip
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the script may have closed it
                stream.flush()
        fields, methods = ({}, None) if isinstance(graph, str) else graph
        self._channel.send(
            "stop", kind=[kind], number=reading.ints(self._n_backwards), loss=array("d", [loss]),
            place=[place[0]], place_line=reading.ints(place[1]), traceback=[traceback],
            problem=[graph if isinstance(graph, str) else ""], **fields, **self._updates,
        )  # fmt: skip
        self._updates = {}
        self._obey(self._stand_still(methods))
        looked, self._looked = self._looked, None
        if looked is not None and kind == "backward" and self._channel.is_open:
            self._safely(lambda: self._between.keep(self._n_backwards, *looked))

    def _stand_still(self, methods: Methods | None) -> Instruction:
        """Answers what is asked about the graph at hand, until it is to go on."""
        with self._channel.leaving_ctrl_c():
            while (order := self._channel.order(about=self._n_backwards)).asks:
                answer(self._channel, self._learner, methods)
        return order

    def _obey(self, order: Instruction | None) -> None:
        """Records from here to the next backward if that is to be asked about."""
        if order is not None:
            self._quiet, self._let_pass = order.quiet, (order.low, order.high)
        if self._torch is not None and not self._quiet:
            self._torch.recorder.on()
        for kind in self._classes:
            if kind.shape is None or kind.is_slow:
                continue  # it is watched until it is known
            needs_numbers = not self._quiet
            if kind.is_free:
                counts = self._passed if self._quiet else None
                needs_numbers = not self._learner.free.follow(kind, counts=counts)
            kind.arm(self._base) if needs_numbers else kind.disarm()
