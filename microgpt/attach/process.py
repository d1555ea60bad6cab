"""`ScriptProcess`: an unmodified script in a process of its own, that stops where it is told."""

from __future__ import annotations

import json
import linecache
import os
import queue
import signal
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal, Self

from microgpt.attach import ending
from microgpt.attach.evaluators import ScriptMethods
from microgpt.attach.foreign_graph import graph_of
from microgpt.attach.interpreter import interpreter
from microgpt.attach.messages import name_of_class, order, stop_of
from microgpt.attach.notebook import Notebook
from microgpt.attach.output import OutputTail
from microgpt.attach.pipes import Pipes
from microgpt.attach.stop_rule import NO_LOSSES, StopRule
from microgpt.attach.tensor_methods import TakenApart
from microgpt.attach.wire import Field, encoded, received
from microgpt.errors import InputError
from microgpt.files import is_file
from microgpt.graph.debuggee import Ended, Stop

RUNNER = Path(__file__).with_name("child") / "run.py"
SOON_OVER = 1.0
"""A script whose pipes are closed is over as soon, or has closed them itself. Units: seconds."""
GLANCE = 0.1
"""So often a wait for the script looks whether a Ctrl-C breaks it off. Units: seconds."""


class ScriptProcess:
    """Runs a Python script with the user's own rights, and gives the Graphs that it computes.

    The script is run as `python SCRIPT ARGUMENTS` would run it, by the interpreter that runs this.
    It is not contained in any way: it can do all that the user can. Its classes that define
    arithmetic are watched until a backward pass has shown which of them has nodes, and how.

    Use it as a context manager, or call `kill()` in the end.

        with ScriptProcess("train.py", ["--steps", "3"]) as script:
            while isinstance(stop := script.next_stop(), Stop):
                print(stop.number, stop.loss, stop.graph)
                script.resume()
        print(stop.reason)

    Args:
        path: the script, or a notebook, whose code cells are run in order.
        arguments: what it finds in `sys.argv[1:]`.
        stop: at which backward passes to stop.
        output: where what it prints goes: `captured` into `output`, or to our own standard output
            and error (`inherited`), or all of it to our standard error (`stderr`).
        stdin: whether it may read our standard input; else it finds it empty.
        module: whether `path` is the name of a module, to be run as `python -m` does.
        python: the interpreter to run it with; see `interpreter.interpreter`.

    Raises:
        InputError: there is no such file, or this system cannot hand pipes to a child.
    """

    def __init__(
        self,
        path: str | Path,
        arguments: Sequence[str] = (),
        stop: StopRule = StopRule(),  # noqa: B008  # frozen
        *,
        output: Literal["captured", "inherited", "stderr"] = "captured",
        stdin: bool = False,
        module: bool = False,
        python: str | None = None,
    ) -> None:
        if not module and not is_file(path):
            raise InputError(f"no script {str(path)!r}: a Python file is needed")
        if sys.platform == "win32":
            raise InputError("a script can be attached to on Linux and macOS, not on Windows yet")
        self.path = Path(path)
        self.left_out: tuple[str, ...] = ()  # lines of a notebook that are no Python
        kind, target = ("module" if module else "script"), [str(path)]
        if not module and self.path.suffix == ".ipynb":
            notebook = Notebook.read(self.path)
            kind, self.left_out = "notebook", notebook.left_out
            target.append(json.dumps(notebook.cells))
        executable = interpreter(python)
        self.output = OutputTail()
        self._rule = stop
        self._events: queue.Queue[Stop | Ended | BaseException] = queue.Queue()
        self._ended: Ended | None = None
        self._stopped_at: int | None = None
        self._given: Stop | Ended | None = None  # last, unless the script has gone on since
        self._wait_is_over = False
        self._is_waited_for = False
        self._pause_wanted = False
        self._class_names: list[str] = []
        self._watched: list[str] = []  # classes of which it is not known yet what they are
        self._candidates: list[str] = []  # classes that no pass was seen of, and what they lacked
        self._n_backwards = 0
        self._has_told_end, self._is_lost, self._replaced, self._fault = False, False, "", ""
        self._orders_lock = threading.Lock()
        self._n_stops = 0
        self._apart: TakenApart | None = None  # arrays of a pass that is to come
        self._n_questions = 0
        self._question_lock = threading.Lock()
        self._answers: queue.SimpleQueue[Mapping[str, Field] | None] = queue.SimpleQueue()
        self._orders: int | None
        pipes = Pipes.opened()
        self._orders, self._life = pipes.orders, pipes.life
        self._has_session = not stdin  # a terminal is read only by the session that it belongs to
        try:
            self._process = subprocess.Popen(  # noqa: S603  # running the user's script is the point
                [executable, str(RUNNER), *map(str, pipes.theirs),
                 "piped" if output == "captured" else output, kind, *target, *arguments],
                pass_fds=pipes.theirs,
                stdin=None if stdin else subprocess.DEVNULL,
                stdout={"captured": subprocess.PIPE, "inherited": None, "stderr": 2}[output],
                stderr=subprocess.STDOUT if output == "captured" else None,
                start_new_session=self._has_session,
            )  # fmt: skip
        finally:
            pipes.close_theirs()
        linecache.checkcache()  # it may be another text than when it was run last
        self._send_order(about=0)
        self._output_thread = _started(self.output.feed_from, self._process.stdout)
        self._reports = os.fdopen(pipes.reports, "rb", buffering=0)
        _started(self._read_reports, self._reports)

    # -- what a front end does ---------------------------------------------------------------------

    def next_stop(self, timeout: float | None = None) -> Stop | Ended | None:
        """The next stop, or how the script ended; None if neither comes in time.

        Args:
            timeout: how long to wait. None: as long as it takes. Units: seconds.

        Raises:
            Exception: whatever the rule's condition raised; the script is killed then.
        """
        if self._ended is not None and self._events.empty():
            self._given = self._ended
            return self._ended
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return None
        if isinstance(event, BaseException):
            raise event
        self._given = event
        return event

    def resume(self) -> None:
        """Lets the script go on from where it stopped; does nothing while it runs."""
        number, self._stopped_at = self._stopped_at, None
        if number is not None:
            self._send_order(about=number)

    def run_on(self, count: int = 1) -> Stop | Ended:
        """Goes on from the stop given last, and waits for the next one or for the script's end.

        Args:
            count: of the next backward passes that are stops, which one, from 1; an exception is
                one before.

        Raises:
            InputError: the script is over, or `break_off` was called, or the count is none.
        """
        if count < 1:
            raise InputError(f"a script runs on to its 1st, 2nd, ... stop, not to {count}")
        if isinstance(self._given, Ended):
            raise InputError(f"the script is over: {self._given.reason}")
        self._wait_is_over, self._is_waited_for = False, True  # before it goes on
        try:
            for _ in range(count):
                if self._given is not None:  # else it runs, or has stopped since
                    self._given = None
                    self.resume()
                event = self._awaited()
                if isinstance(event, Ended) or event.kind == "exception":
                    break
        finally:
            self._is_waited_for = False
        return event

    def break_off(self) -> None:
        """Ends a `run_on` that waits, if one does; a signal handler may call this.

        The script goes on to its next backward pass. It stops there, and the next `run_on` gives
        that stop.
        """
        self._wait_is_over = self._is_waited_for

    @property
    def is_waited_for(self) -> bool:
        """Whether a `run_on` waits for the script."""
        return self._is_waited_for

    def _awaited(self) -> Stop | Ended:
        while (event := self.next_stop(timeout=GLANCE)) is None:
            if self._wait_is_over:
                self.pause()
                raise InputError(
                    "the script still runs, and will stop at its next backward(): "
                    "`run` waits for that"
                )
        return event

    @property
    def stop_rule(self) -> StopRule:
        """At which backward passes to stop; may be set at any time."""
        return self._rule

    @stop_rule.setter
    def stop_rule(self, rule: StopRule) -> None:
        self._rule = rule
        self._send_order(about=0)

    def pause(self) -> None:
        """Stops the script at the next backward pass that can be recorded from its beginning."""
        self._pause_wanted = True
        self._send_order(about=0)

    def interrupt(self) -> None:
        """Ctrl-C for the script: unless it catches that, it stops once more, at an exception."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Ends the script at once, and what it has started with it."""
        if self._process.poll() is not None:
            return
        with suppress(ProcessLookupError):  # it may just have ended by itself
            if self._has_session:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    @property
    def is_running(self) -> bool:
        """Whether it is neither stopped nor over."""
        return self._stopped_at is None and self._ended is None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that are followed, as far as met yet: `Value`, `micrograd.engine.Value`."""
        return tuple(self._class_names)

    @property
    def waits_for(self) -> str:
        """What it has not done yet, in a sentence's words, while there is no stop."""
        if self._is_lost:
            return f"its end{ending.LOST}"
        if self._n_backwards:
            return f"a backward pass that is a stop, after {self._n_backwards:,} that are none"
        if names := [*self._class_names, *(n for n in self._watched if n not in self._class_names)]:
            return f"a first backward pass of {', '.join(names[: ending.MOST_CANDIDATES])}"
        return "a class that defines arithmetic, and a backward pass over its instances"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.kill()
        while self._ended is None:  # another thread may be given the event that says so
            with suppress(queue.Empty):
                self._events.get(timeout=GLANCE)

    # -- conversation ------------------------------------------------------------------------------

    def _send_order(self, about: int, stop: bool = False) -> None:
        quiet, let_pass = 0, NO_LOSSES
        if not self._pause_wanted:
            quiet = self._rule.to_let_pass(max(about, self._n_backwards))
            if self._rule.every == 1:  # else the script would have to know which passes are due
                let_pass = self._rule.let_pass
        self._write(order(about, stop, quiet, losses=let_pass))

    def _ask(self, stop: int, kind: str, fields: Mapping[str, Field]) -> Mapping[str, Field]:
        """Asks the script about the graph of a stop, which has to be the one it stands still at.

        Raises:
            InputError: it stands there no more.
        """
        with self._question_lock:
            if self._ended is not None:
                raise InputError(f"the script is over: {self._ended.reason}")
            about = self._stopped_at
            if about is None or stop != self._n_stops:
                raise InputError("the script has run on since")
            self._n_questions += 1
            number = array("q", [self._n_questions])
            self._write(order(about, asks=True) + encoded(kind, {"question": number, **fields}))
            while (answer := self._next_answer()) is not None:
                if answer["question"] == number:  # else of one that was not waited for
                    return answer
        raise InputError(f"the script is over: {self._ended.reason if self._ended else ''}")

    def _next_answer(self) -> Mapping[str, Field] | None:
        while True:  # a Ctrl-C just before a wait without an end would not end it
            with suppress(queue.Empty):
                return self._answers.get(timeout=GLANCE)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        with self._orders_lock, suppress(BrokenPipeError):  # it may be over; `next_stop` tells
            while rest and self._orders is not None:
                rest = rest[os.write(self._orders, rest) :]

    def _read_reports(self, reports: BinaryIO) -> None:
        """Answers the script's questions, and turns its reports into events, until it is over."""
        try:
            with reports:
                while message := received(reports.read):
                    self._take(*message)
        except BaseException as error:  # noqa: BLE001  # is raised by `next_stop`
            self._events.put(error)
            self.kill()
        try:
            status = self._process.wait(None if self._has_told_end else SOON_OVER)
        except subprocess.TimeoutExpired:
            self._is_lost = True
            status = self._process.wait()
        with self._orders_lock:
            orders, self._orders = self._orders, None
        for end in (self._life, *([] if orders is None else [orders])):
            os.close(end)
        self._output_thread.join(timeout=1)  # longer only if what it started still prints
        n_backwards = self._n_backwards if self._has_told_end else None
        known = (self._class_names, self._candidates, n_backwards, self._fault)
        how = ending.how_it_ended(status, *known)
        how += ending.LOST * self._is_lost + self._replaced * (status != 0 or not n_backwards)
        self._ended = Ended(status, how, self._n_backwards, self._fault)
        self._answers.put(None)
        self._events.put(self._ended)

    def _take(self, kind: str, fields: Mapping[str, Field]) -> None:
        if kind in {"class", "candidate", "watched"}:
            name = name_of_class(fields)
            if kind == "class":
                self._class_names.append(name)
            elif kind == "watched":
                self._watched.append(name)
            else:
                self._candidates.append(f"{name}: {fields['reason'][0]}")
            return
        if kind == "evaluated":
            self._answers.put(fields)
            return
        self._n_backwards = number = int(fields["number"][0])
        if kind == "tensors":  # asked before its pass frees what would answer
            self._apart = TakenApart(fields, self._ask_now)
            self._write(order(number))
            return
        if kind == "backward":
            loss = float(fields["loss"][0])
            stops = self._pause_wanted or self._rule.holds(number, loss)
            if stops:
                self._pause_wanted = False
            self._send_order(number, stops)
        elif kind == "end":
            self._has_told_end, self._replaced = True, ending.replaced_in_words(fields["replaced"])
            self._fault = ending.fault_in_words(str(fields["fault"][0]))
        elif kind == "stop":
            self._stopped_at = number
            self._n_stops += 1
            self._events.put(self._stop_at(fields))

    def _stop_at(self, fields: Mapping[str, Field]) -> Stop:
        """A stop; a graph of arrays is taken apart while the script waits."""
        ask = partial(self._ask, self._n_stops)
        if "dims" not in fields:
            methods = ScriptMethods(partial(self._ask_now, "evaluate"))
            graph = graph_of(fields, methods) if "data" in fields else None
            return stop_of(fields, graph, ScriptMethods(partial(ask, "evaluate")))
        apart, self._apart = self._apart or TakenApart(fields, self._ask_now), None
        return stop_of(fields, apart.graph(fields), apart.methods(ask))

    def _ask_now(self, kind: str, fields: Mapping[str, Field]) -> Mapping[str, Field]:
        """Asks the script, which stands still, from the thread that reads its reports."""
        self._n_questions += 1
        number = array("q", [self._n_questions])
        question = encoded(kind, {"question": number, **fields})
        self._write(order(self._n_backwards, asks=True) + question)
        while (message := received(self._reports.read)) is not None:
            if message[0] == "evaluated":  # its code may build classes while it is asked
                return message[1]
            self._take(*message)
        raise InputError("the script is over")


def _started(target: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=target, args=arguments, daemon=True)
    thread.start()
    return thread
