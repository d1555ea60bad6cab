"""What `microgpt diagnose` does. Imports numpy, so it comes late."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from microgpt import InputError
from microgpt.attach import ScriptProcess
from microgpt.debugger.post_mortem import compute
from microgpt.diagnosis.evidence import Evidence
from microgpt.diagnosis.finding import Diagnosis, Finding
from microgpt.diagnosis.kinds import CATALOGUE
from microgpt.diagnosis.pass_evidence import PassEvidence
from microgpt.diagnosis.program import Program
from microgpt.diagnosis.watching import LONGEST, Watching, diagnosis_of
from microgpt.diagnosis.wording import lines_of
from tui.cli.options.trained_model import trained_model, untrained_model
from tui.cli.terminal.output import can_redraw, notice, say

TOLD_AFTER = (2.0, 8.0)
"""So long after it began how many passes were seen is told. Units: seconds."""
LOOK_EVERY = 0.3
"""So often `--watch` looks whether a file has changed. Units: seconds."""
STYLES = {
    "heading": "1", "certain": "1;31", "likely": "1;33", "note": "1;36", "code": "36", "muted": "2",
}  # fmt: skip
"""As terminals know them."""


def diagnose_document(arguments: argparse.Namespace) -> int:
    """Diagnoses the pass of one document of our own model; gives the exit status.

    Raises:
        InputError: an option or the document cannot be used.
    """
    untrained_model(arguments)
    looked_at = trained_model(arguments, stop_where_it_fails=True)
    document = looked_at.chosen_document(arguments.text)
    computed = compute(looked_at.model, document)
    passes: tuple[PassEvidence, ...] = ()
    unseen = (computed.problem,) if computed.problem else ()
    if computed.graph.backpropagated:
        passes = (PassEvidence.of_graph(computed.graph, number=looked_at.state.step + 1),)
    evidence = Evidence(passes, Program(), unseen=unseen)
    diagnosis = diagnosis_of(evidence)
    _print(diagnosis, evidence.program, "", as_json=arguments.json)
    return diagnosis.exit_status


def diagnose_script(arguments: argparse.Namespace, script_arguments: Sequence[str]) -> int:
    """Diagnoses a script, once or at each change; gives the exit status.

    Raises:
        InputError: the script cannot be run, or a kind is none.
    """
    kinds = [kind.name for kind in CATALOGUE]
    for kind in arguments.allowed:
        if kind not in kinds:
            raise InputError(f"--allow {kind}: no such kind; there are {', '.join(kinds)}")
    if not arguments.watch:
        return _diagnosed(arguments, script_arguments).exit_status
    before: Diagnosis | None = None
    files: dict[str, None] = {}
    while True:
        watching = _seen(arguments, script_arguments)
        diagnosis = diagnosis_of(watching.evidence)
        _print(diagnosis, watching.program, _way(arguments), as_json=arguments.json)
        if before is not None and not arguments.json:
            for line in changes(before, diagnosis):
                say(line)
        before = diagnosis
        # A module that does not compile is in no pass, but was in those before.
        files.update((file, None) for seen in watching.evidence.passes for file in seen.files)
        if arguments.text:
            files[str(arguments.text)] = None
        try:
            _wait_for_change(files)
        except KeyboardInterrupt:
            return diagnosis.exit_status


def _diagnosed(arguments: argparse.Namespace, script_arguments: Sequence[str]) -> Diagnosis:
    watching = _seen(arguments, script_arguments)
    diagnosis = diagnosis_of(watching.evidence)
    _print(diagnosis, watching.program, _way(arguments), as_json=arguments.json)
    return diagnosis


def _way(arguments: argparse.Namespace) -> str:
    what = f"-m {arguments.module}" if arguments.module else str(arguments.text)
    return f"microgpt debug {what}"


def _seen(arguments: argparse.Namespace, script_arguments: Sequence[str]) -> Watching:
    """Runs the script for as long as it tells something new; Ctrl-C ends that sooner."""
    watching = Watching(Program(frozenset(arguments.allowed)), arguments.passes)
    is_read = can_redraw(sys.stderr) and not arguments.json
    with ScriptProcess(
        arguments.text or arguments.module, script_arguments, output="stderr",
        module=arguments.module is not None, python=arguments.python,
    ) as script:  # fmt: skip
        # Lines of their own: what the script prints goes to the same terminal.
        timers = [
            threading.Timer(after, _tell_progress, (watching, after))
            for after in TOLD_AFTER
            if is_read
        ]
        timers.append(threading.Timer(LONGEST, script.break_off))
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            watching.watch(script)
        except KeyboardInterrupt:
            watching.was_cut_short = "it was broken off"
        except InputError:
            if not watching.n_seen:
                watching.was_cut_short = (
                    f"no pass within {LONGEST:g} s: it waits for {script.waits_for}"
                )
        finally:
            for timer in timers:
                timer.cancel()
    if not watching.n_seen and watching.ended is not None:
        watching.was_cut_short = watching.ended.reason
    return watching


def _tell_progress(watching: Watching, after: float) -> None:
    passes = "1 pass" if watching.n_seen == 1 else f"{watching.n_seen} passes"
    notice(f"watching: {passes} in {after:g} s; ctrl-C tells what is known so far")


def _print(diagnosis: Diagnosis, program: Program, go_to: str, *, as_json: bool) -> None:
    if as_json:
        say(diagnosis.to_json())
        return
    is_styled = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def paint(text: str, style: str) -> str:
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if is_styled else text

    for line in lines_of(diagnosis, program, paint, go_to):
        with suppress(BrokenPipeError):
            print(line, flush=True)  # noqa: T201


def changes(before: Diagnosis, after: Diagnosis) -> list[str]:
    """What a change has mended, and what it has broken."""
    was, now = _by_kind(before), _by_kind(after)
    told = [f"mended: {kind} at line {f.line}" for kind, f in was.items() if kind not in now]
    told += [f"broken: {kind} at line {f.line}" for kind, f in now.items() if kind not in was]
    return told or ["the change has mended and broken nothing"]


def _by_kind(diagnosis: Diagnosis) -> dict[str, Finding]:
    return {f.kind: f for f in reversed(diagnosis.findings) if f.certainty != "note"}


def _wait_for_change(files: Iterable[str]) -> None:
    """Waits until a file of the program is another than it was."""
    times = {file: _changed_at(file) for file in files}
    notice("watching for changes; ctrl-C ends")
    while all(_changed_at(file) == at for file, at in times.items()):
        time.sleep(LOOK_EVERY)


def _changed_at(file: str) -> float:
    try:
        return Path(file).stat().st_mtime
    except OSError:
        return 0.0
