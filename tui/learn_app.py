"""The app of `microgpt-tui learn`: the modes, on the runs that lessons look at."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from microgpt import Training, TrainingConfig, load_corpus
from microgpt.errors import MicrogptError
from microgpt.runs import RunRecorder
from tui.app import MicrogptApp
from tui.lessons import LESSONS
from tui.lessons.guide import Guide
from tui.lessons.lesson import Course
from tui.lessons.progress import Progress, save

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

    def __init__(self, progress: Progress, at: str = "") -> None:
        """Begins with a lesson.

        Args:
            progress: what was done before.
            at: the lesson's name; without it, the first that is not done.
        """
        guide = Guide(LESSONS, "lesson", progress.done, at)
        self._course = guide.lesson.course
        super().__init__(training_of(self._course))
        self.guide = guide
        self._progress = progress
        self._runs = TemporaryDirectory(prefix="microgpt-learn-", ignore_cleanup_errors=True)
        self._n_runs = 0

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
        """Goes over to the run that it looks at."""
        assert self.guide is not None
        course = self.guide.lesson.course
        if course == self._course:
            return
        self._course = course
        training = training_of(course)
        self._n_runs += 1
        path = Path(self._runs.name) / f"{course}-{self._n_runs}.run"
        self.go_over_to(training, RunRecorder.create(path, training))
