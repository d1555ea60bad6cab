"""`microgpt debug SCRIPT.py`: the debugger on the graphs of anyone's program."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from microgpt import InputError
from microgpt.files import is_file
from tui.cli.options.parser import given_options
from tui.cli.options.script_options import STOP_OPTIONS, stop_rule_from
from tui.cli.terminal.exit_status import EXIT_ERROR
from tui.cli.terminal.output import notice, say
from tui.cli.verb_lines import carry_out

if TYPE_CHECKING:
    from microgpt.attach import ScriptProcess, Stop


PATIENCE = 8
"""After so long without a stop it is said what is waited for. Units: seconds."""


def is_script(text: str | None) -> bool:
    """Whether what is to be debugged is a script: a name in .py or .ipynb, or a file's path.

    >>> is_script("train.py"), is_script("emma")
    (True, False)
    """
    return text is not None and (
        text.endswith((".py", ".ipynb")) or ("/" in text and is_file(text)) or is_recording(text)
    )


def is_recording(text: str) -> bool:
    """Whether it is the file of a script's recorded passes."""
    if not text.endswith(".run") or not is_file(text):
        return False
    from microgpt.script_runs.pass_file import is_pass_file  # noqa: PLC0415  # numpy

    return is_pass_file(Path(text))


def debug_script(
    arguments: argparse.Namespace, script_arguments: Sequence[str], lines: Iterable[str] | None
) -> int:
    """Runs a script to its first stop, carries out verbs there, and ends it; the exit status.

    Args:
        lines: the verbs, None to read them from stdin.

    Raises:
        InputError: an option or the script cannot be used, or no graph came of it.
    """
    for option in given_options(arguments):
        if option not in STOP_OPTIONS:
            raise InputError(
                f"{option} cannot be given with {arguments.text or arguments.module}: a script has "
                "its own model; its own arguments follow after --"
            )
    from microgpt.attach import ScriptProcess  # noqa: PLC0415  # numpy comes with them
    from microgpt.debugger import DebugSession  # noqa: PLC0415
    from microgpt.debugger.outcome import error_as_json  # noqa: PLC0415
    from microgpt.debugger.verbs.where import halt_lines  # noqa: PLC0415

    at_prompt = lines is None and sys.stdin.isatty() and not arguments.json
    with (
        sigterm_unwinds(),
        ScriptProcess(
            arguments.text or arguments.module,
            script_arguments,
            stop_rule_from(arguments),
            output="inherited" if at_prompt else "stderr",
            module=arguments.module is not None,
            python=arguments.python,
        ) as script,
    ):
        for place in script.left_out:
            notice(f"left out, since it is no Python: {place}")
        waiting = threading.Timer(PATIENCE, _say_what_is_waited_for, [script])
        waiting.daemon = True
        waiting.start()
        try:
            halt = _first_graph(script)
        except InputError as error:
            if not arguments.json:
                raise
            say(error_as_json("run", str(error)))
            return EXIT_ERROR
        finally:
            waiting.cancel()
        session = DebugSession.at(halt, script)
        if not arguments.json:
            for line in halt_lines(halt):
                say(line)
        if at_prompt:
            from tui.cli.debug_prompt import open_session  # noqa: PLC0415  # slow to import

            with _ctrl_c_breaks_off(script):
                open_session(session)
            return 0
        return carry_out(session, sys.stdin if lines is None else lines, as_json=arguments.json)


def _say_what_is_waited_for(script: ScriptProcess) -> None:
    """Says on stderr why there is no stop yet, for a script that runs long before its first."""
    told = f"{script.path} has run for {PATIENCE} s without a stop; it waits for {script.waits_for}"
    notice(told)


def _first_graph(script: ScriptProcess) -> Stop:
    """The first stop with a graph. Raises `InputError`, saying why, if there is none."""
    from microgpt.attach import Stop  # noqa: PLC0415  # numpy comes with it

    stops: list[str] = []
    while isinstance(halt := script.run_on(), Stop):
        if halt.graph is not None:
            return halt
        what = f"raised {halt.error}" if halt.error else f"backward {halt.number}"
        from microgpt.code_places import line_called  # noqa: PLC0415

        at = line_called(halt.file, halt.line)
        stops.append(f"{at}: {what}" + (f" ({halt.problem})" if halt.problem else ""))
    if halt.n_backwards and not stops:
        stops = ["it stopped at none"]
    told = "; ".join((halt.reason, *stops[-1:]))
    raise InputError(f"{script.path}: no graph to debug: {told}")


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """SIGTERM ends the program by an exception, so that it ends the script before."""

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    previous = signal.getsignal(signal.SIGTERM)
    if previous is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def _ctrl_c_breaks_off(script: ScriptProcess) -> Iterator[None]:
    """Ctrl-C gives the prompt back while a script is waited for, which stops where it can."""

    def handle(number: int, frame: FrameType | None) -> None:
        if script.is_waited_for:
            script.break_off()
        else:
            signal.default_int_handler(number, frame)

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
