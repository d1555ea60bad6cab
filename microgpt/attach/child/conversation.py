"""`Conversation`: the script's side. Follows the script and stops where it is told.

Before each `backward()` that was not waved through it tells its loss and asks whether to stop
there. At a stop it sends the computation and waits.
"""

from __future__ import annotations

import gc
import os
import sys
from _signal import (  # type: ignore[import-not-found]  # a script may have a signal.py
    SIG_BLOCK,
    SIG_IGN,
    SIG_UNBLOCK,
    SIGINT,
    default_int_handler,
    pthread_sigmask,
    signal,
)
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from types import FrameType, FunctionType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from microgpt.attach.child.naming import Names, names_in
from microgpt.attach.child.native_class import NativeClass
from microgpt.attach.child.own_methods import OwnMethods
from microgpt.attach.child.pass_log import PassLog
from microgpt.attach.child.script_failure import ScriptFailure
from microgpt.attach.child.shapes import Shape, watch_classes
from microgpt.attach.child.snapshot import ReadingError, Snapshot
from microgpt.attach.child.value_class import Node, Recorded, ValueClass
from microgpt.attach.wire import Field, encoded, received

T = TypeVar("T")
FrozenColumns: TypeAlias = "tuple[dict[str, Field], OwnMethods] | str"
"""A computation as columns, and what computes its nodes again; or why there is none, in words."""

LOOK_EVERY = 0.01
"""How often, at most, to look for an order that nobody asked for: that takes as long as a backward
pass over a dozen nodes. Units: seconds."""
INTEGERS = 32
ORDER = INTEGERS + 16
"""An order is four integers and two floats. Units: bytes."""


class Instruction(NamedTuple):
    """What our process wants."""

    about: int  # the number of the backward asked about; 0 if nobody asked
    stop: int  # whether to stop after it
    quiet: int  # how many backwards to let pass after it without asking
    asks: int  # whether this is no order, but at a stop a question about it; a message follows
    low: float  # backwards of losses from here ...
    high: float  # ... to here pass without asking, too


