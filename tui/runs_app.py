"""An app that begins other runs: branches and new ones; and keeps those to compare with."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.message import Message

from microgpt import Training, load_corpus
from microgpt.errors import InputError, MicrogptError
from microgpt.runs import RunRecorder
from microgpt.runs.run_info import RunInfo
from microgpt.text.corpus import is_path
from tui.base.thread_work import in_thread
from tui.dialogs.branch import BranchScreen
from tui.dialogs.compare_runs import CompareRunsScreen
from tui.dialogs.new_run import NewRunScreen
from tui.dialogs.setup_form import path_of
from tui.selecting_app import SelectingApp
from tui.training import branching
from tui.training.branching import Branch
from tui.training.compared_runs import LETTERS, ComparedRun, read_compared, read_on
from tui.training.new_run import NewRun

READ_EVERY = 2.0
"""So often runs that grow are read again. Units: seconds."""


@dataclass(frozen=True, slots=True)
class _RunToRead:
    path: Path
    name: str


class RunsApp(SelectingApp):
    """Over one run, which it leaves for others; their losses are drawn over each other."""

    class Begun(Message):
        """Another run has been begun."""

        def __init__(self, training: Training, recorder: RunRecorder, title: str) -> None:
            super().__init__()
            self.training = training
            self.recorder = recorder
            self.title = title

    class NotBegun(Message):
        """Another run could not be begun, or not be read."""

        def __init__(self, problem: str, title: str) -> None:
            super().__init__()
            self.problem = problem
            self.title = title

    class ComparedRead(Message):
        """Runs to compare with were read."""

        def __init__(
            self, asked: tuple[Path, ...], at_hand: RunInfo, runs: tuple[ComparedRun, ...],
            problem: str,
        ) -> None:  # fmt: skip
            super().__init__()
            self.asked = asked
            self.at_hand = at_hand  # the run that they are told against
            self.runs = runs
            self.problem = problem

    compared: tuple[ComparedRun, ...] = ()
    """The runs whose losses are drawn over the ones of the run at hand."""
    _to_read: tuple[_RunToRead, ...] = ()
    _read_next = 0.0
    _n_unsaved = 1  # runs that nobody asked to keep, so far

    @property
    def run_name(self) -> str:
        """What the run at hand is called."""
        path = self._run_path
        is_unsaved = self._scratch is not None and path.parent == Path(self._scratch.name)
        return f"run {path.stem.rpartition('-')[2]}" if is_unsaved else path.name

    # -- branching -----------------------------------------------------------------------------

    def action_branch(self) -> None:
        """Asks how to train on from the past step shown, and does it as a new run."""
        if self._past is None:
            self.notify("go to a past step first: , or g", timeout=3)
            return
        step, info = self._past.step, self._run_info
        stem = Path(info.corpus).stem if self._is_unsaved else self._run_path.stem
        path = self.unused_path(f"{stem}-branch-{step}", "run")

        def branch(chosen: Branch | None) -> None:
            if chosen is not None:
                self._begin_branch(step, chosen)

        as_it_is = Branch(info.config, path)
        self.open_dialog(BranchScreen(step, as_it_is, self.kept_in), branch)

    @in_thread("branch", exclusive=True)
    def _begin_branch(self, step: int, chosen: Branch) -> None:
        try:
            self.check_path(chosen.path)
            training, recorder = branching.begin(self._run_path, step, chosen, self._corpus)
        except MicrogptError as error:
            self.post_message(self.NotBegun(str(error), "no branch"))
        else:
            told = f"branched off after step {training.step}"
            self.post_message(self.Begun(training, recorder, told))

    # -- a new run -----------------------------------------------------------------------------

    def action_new_run(self) -> None:
        """Asks for hyperparameters and a corpus, and begins a run with them."""
        if self._frame is None:
            return
        info = self._run_info
        as_it_is = NewRun(info.corpus, info.model, info.config, None)
        self.open_dialog(NewRunScreen(as_it_is, self.kept_in), self._begin_new)

    def _begin_new(self, chosen: NewRun | None) -> None:
        if chosen is not None:
            self.notify("a new run begins", timeout=2)
            self._begin_new_run(chosen)

    @in_thread("branch", exclusive=True)
    def _begin_new_run(self, chosen: NewRun) -> None:
        try:
            for path in (chosen.path, Path(chosen.corpus) if is_path(chosen.corpus) else None):
                if path is not None:
                    self.check_path(path)
            training = Training(load_corpus(chosen.corpus), chosen.model, chosen.config, "auto")
            path = chosen.path
            if path is None:
                self._n_unsaved += 1
                path = self._scratch_path(self._n_unsaved)
            recorder = RunRecorder.create(path, training, corpus=chosen.corpus)
        except MicrogptError as error:
            self.post_message(self.NotBegun(str(error), "no new run"))
        else:
            self.post_message(self.Begun(training, recorder, "a new run"))

    @on(NotBegun)
    def _say_not_begun(self, event: NotBegun) -> None:
        self.notify(event.problem, title=event.title, severity="error", markup=False)

    @on(Begun)
    def _train_on(self, event: Begun) -> None:
        """Leaves the run for another, which the one left is compared with."""
        left = _RunToRead(self._run_path, self.run_name)
        if self._frame is not None and self._frame.has_steps:
            self._to_read = (*self._to_read, left)[-len(LETTERS) :]
        self.go_over_to(event.training, event.recorder)
        self.notify(self.run_name if self._is_unsaved else str(event.recorder.path),
                    title=event.title, markup=False)  # fmt: skip

    def go_over_to(self, training: Training, recorder: RunRecorder) -> None:
        """Leaves the run for another; the others are told against that then."""
        super().go_over_to(training, recorder)
        self.compared = ()
        self._read_others()

    @property
    def _is_unsaved(self) -> bool:
        return self.run_name != self._run_path.name

    # -- comparing -----------------------------------------------------------------------------

    def action_compare_runs(self) -> None:
        """Asks for a run to compare with, or for one to take away."""

        def compare(told: str | None) -> None:
            if told is not None:
                self.compare_with(told)

        self.open_dialog(CompareRunsScreen([run.name for run in self._to_read]), compare)

    def compare_with(self, told: str) -> None:
        """Adds a run's file, or takes a run away that is told by its letter."""
        told = told.strip()
        if len(told) == 1 and told in LETTERS[: len(self._to_read)]:
            at = LETTERS.index(told)
            self._to_read = (*self._to_read[:at], *self._to_read[at + 1 :])
            self.compared = tuple(run for run in self.compared if run.path in self._paths)
            self.show_run()
            return
        try:
            path = path_of(told)
            self.check_path(path)
            if path.resolve() in {self._run_path.resolve(), *(p.resolve() for p in self._paths)}:
                raise InputError(f"{path} is shown already")
            if len(self._to_read) == len(LETTERS):
                raise InputError(f"{len(LETTERS)} runs are all there is room for: take one away")
        except MicrogptError as error:
            self.notify(str(error), title="not compared", severity="error", markup=False)
            return
        self._to_read = (*self._to_read, _RunToRead(path, path.name))
        self._read_others()

    @property
    def _paths(self) -> list[Path]:
        return [run.path for run in self._to_read]

    def _read_others(self) -> None:
        """Has runs read that are not yet, and of those that grow what is new."""
        self._read_next = time.monotonic() + READ_EVERY
        known = {run.path: run for run in self.compared}
        new = tuple(run for run in self._to_read if run.path not in known)
        growing = tuple(run for run in self.compared if run.is_growing)
        if new or growing:
            self._read_compared(new, growing, self._run_info)

    def _show_step(self) -> None:
        """Shows what has come; runs that grow have grown."""
        if time.monotonic() >= self._read_next and any(run.is_growing for run in self.compared):
            self._read_others()
        super()._show_step()

    @in_thread("compare", exclusive=True)
    def _read_compared(
        self, new: tuple[_RunToRead, ...], growing: tuple[ComparedRun, ...], at_hand: RunInfo
    ) -> None:
        found, problem = [], ""
        asked: tuple[ComparedRun | _RunToRead, ...] = (*growing, *new)
        for each in asked:
            try:
                if isinstance(each, ComparedRun):
                    found.append(read_on(each))
                else:
                    found.append(read_compared(each.path, each.name, at_hand))
            except MicrogptError as error:
                problem = str(error)
        paths = tuple(each.path for each in asked)
        self.post_message(self.ComparedRead(paths, at_hand, tuple(found), problem))

    @on(ComparedRead)
    def _take_compared(self, event: ComparedRead) -> None:
        if event.at_hand is not self._run_info:
            return  # which was left meanwhile
        known = {run.path: run for run in (*self.compared, *event.runs)}
        failed = set(event.asked) - {run.path for run in event.runs}  # only asked for a path
        self._to_read = tuple(run for run in self._to_read if run.path not in failed)
        self.compared = tuple(known[path] for path in self._paths if path in known)
        if event.problem:
            self.notify(event.problem, title="not compared", severity="error", markup=False)
        self.show_run()
