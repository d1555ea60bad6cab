"""`Channel`: the two pipes between the script's process and ours, from the script's side."""

from __future__ import annotations

import os
from _signal import (  # type: ignore[import-not-found]  # a script may have a signal.py
    SIG_BLOCK,
    SIG_IGN,
    SIG_UNBLOCK,
    SIGINT,
    pthread_sigmask,
    signal,
)
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import NamedTuple

from microgpt.attach.wire import Field, Message, encoded, received

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


RUN_ON = Instruction(0, 0, 1 << 62, 0, float("inf"), float("-inf"))
"""What is obeyed where nobody can be heard any more."""


def _identity(end: int) -> object:
    """What an open file is, however it is called; None for none."""
    try:
        found = os.fstat(end)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Channel:
    """Sends messages and receives orders.

    Args:
        orders: file descriptor to read orders from.
        reports: file descriptor to write messages to.
        shares_terminal: whether a Ctrl-C typed for our process reaches the script, too.
    """

    def __init__(self, orders: int, reports: int, *, shares_terminal: bool) -> None:
        self._orders = orders
        self._reports = reports
        self._shares_terminal = shares_terminal
        self.is_open = True
        self._next_look = 0.0
        self._pipes = [_identity(end) for end in (orders, reports)]

    def close(self) -> None:
        """Says and hears nothing any more."""
        self.is_open = False
        os.close(self._orders)
        os.close(self._reports)

    def _check(self) -> None:
        """A script may close what it has not opened, and open files of its own in their place."""
        if self.is_open and [_identity(e) for e in (self._orders, self._reports)] != self._pipes:
            self.is_open = False

    def question(self) -> Message:
        """The message that follows an order which asks."""
        question = received(lambda count: os.read(self._orders, count))
        if question is None:
            os._exit(1)
        return question

    @contextmanager
    def leaving_ctrl_c(self) -> Iterator[None]:
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

    def order(self, about: int) -> Instruction:
        """Waits for the answer to a question."""
        while self.is_open:
            order = self._read_order()
            if order.about == about:
                return order
        return RUN_ON

    def may_look(self) -> bool:
        """Whether it is time again to look for an order that nobody asked for."""
        return perf_counter() >= self._next_look

    def unasked_order(self) -> Instruction | None:
        """The newest order that came by itself, if any."""
        self._next_look = perf_counter() + LOOK_EVERY
        self._check()
        if not self.is_open:
            return None
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

    def send(self, kind: str, /, **fields: Field) -> None:
        """Sends a message, all of it."""
        self._check()
        if not self.is_open:
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