class Conversation:
    """Everything attached in this process.

    Args:
        orders: file descriptor to read orders from.
        reports: file descriptor to write messages to.
        shares_terminal: whether a Ctrl-C typed for our process reaches the script, too.
    """

    def __init__(self, orders: int, reports: int, *, shares_terminal: bool = False) -> None:
        self._orders = orders
        self._reports = reports
        self._shares_terminal = shares_terminal
        self._base: FrameType = sys._getframe()
        self._classes: list[ValueClass] = []
        self._n_backwards = 0
        self._quiet = 0
        self._depth = 0
        self._next_look = 0.0
        self._is_open = True
        os.register_at_fork(after_in_child=self._close)
        order = self._order(about=0)
        self._quiet, self._let_pass = order.quiet, (order.low, order.high)

    def start(self, base: FrameType) -> None:
        """From now on classes are recognised as they are built.

        Args:
            base: the frame that runs the script.
        """
        self._base = base
        signal(SIGINT, default_int_handler)  # a shell's background job would ignore it
        watch_classes(Recorded, self)

    def _close(self) -> None:
        """Lets a forked copy of the script run by itself: the conversation is not its own."""
        self._is_open = False
        os.close(self._orders)
        os.close(self._reports)
        for kind in self._classes:
            kind.disarm()

    # -- classes -----------------------------------------------------------------------------------

    def found(self, cls: type, shape: Shape) -> None:
        """Follows a class from now on."""
        kind = (NativeClass if NativeClass.fits(cls) else ValueClass)(cls, shape)
        self._classes.append(kind)
        self._hook_backward(kind, cls)
        self._send("class", name=[cls.__qualname__], module=[cls.__module__], shape=[str(shape)])
        # Without an `__init__` yet, it is a dataclass, say, and gets one now if there is none.
        has_init = cls.__init__ is not object.__init__  # type: ignore[misc]
        if self._is_open and not self._quiet and has_init:
            kind.arm(self._base)

    def derived(self, cls: type) -> None:
        """Counts a derived class as a part of the one that it is derived from."""
        for kind in self._classes:
            if issubclass(cls, kind.cls):
                kind.add_code(cls)
                self._hook_backward(kind, cls)

    def refused(self, cls: type, reason: str) -> None:
        """Tells why a class cannot be followed."""
        self._send("refused", name=[cls.__qualname__], module=[cls.__module__], reason=[reason])

    def _hook_backward(self, kind: ValueClass, cls: type) -> None:
        backward = cls.__dict__.get("backward")
        if not isinstance(backward, FunctionType):
            return

        def hooked(node: Node, *args: Any, **keywords: Any) -> Any:
            if self._depth or not self._is_open:
                return backward(node, *args, **keywords)
            self._depth += 1
            try:
                if self._quiet > 1 and perf_counter() < self._next_look:
                    self._n_backwards += 1
                    self._quiet -= 1
                    return backward(node, *args, **keywords)
                if not kind.is_node(node):
                    kind.replaced(type(node))
                return self._backward(kind, node, lambda: backward(node, *args, **keywords))
            finally:
                self._depth -= 1

        for name in ("__name__", "__qualname__", "__doc__", "__module__", "__dict__"):
            setattr(hooked, name, getattr(backward, name))
        cls.backward = hooked  # type: ignore[attr-defined]

    # -- backward passes ---------------------------------------------------------------------------

    def _backward(self, kind: ValueClass, root: Node, run: Callable[[], Any]) -> Any:
        self._n_backwards += 1
        if self._quiet:
            result = run()
            self._quiet -= 1
            self._next_look = perf_counter() + LOOK_EVERY
            self._obey(self._unasked_order())
            return result
        loss = _loss(root)
        if self._let_pass[0] <= loss <= self._let_pass[1]:
            result = run()
            order = None
            if (now := perf_counter()) >= self._next_look:
                order, self._next_look = self._unasked_order(), now + LOOK_EVERY
            self._obey(order)
            return result
        self._send("backward", number=_ints(self._n_backwards), loss=array("d", [loss]))
        order = self._order(about=self._n_backwards)
        if not order.stop:
            result = run()
            self._obey(order)
            return result
        caller: Any = sys._getframe(2)
        result, graph = self._looked_at(kind, root, run, caller)
        self._stop("backward", loss, graph, (caller.f_code.co_filename, caller.f_lineno))
        return result

    def _looked_at(
        self, kind: ValueClass, root: Node, run: Callable[[], Any], caller: FrameType
    ) -> tuple[Any, FrozenColumns]:
        """The result of a backward pass, and the computation with what the pass did."""
        for each in self._classes:
            each.disarm()
        before = _read(lambda: Snapshot(kind, [root]))
        if isinstance(before, str):
            return run(), before
        log, shape = PassLog(), kind.shape
        has_all = before.all_have("grad")
        with log.installed(kind.cls, "grad", shape.visited, has_all=has_all):
            result = run()
        names = _names(_frames(caller, self._base), kind)
        return result, _read(lambda: _graph(before, kind, names, log))

    def failed(self, error: BaseException) -> None:
        """The script raised: stops one last time."""
        if not self._is_open:
            return
        for kind in self._classes:
            kind.disarm()
        death = ScriptFailure(error, self._classes)
        graph: FrozenColumns = ""
        if found := death.roots():
            kind, roots = found
            names = _names(death.frames, kind)
            reason = "the script raised before backward() had returned"
            graph = _read(lambda: _graph(Snapshot(kind, roots), kind, names, why_no_events=reason))
        self._stop("exception", float("nan"), graph, death.place, death.text)

    def ended(self) -> None:
        """The script is over."""
        if self._is_open:
            self._send("end", number=_ints(self._n_backwards))

    # -- conversation ------------------------------------------------------------------------------

    def _stop(
        self,
        kind: str,
        loss: float,
        graph: FrozenColumns,
        place: tuple[str, int],
        traceback: str = "",
    ) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the script may have closed it
                stream.flush()
        fields, methods = ({}, None) if isinstance(graph, str) else graph
        self._send(
            "stop", kind=[kind], number=_ints(self._n_backwards), loss=array("d", [loss]),
            place=[place[0]], place_line=_ints(place[1]), traceback=[traceback],
            problem=[graph if isinstance(graph, str) else ""], **fields,
        )  # fmt: skip
        with self._leaving_ctrl_c():
            while (order := self._order(about=self._n_backwards)).asks:
                self._answer(methods)
        self._obey(order)

    @contextmanager
    def _leaving_ctrl_c(self) -> Iterator[None]:
        """At a stop, Ctrl-C in a shared terminal is for whoever debugs: it breaks off a verb."""
        before = None
        if self._shares_terminal:
            with suppress(ValueError):  # signals are the main thread's affair
                before = signal(SIGINT, SIG_IGN)
        try:
            yield
        finally:
            if before is not None:
                signal(SIGINT, before)

    def _answer(self, methods: OwnMethods | None) -> None:
        """Computes nodes of the computation stopped at, for operands that our process names."""
        question = received(lambda count: os.read(self._orders, count))
        if question is None:
            os._exit(1)
        _, fields = question
        assert methods is not None  # who got no graph asks nothing about it
        nodes, operands = map(int, fields["nodes"]), map(float, fields["operands"])
        answer = methods.evaluate(list(nodes), list(operands))
        self._send(
            "evaluated", question=fields["question"], data=array("d", answer.data),
            local_grads=array("d", answer.local_grads), problems=list(answer.problems),
        )  # fmt: skip

    def _obey(self, order: Instruction | None) -> None:
        """Records from here to the next backward if that is to be asked about."""
        if order is not None:
            self._quiet, self._let_pass = order.quiet, (order.low, order.high)
        for kind in self._classes:
            if self._quiet:
                kind.disarm()
            else:
                kind.arm(self._base)

    def _order(self, about: int) -> Instruction:
        """Waits for the answer to a question."""
        while True:
            order = self._read_order()
            if order.about == about:
                return order

    def _unasked_order(self) -> Instruction | None:
        """The newest order that came by itself, if any."""
        os.set_blocking(self._orders, False)
        try:
            newest = None
            while True:
                newest = self._read_order()
        except BlockingIOError:
            return newest
        finally:
            os.set_blocking(self._orders, True)

    def _read_order(self) -> Instruction:
        data = os.read(self._orders, ORDER)
        if not data:  # whoever attached is gone, and with it every reason to go on
            os._exit(1)
        return Instruction(*array("q", data[:INTEGERS]), *array("d", data[INTEGERS:]))

    def _send(self, kind: str, /, **fields: Field) -> None:
        if not self._is_open:
            return
        data = memoryview(encoded(kind, fields))
        # A Ctrl-C waits until the message is out: half of one could not be understood.
        pthread_sigmask(SIG_BLOCK, {SIGINT})
        try:
            while data:
                data = data[os.write(self._reports, data) :]
        except BrokenPipeError:
            os._exit(1)
        finally:
            pthread_sigmask(SIG_UNBLOCK, {SIGINT})


