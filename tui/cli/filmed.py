"""What a film is of: a text at the steps of a recorded run, or a script's recorded passes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from microgpt import InputError
from tui.cli.debug_script import is_recording
from viz.views.table import VIEWS, view_kind

if TYPE_CHECKING:
    from microgpt.graph.graph import Graph
    from microgpt.runs import Run
    from microgpt.script_runs.recorded_script import RecordedScript
    from viz.views.subject import ViewSubject

MAP = "map"
MAP_UPDATE = "update"
"""The lens of Maps that needs the graph after a step's update."""


@dataclass(frozen=True)
class Filmed:
    """The moments that there are, and what is seen at each."""

    unit: Literal["step", "pass"]
    numbers: Sequence[int]  # of the moments, ascending
    title: str
    at: Callable[[int], ViewSubject]
    updated: Callable[[int], Graph] | None  # the graph after a step's update

    def between(self, first: int | None, last: int | None) -> list[int]:
        """The numbers from one to another.

        Raises:
            InputError: there is no such moment, or none between them, or they are the wrong way
                round.
        """
        begin, end = self.numbers[0], self.numbers[-1]
        for option, number in (("--from", first), ("--to", last)):
            if number is not None and not begin <= number <= end:
                few = "steps" if self.unit == "step" else "passes"
                raise InputError(f"{option} {number}: the run has {few} {begin} to {end}")
        first, last = first or begin, last or end
        if first > last:
            raise InputError(
                f"--from {first}: must be at most {last}, the last {self.unit} of the film"
            )
        chosen = [number for number in self.numbers if first <= number <= last]
        if not chosen:
            before = max(number for number in self.numbers if number < first)
            after = min(number for number in self.numbers if number > last)
            raise InputError(
                f"--from {first} --to {last}: no {self.unit} between them is recorded; the nearest "
                f"are {before} and {after}"
            )
        return chosen


@contextmanager
def filmed(arguments: argparse.Namespace) -> Iterator[Filmed]:
    """What the command's arguments ask for, open as long as it is drawn.

    Raises:
        InputError: the text or an option cannot be used, or nothing is recorded.
        RunFileError: the run cannot be read.
    """
    if is_recording(str(arguments.run_file)):
        from microgpt.script_runs.recorded_script import (  # noqa: PLC0415  # numpy
            RecordedScript,
        )

        with RecordedScript(arguments.run_file) as recording:
            yield _of_script(arguments, recording)
        return
    from microgpt.runs import Run  # noqa: PLC0415  # numpy and SQLite

    with Run(arguments.run_file, arguments.engine) as recorded:
        yield _of_run(arguments, recorded)


def _of_run(arguments: argparse.Namespace, recorded: Run) -> Filmed:
    from viz.views.subject import ViewSubject  # noqa: PLC0415  # numpy

    begin, end = recorded.first_step + 1, recorded.last_step
    if end < begin:
        raise InputError(f"{arguments.run_file}: no step is recorded yet")

    def at(step: int) -> ViewSubject:
        seen = recorded.at(step)
        return ViewSubject(
            document, seen.before, seen.state_before, recorded.info.config, step, f"step {step}"
        )

    steps = range(begin, end + 1)
    # Its text is the last step's of the film, where none is given.
    last = recorded.at(arguments.last if arguments.last in steps else end)
    if arguments.text is None:
        assert last.result is not None  # it is no beginning
        document = last.result.document
    else:
        last.before.check_document(arguments.text)
        document = arguments.text
    return Filmed(
        "step", steps, f"“{document}” in {arguments.run_file.name}", at,
        lambda step: recorded.at(step).after.graph(document),
    )  # fmt: skip


def _of_script(arguments: argparse.Namespace, recording: RecordedScript) -> Filmed:
    from viz.films.scenes import MAP_LENSES  # noqa: PLC0415  # numpy
    from viz.views.subject import ViewSubject  # noqa: PLC0415  # beside the one above

    if arguments.text is not None:
        raise InputError(f"{arguments.text} is a text, and {arguments.run_file} is a script's")
    if arguments.engine is not None and arguments.engine != "auto":
        raise InputError(f"--engine: {arguments.run_file} is a script's: nothing is computed again")
    if arguments.lens == MAP_UPDATE:
        lenses = ", ".join(lens for lens in MAP_LENSES if lens != MAP_UPDATE)
        raise InputError(f"--lens {MAP_UPDATE}: a film of a script's passes has {lenses}")
    if arguments.view != MAP and view_kind(arguments.view).needs != "graph":
        of_graphs = ", ".join([MAP, *(n for n, row in VIEWS.items() if row.needs == "graph")])
        raise InputError(
            f"--view {arguments.view}: is of microgpt's own model; of a script there are "
            f"{of_graphs}"
        )

    def at(number: int) -> ViewSubject:
        return ViewSubject(given=recording.pass_at(number).graph, moment=f"pass {number}")

    numbers = [number for number, _ in recording.losses]
    if not numbers:
        raise InputError(f"{arguments.run_file}: no pass is recorded")
    script, _ = recording.script
    title = f"{Path(script).name} in {arguments.run_file.name}"
    return Filmed("pass", numbers, title, at, None)
