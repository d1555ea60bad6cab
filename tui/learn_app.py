"""The app of `microgpt-tui learn`: the modes, on the runs that lessons look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from microgpt import Training, TrainingConfig, load_corpus
from microgpt.errors import MicrogptError
from microgpt.files import write_atomically
from microgpt.runs import RunRecorder
from tui.app import MicrogptApp
from tui.lessons import LESSONS
from tui.lessons.guide import Guide
from tui.lessons.lesson import Course, Situation
from tui.lessons.progress import LessonProgress, save

SEED = 1
"""With it the heads of the default model come to differ in what they read."""


def training_of(course: Course) -> Training:
    """The run of a course, before its first step: the default model on names."""
    config = TrainingConfig(seed=SEED)
    if course == "diverging":
        config = TrainingConfig(seed=SEED, lr=0.3)
    return Training(load_corpus("names"), engine="numpy", config=config)


class LearnApp(MicrogptApp):
    """Has a lesson beside its modes, and keeps which were done."""

    def __init__(self, progress: LessonProgress, at: str = "", folder: Path | None = None) -> None:
        """Begins with a lesson.

        Args:
            progress: what was done before.
            at: the lesson's name; without it, the first that is not done.
            folder: where files of lessons go, and exports.
        """
        guide = Guide(LESSONS, "lesson", progress.done, at)
        self._course: Course = guide.lesson.course or "trained"
        super().__init__(training_of(self._course), folder)
        self._file: Path | None = None  # of the lesson at hand
        self.guide = guide
        self._progress = progress
        self._runs = TemporaryDirectory(prefix="microgpt-learn-", ignore_cleanup_errors=True)
        self._n_runs = 0

    def on_mount(self) -> None:
        """The first lesson may need a file."""
        self._write_file()

    def on_unmount(self) -> None:
        """Runs go with the app."""
        self._runs.cleanup()

    def lesson_done(self, name: str) -> None:
        """It is kept at once."""
        self._progress = self._progress.with_done(name)
        try:
            save(self._progress)
        except MicrogptError as error:
            self.notify(str(error), title="progress not kept", severity="error", markup=False)

    def lesson_begins(self) -> None:
        """Goes over to the run that it looks at, and writes the file that it needs."""
        assert self.guide is not None
        self._write_file()
        course = self.guide.lesson.course
        if course in ("", self._course):
            return
        self._course = course
        training = training_of(course)
        self._n_runs += 1
        path = Path(self._runs.name) / f"{course}-{self._n_runs}.run"
        self.go_over_to(training, RunRecorder.create(path, training))

    def _write_file(self) -> None:
        """What a person has begun to mend stays as it is."""
        assert self.guide is not None
        lesson = self.guide.lesson
        self._file = self._folder / lesson.file_name if lesson.file_name else None
        if self._file is None or self._file.exists():
            return
        try:
            write_atomically(self._file, lesson.file_text.encode())
        except MicrogptError as error:
            self.notify(str(error), title="no file", severity="error", markup=False)

    def situation(self) -> Situation:
        """What is on screen, and the lesson's file."""
        return replace(super().situation(), file=str(self._file) if self._file else "")