def _frames(innermost: FrameType, base: FrameType) -> Iterator[FrameType]:
    """The script's calls under way, from the innermost outwards."""
    frame: FrameType | None = innermost
    while frame is not None and frame is not base:
        yield frame
        frame = frame.f_back


def _names(calls: Iterable[FrameType], kind: ValueClass) -> Names:
    """What the script calls its nodes; nothing if that cannot be found out."""
    names = _read(lambda: names_in(calls, kind))
    return {} if isinstance(names, str) else names


def _graph(
    snapshot: Snapshot,
    kind: ValueClass,
    names: Names,
    log: PassLog | None = None,
    why_no_events: str = "",
) -> tuple[dict[str, Field], OwnMethods]:
    return snapshot.fields(names, log, why_no_events), OwnMethods(kind, snapshot.nodes)


def _read(reading: Callable[[], T]) -> T | str:
    """What is read from the script's nodes; or in words why it cannot be.

    A script must not die of being looked at, whatever its classes do. Python's cyclic collector
    would search the many objects made here again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return reading()
    except ReadingError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001
        return f"its nodes cannot be read: {type(error).__name__}: {error}"
    finally:
        if was_enabled:
            gc.enable()


def _loss(root: Node) -> float:
    try:
        return float(root.data)
    except (AttributeError, TypeError, ValueError, OverflowError):
        return float("nan")


def _ints(*numbers: int) -> array[int]:
    return array("q", numbers)
