"""`Guide`: where a person stands in the lessons or the tour. Knows no widget and no file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.lessons.lesson import Lesson, Situation, TaskVerdict


@dataclass(frozen=True, slots=True)
class GuidePage:
    """What is to be read at a moment."""

    title: str
    task: str
    hint: str  # the last one asked for, `""` before any is
    said: str  # what the check has said, `""` if nothing
    is_done: bool


class Guide:
    """Lessons one after another, each with its hints and what its check says.

    Args:
        lessons: in their order.
        what: what one of them is called: `"lesson"`.
        done: names of those that were done before.
        at: name of the one to begin with; without it the first that is not done.
    """

    def __init__(
        self, lessons: Sequence[Lesson], what: str, done: Iterable[str] = (), at: str = ""
    ) -> None:
        self.lessons = tuple(lessons)
        self.what = what
        self.done: dict[str, None] = dict.fromkeys(done)  # in their order
        names = [lesson.name for lesson in self.lessons]
        first_open = next((i for i, name in enumerate(names) if name not in self.done), 0)
        self.index = names.index(at) if at in names else first_open
        self._verdict = TaskVerdict(is_done=False)
        self.n_hints = 0  # of the lesson at hand, how many were asked for

    @property
    def lesson(self) -> Lesson:
        """The one at hand."""
        return self.lessons[self.index]

    @property
    def is_done(self) -> bool:
        """Whether the one at hand is, now or long ago."""
        return self.lesson.name in self.done

    def go(self, by: int) -> bool:
        """To another lesson; False if there is none there."""
        index = self.index + by
        if not 0 <= index < len(self.lessons):
            return False
        self.index, self.n_hints, self._verdict = index, 0, TaskVerdict(is_done=False)
        return True

    def hint(self) -> bool:
        """One hint more; after the last, none. False if there are none."""
        n = len(self.lesson.hints)
        self.n_hints = (self.n_hints + 1) % (n + 1)
        return bool(n)

    def look(self, situation: Situation) -> bool:
        """Whether what is to be read has changed, with where the person stands now.

        What waits for an answer is not looked at, and what is done stays done.
        """
        lesson = self.lesson
        if lesson.waits_for_answer or self._verdict.is_done:
            return False
        return self.take(lesson, lesson.check(situation))

    def take(self, lesson: Lesson, verdict: TaskVerdict) -> bool:
        """What the check of a lesson says; whether what is to be read changes by it."""
        if verdict.is_done:
            self.done[lesson.name] = None
        if lesson is not self.lesson or verdict == self._verdict:
            return False
        self._verdict = verdict
        return True

    @property
    def page(self) -> GuidePage:
        """What is to be read now."""
        lesson = self.lesson
        hint = ""
        if self.n_hints:
            hint = f"hint {self.n_hints} of {len(lesson.hints)}: {lesson.hints[self.n_hints - 1]}"
        title = f"{self.what} {self.index + 1} of {len(self.lessons)} · {lesson.title}"
        return GuidePage(title, lesson.task, hint, self._verdict.said, self.is_done)
