"""Recording a script's passes in a file, and opening a script or its recording alike."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from microgpt import InputError
from tui.cli.debug_script import is_recording, sigterm_unwinds
from tui.cli.options.parser import given_options
from tui.cli.options.script_options import STOP_OPTIONS, stop_rule_from
from tui.cli.terminal.output import say
from tui.cli.verb_lines import carry_out

if TYPE_CHECKING:
    from microgpt.attach import ScriptProcess, StopRule
    from microgpt.script_runs.recorded_script import RecordedScript

MEGABYTE = 10**6
BUDGET = 200
"""Units: MB."""


def opened_script(
    name: str, script_arguments: Sequence[str], rule: StopRule
) -> ScriptProcess | RecordedScript:
    """A script that runs, or the recording of one.

    Raises:
        InputError: there is no such script, or arguments are given to a recording.
        RunFileError: the recording cannot be read.
    """
    if is_recording(name):
        from microgpt.script_runs.recorded_script import RecordedScript  # noqa: PLC0415  # numpy

        if script_arguments:
            raise InputError(f"{script_arguments[0]} is for a script, and {name} is recorded")
        return RecordedScript(name, rule.only)
    from microgpt.attach import ScriptProcess  # noqa: PLC0415  # numpy

    return ScriptProcess(name, script_arguments, rule, output="stderr")


def record_script(arguments: argparse.Namespace, script_arguments: Sequence[str]) -> int:
    """Runs a script to its end, or until the budget is used up, and records its passes.

    Raises:
        InputError: an option or the script cannot be used, or it has no pass.
        RunFileError: the file is there already, or cannot be written.
    """
    from microgpt.attach import ScriptProcess  # noqa: PLC0415  # numpy
    from microgpt.script_runs.pass_file import PassWriter  # noqa: PLC0415  # likewise
    from microgpt.script_runs.recorded_script import record  # noqa: PLC0415  # likewise

    for option in given_options(arguments):
        if option not in {*STOP_OPTIONS, "--run", "--budget"}:
            raise InputError(f"{option} cannot be given where a script's passes are recorded")
    name, path = arguments.text or arguments.module, arguments.run_file
    if arguments.lines is not None or arguments.json:
        raise InputError("--run records a script's passes, and carries out no verbs meanwhile")
    most = (arguments.budget or BUDGET) * MEGABYTE
    with (
        sigterm_unwinds(),
        ScriptProcess(
            name, script_arguments, stop_rule_from(arguments), output="stderr",
            module=arguments.module is not None, python=arguments.python,
        ) as script,
    ):  # fmt: skip
        writer = PassWriter(path, name, list(script_arguments))
        try:
            recorded = record(script, writer, most)
        finally:  # what is there is kept, also after Ctrl-C
            writer.close()
            if not writer.n_passes:
                path.unlink(missing_ok=True)
    if not recorded.n_passes:
        raise InputError(f"{name}: no pass to record: {recorded.ended}")
    passes = f"{recorded.n_passes:,} pass{'' if recorded.n_passes == 1 else 'es'}"
    say(f"recorded {passes} of {name} in {path}, {recorded.size / MEGABYTE:.1f} MB")
    say(f"  {recorded.ended}")
    return 0


def debug_recording(arguments: argparse.Namespace, lines: list[str] | None) -> int:
    """The debugger on a recording: `run` goes to the next pass.

    Raises:
        InputError: an option is for a script that runs, or there is no such pass.
        RunFileError: it cannot be read.
    """
    from microgpt.debugger import DebugSession  # noqa: PLC0415  # numpy
    from microgpt.debugger.verbs.where import halt_lines  # noqa: PLC0415  # likewise
    from microgpt.graph.debuggee import Stop  # noqa: PLC0415  # likewise
    from microgpt.script_runs.recorded_script import RecordedScript  # noqa: PLC0415  # likewise

    for option in given_options(arguments):
        if option != "--pass":
            raise InputError(f"{option} cannot be given with {arguments.text}, which is recorded")
    with RecordedScript(arguments.text, stop_rule_from(arguments).only) as recording:
        halt = recording.run_on()
        if not isinstance(halt, Stop):
            raise InputError(f"{arguments.text}: no such pass: {halt.reason}")
        session = DebugSession.at(halt, recording)
        if not arguments.json:
            for line in halt_lines(halt):
                say(line)
        if lines is None and sys.stdin.isatty() and not arguments.json:
            from tui.cli.debug_prompt import open_session  # noqa: PLC0415  # slow to import

            open_session(session)
            return 0
        return carry_out(session, sys.stdin if lines is None else lines, as_json=arguments.json)


def recording_lines(path: str) -> list[str]:
    """What `microgpt runs` tells of a recording.

    Raises:
        RunFileError: it cannot be read.
    """
    from microgpt.script_runs.recorded_script import RecordedScript  # noqa: PLC0415  # numpy

    with RecordedScript(path) as recording:
        (script, given), losses = recording.script, recording.losses
    lines = [path, f"  script     {' '.join([script, *given])}", f"  passes     {len(losses)}"]
    if losses:
        (first, loss), (last, last_loss) = losses[0], losses[-1]
        lines[-1] += f", numbers {first} to {last}"
        lines.append(f"  loss       {loss:.4f}, at last {last_loss:.4f}")
    return [*lines, f"  size       {Path(path).stat().st_size / MEGABYTE:.1f} MB"]
